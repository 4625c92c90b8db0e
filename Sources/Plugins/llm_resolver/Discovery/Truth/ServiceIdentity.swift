// What stays the same of a service while its port, its process and its addresses change.

enum ServiceIdentity: Hashable, Sendable {
    case process(Process)
    case container(Container)

    /// A program that somebody starts in a directory, again and again.
    struct Process: Hashable, Sendable {
        var workingDirectory: String?
        /// nil when only the directory is known, or a pattern.
        var signature: CommandSignature?
        /// The operator's own, instead of a signature; see `DiscoverySnapshot.locate`.
        var pattern: String?
        var executable: String?
        /// The port that is meant while the process has it.
        var port: UInt16
        /// Ports of the same process that are not meant.
        var otherPorts: [UInt16] = []
        /// The very process that was seen last.
        var processID: Int32?
        var startTime: UInt64?
    }

    struct Container: Hashable, Sendable {
        var name: String
        /// Inside the container.
        var port: UInt16
        var composeProject: String?
        var composeService: String?
        var composeNumber: String?
    }

    /// What a mapping remembers of a process; `arguments` is the candidate's.
    static func process(
        workingDirectory: String?, arguments: String?, pattern: String? = nil, port: UInt16
    ) -> ServiceIdentity {
        .process(
            Process(
                workingDirectory: workingDirectory,
                signature: arguments.map(CommandSignature.init), pattern: pattern, port: port))
    }

    static func container(name: String, port: UInt16) -> ServiceIdentity {
        .container(Container(name: name, port: port))
    }
}
