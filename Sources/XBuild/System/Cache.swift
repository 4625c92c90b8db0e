// Where xbuild keeps what it has built and fetched.
import Commands

private import Glibc

/// A folder of results by content and of work in progress; one xbuild uses it at a time.
final class Cache {
    let folder: String
    private let descriptor: Int32

    /// - Parameter option: `--cache`, else `XBUILD_CACHE`, else beside other caches of the user.
    init(option: String?) throws(BuildError) {
        folder = Paths.absolute(Self.place(option))
        let path = "\(folder)/lock"
        try withFiles { [folder] () throws(FilesError) in try Folders.make(folder) }
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw BuildError(FilesError(path, number: errno)) }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            Progress.say("waiting for another xbuild that uses \(folder)")
            while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                try Interruption.check()
                usleep(50_000)
            }
        }
    }

    deinit { close(descriptor) }

    /// The folder for a finished result; it is complete when it exists.
    func result(_ name: String, _ key: String) -> String {
        "\(folder)/built/\(name)-\(key.prefix(32))"
    }

    /// The folder in which a tool keeps what makes its next build faster.
    func scratch(_ name: String, _ key: String) -> String {
        "\(folder)/scratch/\(name)-\(key.prefix(16))"
    }

    private static func place(_ option: String?) -> String {
        if let chosen = option ?? ProcessEnvironment.value("XBUILD_CACHE") { return chosen }
        if let caches = ProcessEnvironment.value("XDG_CACHE_HOME") {
            return "\(caches)/gatewright/xbuild"
        }
        return "\(ProcessEnvironment.value("HOME") ?? "/tmp")/.cache/gatewright/xbuild"
    }
}
