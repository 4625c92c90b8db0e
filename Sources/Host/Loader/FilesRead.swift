// Files that a configuration is made from beside its own text: keys, certificates, authorities.
package import Base
private import Synchronization

/// What was read since `begin`, and what it said: for `--watch`, and for instances, which are not
/// carried over when a file of theirs has changed. Control thread only.
package enum FilesRead {
    private static let noted = Mutex<[String: FileDigest]>([:])

    /// Another configuration is about to be made.
    package static func begin() { noted.withLock { $0 = [:] } }

    package static var sinceBegin: [String: FileDigest] { noted.withLock { $0 } }

    /// A file is about to be read, for the instance that is being made if there is one. A change
    /// between the two is taken for one that came later.
    package static func note(_ path: String, for scope: PluginScope? = nil) {
        let digest = FileDigest(ofFile: path)
        noted.withLock { noted in
            if noted[path] == nil { noted[path] = digest }
        }
        (scope ?? PluginScope.running)?.noteFile(path, digest)
    }
}
