// A mapping as a member of the cache file and of the API.
import PluginSDK

extension Mapping {
    /// What is ours alone stands in this member, so that older programs pass over it.
    private static let ownMember = "gatewright"

    /// - Throws: What is wrong, for the log.
    init(_ value: JSONValue) throws(PluginError) {
        guard case .object(var members) = value else {
            throw PluginError("is \(value.kind), expected an object")
        }
        guard let kind = members.take("type")?.string.flatMap({ Kind(rawValue: $0) }) else {
            throw PluginError("type is neither process nor docker")
        }
        guard let target = members.take("target")?.string, !target.isEmpty else {
            throw PluginError("target is no text")
        }
        guard case .int(let number)? = members.take("port"),
            let port = UInt16(exactly: number), port > 0
        else { throw PluginError("port is no number from 1 to 65535") }
        self.kind = kind
        self.target = target
        self.port = port
        createdAt = members.take("createdAt")?.string.flatMap(UTCTime.seconds) ?? 0
        reason = members.take("llmReason")?.string ?? ""
        let own = members.take(Self.ownMember)?.object ?? [:]
        decidedBy = own["by"]?.string ?? ""
        if case .bool(true)? = own["pinned"] { isPinned = true }
        if let identifier = members.take("processIdentifier")?.object,
            let directory = identifier["workdir"]?.string, !directory.isEmpty
        {
            identity = Identity(
                workingDirectory: directory,
                commandPattern: identifier["commandPattern"]?.string,
                command: own["command"]?.string, arguments: own["arguments"]?.string)
        }
        others = members
    }

    var json: JSONValue {
        var members = others
        members["type"] = .string(kind.rawValue)
        members["target"] = .string(target)
        members["port"] = .int(Int64(port))
        members["createdAt"] = .string(UTCTime.text(createdAt))
        members["llmReason"] = .string(reason)
        if let identity {
            members["processIdentifier"] = .members([
                "workdir": .string(identity.workingDirectory),
                "commandPattern": identity.commandPattern.map { .string($0) },
            ])
        }
        let own = JSONValue.members([
            "by": .string(decidedBy), "pinned": .bool(isPinned),
            "command": identity?.command.map { .string($0) },
            "arguments": identity?.arguments.map { .string($0) },
        ])
        if !own.isEmpty { members[Self.ownMember] = own }
        return .object(members)
    }
}

extension JSONValue {
    init(parsing bytes: [UInt8]) throws(PluginError) {
        self = try bytes.span.bytes.withUnsafeBytes { (bytes) throws(PluginError) in
            try JSONValue(parsing: Bytes(bytes))
        }
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }
    var object: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }
    var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}

extension [String: JSONValue] {
    /// Removes a member; null counts as absent.
    mutating func take(_ name: String) -> JSONValue? {
        guard let value = removeValue(forKey: name), value != .null else { return nil }
        return value
    }
}
