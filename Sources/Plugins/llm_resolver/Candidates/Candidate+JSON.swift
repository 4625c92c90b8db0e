// Candidates and decisions as JSON: what "POST /_api/resolve" reads and answers.
import PluginSDK

/// Why a JSON value is no candidate.
struct CandidateError: Error, Hashable {
    /// Lower case, names the member.
    var message: String
}

extension Candidate {
    /// Reads an object; members it does not know are ignored.
    init(json: JSONValue) throws(CandidateError) {
        guard case .object(let members) = json else {
            throw CandidateError(message: "a candidate is an object, not \(json.kind)")
        }
        let reader = MemberReader(members: members)
        id = try reader.text("id")
        guard let kind = Kind(rawValue: try reader.text("kind")) else {
            throw CandidateError(message: "\"kind\" is neither \"process\" nor \"container\"")
        }
        self.kind = kind
        port = try reader.port("port")
        bind = try reader.optionalText("bind")
        command = try reader.optionalText("command")
        arguments = try reader.optionalText("args")
        workingDirectory = try reader.optionalText("workdir")
        packageName = try reader.optionalText("package_name")
        container = kind == .container ? try Container(reader) : nil
    }

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(id), "kind": .string(kind.rawValue), "port": .int(Int64(port)),
            "bind": .orNull(bind), "command": .orNull(command), "args": .orNull(arguments),
            "workdir": .orNull(workingDirectory),
        ]
        if let packageName { members["package_name"] = .string(packageName) }
        if let container { members.merge(container.members) { _, last in last } }
        return .object(members)
    }
}

extension Candidate.Container {
    fileprivate init(_ reader: MemberReader) throws(CandidateError) {
        name = try reader.text("name")
        image = try reader.text("image")
        composeProject = try reader.optionalText("compose_project")
        composeService = try reader.optionalText("compose_service")
        for entry in try reader.list("published_ports") {
            guard case .object(let members) = entry else {
                throw CandidateError(message: "a published port is an object")
            }
            let reader = MemberReader(members: members)
            publishedPorts.append(
                Candidate.PublishedPort(
                    container: try reader.port("container"), host: try reader.port("host"),
                    address: try reader.optionalText("ip") ?? ""))
        }
        for entry in try reader.list("exposed_ports") {
            exposedPorts.append(try MemberReader.port(entry, "exposed_ports"))
        }
        for (name, value) in try reader.object("labels") {
            guard case .string(let text) = value else {
                throw CandidateError(message: "the label \"\(name)\" is no text")
            }
            labels[name] = text
        }
    }

    fileprivate var members: [String: JSONValue] {
        [
            "name": .string(name), "image": .string(image),
            "compose_project": .orNull(composeProject), "compose_service": .orNull(composeService),
            "published_ports": .array(
                publishedPorts.map { port in
                    [
                        "container": .int(Int64(port.container)), "host": .int(Int64(port.host)),
                        "ip": .string(port.address),
                    ]
                }),
            "exposed_ports": .array(exposedPorts.map { .int(Int64($0)) }),
            "labels": .object(labels.mapValues(JSONValue.string)),
        ]
    }
}

extension Decision {
    /// `{"decision": {"id": …} or null, "by": …, "reason": …}`
    var json: JSONValue {
        [
            "decision": candidate.map { ["id": .string($0)] } ?? .null,
            "by": .string(by), "reason": .string(reason),
        ]
    }
}

extension JSONValue {
    fileprivate static func orNull(_ text: String?) -> JSONValue {
        text.map(JSONValue.string) ?? .null
    }
}

/// Members of one object, each read as the type it must have.
private struct MemberReader {
    let members: [String: JSONValue]

    func optionalText(_ name: String) throws(CandidateError) -> String? {
        switch members[name] {
        case nil, .null: return nil
        case .string(let text): return text
        default: throw CandidateError(message: "\"\(name)\" is no text")
        }
    }

    func text(_ name: String) throws(CandidateError) -> String {
        guard let text = try optionalText(name) else {
            throw CandidateError(message: "\"\(name)\" is missing")
        }
        return text
    }

    func list(_ name: String) throws(CandidateError) -> [JSONValue] {
        switch members[name] {
        case nil, .null: return []
        case .array(let values): return values
        default: throw CandidateError(message: "\"\(name)\" is no list")
        }
    }

    func object(_ name: String) throws(CandidateError) -> [String: JSONValue] {
        switch members[name] {
        case nil, .null: return [:]
        case .object(let object): return object
        default: throw CandidateError(message: "\"\(name)\" is no object")
        }
    }

    func port(_ name: String) throws(CandidateError) -> UInt16 {
        try Self.port(members[name] ?? .null, name)
    }

    static func port(_ value: JSONValue, _ name: String) throws(CandidateError) -> UInt16 {
        guard case .int(let number) = value, let port = UInt16(exactly: number), port > 0 else {
            throw CandidateError(message: "\"\(name)\" is no port, 1 to 65535")
        }
        return port
    }
}
