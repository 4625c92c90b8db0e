// What a name was resolved to: the unit of the cache file.
import PluginSDK

/// One name and what answers it. Follows a process or container by what it is, not by its port.
struct Mapping: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable {
        case process
        case docker
    }

    /// Tells a process from others, when it was started again and on another port, too.
    struct Identity: Hashable, Sendable {
        var workingDirectory: String
        /// The operator's own: a text, with `.*` for what may differ, of the command or its
        /// arguments.
        var commandPattern: String?
        /// As it was when the mapping was made.
        var command: String?
        var arguments: String?
    }

    var kind: Kind
    /// The name of the container; "localhost" for processes.
    var target: String
    /// A process's last known port; the port inside a container.
    var port: UInt16
    /// Seconds since 1970.
    var createdAt: Int64
    /// For people. Never sent to a model again.
    var reason: String
    var identity: Identity?
    /// The step that decided: "name", "model", "manual".
    var decidedBy = ""
    /// Stays until somebody deletes it, whatever a later decision would be.
    var isPinned = false
    /// Members that this program does not know, kept as they are.
    var others: [String: JSONValue] = [:]

    /// Made by a person: followed, and never decided anew.
    var isManual: Bool { isPinned || decidedBy == "manual" || reason == Self.manualReason }

    static let manualReason = "Manually edited"
}
