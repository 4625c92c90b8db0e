// A mapping as a person gives it, checked before it is kept.
import PluginSDK

/// The body of `PUT /_api/mappings/{key}`.
struct MappingEdit {
    private static let textByteCountMax = 4096
    private var members: [String: JSONValue]
    private(set) var problems: [String: String] = [:]

    /// - Throws: The reply, when the body is no JSON object.
    init(_ body: [UInt8]) throws(EditError) {
        guard let value = try? JSONValue(parsing: body), case .object(let members) = value else {
            throw EditError(reply: .text(400, "Invalid JSON"))
        }
        self.members = members
    }

    /// Whoever listens now gives the identity that the body does not: a mapping without one could
    /// not follow its process.
    ///
    /// - Throws: 422 with what is wrong, member by member.
    mutating func mapping(
        key: String, rules: HostRules, policy: OfferPolicy, offered: [Candidate], now: Int64
    ) throws(EditError) -> Mapping {
        if let problem = MappingKey.problem(key, rules) { problems["key"] = problem }
        var mapping =
            if let chosen = chosen(offered, now) { chosen } else { given(policy, now) }
        if mapping.kind == .process, mapping.identity == nil {
            let neighbour = offered.first { $0.kind == .process && $0.port == mapping.port }
            mapping.identity = neighbour.flatMap(Placement.identity)
        }
        if case .bool(let isPinned)? = members["pinned"] { mapping.isPinned = isPinned }
        guard problems.isEmpty else {
            throw EditError(
                reply: .error(
                    422, "invalid_mapping", "the mapping was not kept", fields: problems))
        }
        return mapping
    }

    /// The candidate that the body names by its id.
    private mutating func chosen(
        _ offered: [Candidate], _ now: Int64
    ) -> Mapping? {
        guard let id = members["candidate"], id != .null else { return nil }
        guard let candidate = offered.first(where: { .string($0.id) == id }) else {
            problems["candidate"] = "is none of those that are offered"
            return Mapping(kind: .process, target: "-", port: 1, createdAt: now, reason: "")
        }
        return Placement.mapping(
            to: candidate,
            decision: Decision(candidate: candidate.id, by: "manual", reason: Mapping.manualReason),
            at: now)
    }

    private mutating func given(_ policy: OfferPolicy, _ now: Int64) -> Mapping {
        let kind = members["type"]?.string.flatMap { Mapping.Kind(rawValue: $0) }
        if kind == nil { problems["type"] = "expected process or docker" }
        var port: UInt16 = 0
        if case .int(let number)? = members["port"], let exact = UInt16(exactly: number), exact > 0
        {
            port = exact
            if policy.deniedPorts.contains(exact) { problems["port"] = "is in deny_ports" }
        } else {
            problems["port"] = "expected a number from 1 to 65535"
        }
        let target = text("target", members["target"]) ?? ""
        var mapping = Mapping(
            kind: kind ?? .process, target: target, port: port, createdAt: now,
            reason: Mapping.manualReason)
        mapping.decidedBy = "manual"
        mapping.identity = identity()
        if kind == .docker, !Self.isContainerName(target) {
            problems["target"] = "expected the name of a container"
        }
        if mapping.kind == .process, mapping.identity == nil, target.hasPrefix("/") {
            mapping.identity = Mapping.Identity(workingDirectory: target)
        }
        return mapping
    }

    private mutating func identity() -> Mapping.Identity? {
        guard let value = members["processIdentifier"], value != .null else { return nil }
        guard let identifier = value.object else {
            problems["processIdentifier"] = "expected an object"
            return nil
        }
        let name = "processIdentifier.workdir"
        guard let directory = text(name, identifier["workdir"]) else { return nil }
        if !directory.hasPrefix("/") { problems[name] = "expected a path from the root" }
        var identity = Mapping.Identity(workingDirectory: directory)
        if let pattern = identifier["commandPattern"], pattern != .null {
            identity.commandPattern = text("processIdentifier.commandPattern", pattern)
        }
        return identity
    }

    private mutating func text(_ name: String, _ value: JSONValue?) -> String? {
        guard let text = value?.string, !text.isEmpty,
            text.utf8.count <= Self.textByteCountMax,
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            problems[name] = "expected a text without control characters"
            return nil
        }
        return text
    }

    private static func isContainerName(_ text: String) -> Bool {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        return isAllowed && !text.isEmpty && text.utf8.first != UInt8(ascii: "-")
    }
}

struct EditError: Error {
    let reply: Reply
}

/// Keys of mappings: a host, or host:service.
enum MappingKey {
    static let serviceByteCountMax = 63

    /// nil when all is well.
    static func problem(_ key: String, _ rules: HostRules) -> String? {
        let parts = key.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, isHost(String(parts[0]), rules) else {
            return "expected a host with an allowed suffix, or host:service"
        }
        guard parts.count == 1 || isService(parts[1].utf8) else {
            return "expected a service of letters, digits, dots and hyphens"
        }
        return nil
    }

    private static func isHost(_ text: String, _ rules: HostRules) -> Bool {
        text.withBytes { bytes in
            guard let host = RequestHost(bytes.span), host.text == text else { return false }
            return rules.role(of: host) == .service
        }
    }

    static func isService(_ text: some Collection<UInt8>) -> Bool {
        (1...serviceByteCountMax).contains(text.count)
            && text.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }
}
