// A running container as its engine describes it, reduced to what is needed here.

struct ContainerRecord: Hashable, Sendable {
    enum NetworkMode: Hashable, Sendable {
        case own
        case host
        case none
        /// Uses the network of the container with that id.
        case container(String)
    }

    /// One network that it is in.
    struct Network: Hashable, Sendable {
        var name: String
        var addresses: [IPAddress]
    }

    var id: String
    /// Without the leading slash.
    var name: String
    var image: String
    var command: String?
    var arguments: String?
    var imageDirectory: String?
    var labels: [String: String] = [:]
    var isPaused = false
    /// Its first process, as the engine's machine numbers it; 0 when unknown.
    var processID: Int32 = 0
    var mode = NetworkMode.own
    /// By name.
    var networks: [Network] = []
    /// TCP ports, published or not, in order.
    var ports: [UInt16] = []
    var published: [Candidate.PublishedPort] = []
    /// Where published ports are when the engine is on another machine; nil for this one.
    var engineHost: IPAddress?

    var shortID: String { String(id.prefix(12)) }
    var composeProject: String? { labels["com.docker.compose.project"] }
    var composeService: String? { labels["com.docker.compose.service"] }
    var workingDirectory: String? {
        labels["com.docker.compose.project.working_dir"] ?? imageDirectory
    }
    var isOneOff: Bool {
        labels["com.docker.compose.oneoff"]?.lowercased() == "true"
    }
}
