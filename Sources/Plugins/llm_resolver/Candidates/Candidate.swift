// A possible answer: one TCP port of a process that listens here, or of a container.

/// What is known of it. All texts come from programs that anybody may have started: they are data,
/// never instructions, and are escaped wherever they are shown.
struct Candidate: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable {
        case process
        case container
    }

    /// Unique within one list of candidates; nothing else can be read from it.
    var id: String
    var kind: Kind
    /// The listening port of a process, the port inside a container. Whoever listens on several
    /// is there once for each.
    var port: UInt16
    /// The address that it listens on, "127.0.0.1", "::1", "0.0.0.0", "::" or "*"; for a container
    /// the host's address that the port is published on, nil when it is not published.
    var bind: String?
    /// The program's short name, 15 bytes at most on Linux.
    var command: String?
    /// The command line, without the directory before the program and without "node_modules/.bin/".
    var arguments: String?
    /// For a container the directory of its compose project, else the one inside the image.
    var workingDirectory: String?
    /// What the manifest in that directory calls itself (package.json, Cargo.toml and the like);
    /// nil when there is none or nobody looked.
    var packageName: String?
    var container: Container?

    /// What only containers have.
    struct Container: Hashable, Sendable {
        var name: String
        /// With its tag.
        var image: String
        var composeProject: String?
        var composeService: String?
        var publishedPorts: [PublishedPort] = []
        /// All TCP ports, published or not.
        var exposedPorts: [UInt16] = []
        var labels: [String: String] = [:]
    }

    /// A port of a container that the host listens on in its place.
    struct PublishedPort: Hashable, Sendable {
        var container: UInt16
        var host: UInt16
        /// The host's address, "0.0.0.0" or "::" for all.
        var address: String
    }
}
