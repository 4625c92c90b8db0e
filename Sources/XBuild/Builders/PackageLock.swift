// Cargo.lock, Package.resolved: the tools write one into sources whose author keeps none.
import Commands

/// Such a file is put aside after the build: the folder stays as its author left it, and the next
/// build of the same sources takes the same packages.
struct PackageLock {
    private let file: String
    private let kept: String
    /// Then it is a source like others, and the build has to obey it.
    let isAuthors: Bool

    init(_ name: String, of folder: String, scratch: String) {
        file = "\(folder)/\(name)"
        kept = "\(scratch)/\(name)"
        isAuthors = Folders.isFile(file)
    }

    func around(_ build: () throws(BuildError) -> Void) throws(BuildError) {
        if isAuthors { return try build() }
        if Folders.isFile(kept) {
            try withFiles { () throws(FilesError) in
                try Folders.copy(kept, to: file, mode: 0o644)
            }
        }
        defer { putAside() }
        try build()
    }

    private func putAside() {
        guard Folders.isFile(file) else { return }
        try? Folders.copy(file, to: kept, mode: 0o644)
        Folders.remove(file)
    }
}
