// Why something that listens is hardly what anybody means. Marked ones are shown, with the reason.

struct Marks: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    /// The gateway itself.
    static let own = Marks(rawValue: 1 << 0)
    /// Nobody would know whom the requests reach.
    static let ownerUnknown = Marks(rawValue: 1 << 1)
    /// Several programs accept connections in turn.
    static let sharedPort = Marks(rawValue: 1 << 2)
    /// Stands in for a container, which is a candidate of its own.
    static let containerHelper = Marks(rawValue: 1 << 3)
    /// Runs in a container on the host's network; the container is the candidate.
    static let insideContainer = Marks(rawValue: 1 << 4)
    /// No address leads to it from here.
    static let unreachable = Marks(rawValue: 1 << 5)
    static let lowPort = Marks(rawValue: 1 << 6)
    static let system = Marks(rawValue: 1 << 7)
    static let editor = Marks(rawValue: 1 << 8)
    static let desktop = Marks(rawValue: 1 << 9)
    static let debugger = Marks(rawValue: 1 << 10)
    static let temporaryPort = Marks(rawValue: 1 << 11)
    static let oneOff = Marks(rawValue: 1 << 12)
    static let paused = Marks(rawValue: 1 << 13)

    /// With these nothing is ever offered, whatever the operator wishes.
    static let never: Marks = [
        .own, .sharedPort, .containerHelper, .insideContainer, .unreachable,
    ]
    /// Hidden unless the operator wishes otherwise.
    static let usual: Marks = [
        .never, .ownerUnknown, .lowPort, .system, .editor, .desktop, .debugger, .temporaryPort,
        .oneOff, .paused,
    ]

    private static let known: [(mark: Marks, name: String, reason: String)] = [
        (.own, "own", "this gateway listens there itself"),
        (.ownerUnknown, "owner_unknown", "its process belongs to another user"),
        (.sharedPort, "shared_port", "different programs share the port"),
        (.containerHelper, "container_helper", "it passes connections on to a container"),
        (.insideContainer, "inside_container", "it is listed as a container"),
        (.unreachable, "unreachable", "no published port, and no network that this host shares"),
        (.lowPort, "low_port", "its port is below 1024"),
        (.system, "system", "it is a service of the system"),
        (.editor, "editor", "it is a helper of an editor"),
        (.desktop, "desktop", "it is an application of the desktop"),
        (.debugger, "debugger", "it is the port of a debugger"),
        (.temporaryPort, "temporary_port", "it is a temporary port beside another one"),
        (.oneOff, "one_off", "it is a one-off container"),
        (.paused, "paused", "the container is paused"),
    ]

    /// The mark that a configuration names.
    init?(named name: String) {
        guard let known = Self.known.first(where: { $0.name == name }) else { return nil }
        self = known.mark
    }

    init(rawValue: UInt32) { self.rawValue = rawValue }

    static var names: [String] { known.map(\.name) }

    var names: [String] { Self.known.filter { contains($0.mark) }.map(\.name) }

    /// For people, most important first.
    var reasons: [String] { Self.known.filter { contains($0.mark) }.map(\.reason) }
}
