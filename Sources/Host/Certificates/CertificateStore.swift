// Certificates and keys on disk, safe against crashes and a second process.
import Base

/// A folder of private files. Paths are relative to it and come from the gateway, not from users.
package struct CertificateStore: Sendable {
    /// Absolute.
    package let directory: String

    /// Uses `directory`, made with mode 0700 when it is missing.
    package init(directory: String) throws(CertificateError) {
        self.directory = directory
        try PrivateFiles.makeDirectory(directory)
    }

    /// `$XDG_DATA_HOME/gatewright`, `~/.local/share/gatewright`, or on macOS
    /// `~/Library/Application Support/Gatewright`; nil when no home is known.
    package static func defaultDirectory(environment: [String: String]) -> String? {
        // A relative path is to be ignored (XDG Base Directory Specification).
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            return data + "/gatewright"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        #if os(macOS)
        return home + "/Library/Application Support/Gatewright"
        #else
        return home + "/.local/share/gatewright"
        #endif
    }

    /// A file's bytes, nil when there is none.
    package func read(_ path: String) throws(CertificateError) -> [UInt8]? {
        try PrivateFiles.read(absolute(path))
    }

    /// Replaces a file in one step; after a crash there is the old one or the new one. Mode 0600.
    package func write(_ bytes: [UInt8], to path: String) throws(CertificateError) {
        let parts = path.split(separator: "/").dropLast()
        var folder = directory
        for part in parts {
            folder += "/" + part
            try PrivateFiles.makeDirectory(folder)
        }
        try PrivateFiles.replace(absolute(path), with: bytes)
    }

    /// Names of the files in a folder, unsorted; empty when there is no such folder.
    package func list(_ folder: String) throws(CertificateError) -> [String] {
        try PrivateFiles.list(absolute(folder))
    }

    /// Removes a file, if there is one.
    package func remove(_ path: String) throws(CertificateError) {
        try PrivateFiles.remove(absolute(path))
    }

    /// Renames a file that cannot be used to `<name>.corrupt-<now>`.
    ///
    /// - Returns: The absolute new path for the report, nil when there was no file.
    package func setAside(_ path: String, now: Int64) throws(CertificateError) -> String? {
        let kept = "\(absolute(path)).corrupt-\(now)"
        return try PrivateFiles.rename(absolute(path), to: kept) ? kept : nil
    }

    /// Runs `body` while no other process or thread is in here with the same folder. It does not
    /// nest.
    package func withLock<Result>(
        _ body: () throws(CertificateError) -> Result
    ) throws(CertificateError) -> Result {
        let descriptor = try PrivateFiles.lock(absolute(".lock"))
        defer { PrivateFiles.unlock(descriptor) }
        return try body()
    }

    private func absolute(_ path: String) -> String { "\(directory)/\(path)" }
}
