// Names that become small integers while a configuration is compiled: variables, captures, groups.

/// Asks the plugins for a placeholder by its name without braces.
package typealias PlaceholderFinder = (
    _ name: String, _ location: String
) throws(RoutingError) -> PluginPlaceholder?

/// Gives out the numbers. Control plane only, one per process: numbers are never reused, so a
/// module instance that lives through a reload keeps the ones it has.
package final class NameRegistry {
    /// Id of a field name, 0 when it has none (`gw_host_http.field_id`).
    package let internFieldName: (String) -> UInt16
    package let environment: (String) -> String?
    /// The contents of a file, nil when it cannot be read.
    package let readFile: (String) -> [UInt8]?
    package let regexEngine: RegexEngine?
    /// What `{system.hostname}` and `{system.wd}` give.
    package let hostname: String
    package let workingDirectory: String

    /// Finds a placeholder among the plugins' of the generation that is being built.
    package var findPlaceholder: PlaceholderFinder?
    /// How often something compiled so far depends on a plugin's answer.
    private(set) var pluginUses = 0

    private var slots: [String: UInt32] = [:]
    private var captures: [String: UInt32] = ["": 0]
    private var groups: [String: UInt32] = [:]

    /// Placeholder of the authenticated user; always slot 1.
    package static let userIDSlot: UInt32 = 1

    package init(
        internFieldName: @escaping (String) -> UInt16,
        environment: @escaping (String) -> String? = { _ in nil },
        readFile: @escaping (String) -> [UInt8]? = { _ in nil },
        regexEngine: RegexEngine? = nil, hostname: String = "", workingDirectory: String = ""
    ) {
        self.internFieldName = internFieldName
        self.environment = environment
        self.readFile = readFile
        self.regexEngine = regexEngine
        self.hostname = hostname
        self.workingDirectory = workingDirectory
        slots["http.auth.user.id"] = Self.userIDSlot
    }

    /// Slot of the request variable `{http.vars.NAME}`; never 0.
    package func variable(_ name: String) -> UInt32 { slot("http.vars.\(name)") }

    /// Slot of a placeholder by its full name; never 0.
    package func slot(_ placeholder: String) -> UInt32 {
        if let slot = slots[placeholder] { return slot }
        let slot = UInt32(slots.count + 1)
        slots[placeholder] = slot
        return slot
    }

    /// The plugin's placeholder of that name, nil when there is none.
    func pluginPlaceholder(
        _ name: String, at location: String
    ) throws(RoutingError) -> PluginPlaceholder? {
        guard let found = try findPlaceholder?(name, location) else { return nil }
        pluginUses += 1
        return found
    }

    func notePluginUse() { pluginUses += 1 }

    /// Number of a named regular expression; 0 is the last one that matched, whatever its name.
    func capture(_ name: String) -> UInt32 { Self.number(name, in: &captures) }

    /// Number of a route group. Names mean the same group everywhere in one server.
    func group(_ name: String) -> UInt32 { Self.number(name, in: &groups) }

    private static func number(_ name: String, in table: inout [String: UInt32]) -> UInt32 {
        if let number = table[name] { return number }
        let number = UInt32(table.count)
        table[name] = number
        return number
    }

    /// What workers need of it, as of now.
    package func snapshot() -> NameTable {
        NameTable(slots: slots, captureCount: captures.count, groupCount: groups.count)
    }
}

/// Immutable counts and placeholder names of one generation; shared by the workers.
package final class NameTable: Sendable {
    package let slotCount: Int
    package let captureCount: Int
    package let groupCount: Int
    private let index: ByteIndex
    private let slotOfEntry: [UInt32]

    init(slots: [String: UInt32], captureCount: Int, groupCount: Int) {
        let names = slots.sorted { $0.value < $1.value }
        slotCount = slots.count + 1
        self.captureCount = captureCount
        self.groupCount = groupCount
        index = ByteIndex(names.map { Array($0.key.utf8) })
        slotOfEntry = names.map(\.value)
    }

    /// Slot of a placeholder, nil when nothing in the configuration asks for that name.
    package func slot(_ placeholder: Bytes) -> UInt32? {
        index.find(placeholder).map { slotOfEntry[$0] }
    }
}
