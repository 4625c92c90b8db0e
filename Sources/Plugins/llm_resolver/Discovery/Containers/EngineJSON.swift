// The answers of an engine (the API that Docker and Podman share): JSON in, records out. Members
// that are missing or of another type are taken as absent.
import PluginSDK

enum EngineJSON {
    /// Ids in the answer to `/containers/json`; nil when it is no list.
    static func identifiers(_ text: [UInt8]) -> [String]? {
        guard let containers = parsed(text)?.list else { return nil }
        return containers.prefix(DiscoveryLimits.containersMax).compactMap { $0["Id"]?.text }
            .filter(isIdentifier)
    }

    /// The answer to `/containers/ID/json`; nil when it is no container that runs.
    static func record(_ text: [UInt8], engineHost: IPAddress?) -> ContainerRecord? {
        guard let container = parsed(text), let id = container["Id"]?.text, isIdentifier(id),
            let name = container["Name"]?.text
        else { return nil }
        let state = container["State"]
        guard state?["Running"]?.flag != false else { return nil }
        let configuration = container["Config"]
        var record = ContainerRecord(
            id: id, name: short(name.hasPrefix("/") ? String(name.dropFirst()) : name),
            image: short(configuration?["Image"]?.text ?? ""))
        let program = container["Path"]?.text
        let arguments = container["Args"]?.list?.compactMap(\.text) ?? []
        if let program, !program.isEmpty {
            record.arguments = CommandLine.text([program] + arguments)
            record.command = CommandLine.text([program])
        }
        record.imageDirectory = configuration?["WorkingDir"]?.text.flatMap {
            $0.isEmpty ? nil : short($0)
        }
        record.labels = (configuration?["Labels"]?.members ?? [:]).compactMapValues(\.text)
        record.isPaused = state?["Paused"]?.flag == true
        record.processID = Int32(clamping: state?["Pid"]?.integer ?? 0)
        record.mode = mode(container["HostConfig"]?["NetworkMode"]?.text ?? "")
        record.networks = networks(container["NetworkSettings"])
        record.ports = tcpPorts(
            configuration?["ExposedPorts"], container["NetworkSettings"]?["Ports"])
        record.published = published(container["NetworkSettings"]?["Ports"])
        record.engineHost = engineHost
        return record
    }

    private static func mode(_ text: String) -> ContainerRecord.NetworkMode {
        if text == "host" { return .host }
        if text == "none" { return .none }
        return text.hasPrefix("container:") ? .container(String(text.dropFirst(10))) : .own
    }

    private static func networks(_ settings: JSONValue?) -> [ContainerRecord.Network] {
        (settings?["Networks"]?.members ?? [:]).sorted { $0.key < $1.key }.compactMap { entry in
            let texts = [entry.value["IPAddress"]?.text, entry.value["GlobalIPv6Address"]?.text]
            let addresses = texts.compactMap { $0.flatMap { IPAddress($0) } }
            return addresses.isEmpty
                ? nil : ContainerRecord.Network(name: short(entry.key), addresses: addresses)
        }
    }

    /// Names of members such as "80/tcp", of both objects.
    private static func tcpPorts(_ exposed: JSONValue?, _ bound: JSONValue?) -> [UInt16] {
        let names = [exposed, bound].flatMap { ($0?.members ?? [:]).keys }
        return Set(names.compactMap(tcpPort)).sorted()
    }

    private static func tcpPort(_ name: String) -> UInt16? {
        let parts = name.split(separator: "/")
        guard parts.count == 1 || parts.count == 2 && parts[1] == "tcp" else { return nil }
        return UInt16(parts[0]).flatMap { $0 == 0 ? nil : $0 }
    }

    private static func published(_ ports: JSONValue?) -> [Candidate.PublishedPort] {
        var result: [Candidate.PublishedPort] = []
        for (name, bindings) in (ports?.members ?? [:]) {
            guard let port = tcpPort(name) else { continue }
            for binding in bindings.list ?? [] {
                guard let host = binding["HostPort"]?.text.flatMap({ UInt16($0) }), host != 0
                else { continue }
                let address = binding["HostIp"]?.text ?? ""
                result.append(
                    Candidate.PublishedPort(
                        container: port, host: host,
                        address: address.isEmpty ? "0.0.0.0" : short(address)))
            }
        }
        // IPv4 first ("0.0.0.0" before "::").
        return result.sorted {
            ($0.container, $0.address.utf8.contains(UInt8(ascii: ":")) ? 1 : 0, $0.host, $0.address)
                < (
                    $1.container, $1.address.utf8.contains(UInt8(ascii: ":")) ? 1 : 0, $1.host,
                    $1.address
                )
        }
    }

    /// What an event is about.
    struct Event: Equatable {
        /// nil when it concerns something else than one container.
        var containerID: String?
    }

    private static let actions: Set<String> = [
        "start", "restart", "die", "died", "stop", "kill", "destroy", "remove", "rename", "pause",
        "unpause", "connect", "disconnect", "sync", "cleanup",
    ]

    /// One line of `/events`; nil when it changes nothing here, such as an exec.
    static func event(_ line: [UInt8]) -> Event? {
        guard let event = parsed(line) else { return nil }
        let action = event["Action"]?.text ?? event["status"]?.text ?? ""
        guard actions.contains(action) else { return nil }
        let actor = event["Actor"]
        let id =
            event["Type"]?.text == "network"
            ? actor?["Attributes"]?["container"]?.text
            : actor?["ID"]?.text ?? event["id"]?.text
        return Event(containerID: id.flatMap { isIdentifier($0) ? $0 : nil })
    }

    private static func parsed(_ text: [UInt8]) -> JSONValue? {
        text.withUnsafeBytes { try? JSONValue(parsing: Bytes($0)) }
    }

    /// An id becomes part of a path.
    private static func isIdentifier(_ text: String) -> Bool {
        (12...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
                    || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f"))
            }
    }

    private static func short(_ text: String) -> String { CommandLine.cleaned(text) }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    fileprivate var integer: Int64? { if case .int(let value) = self { value } else { nil } }
    fileprivate var list: [JSONValue]? { if case .array(let list) = self { list } else { nil } }
    fileprivate var members: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    fileprivate subscript(name: String) -> JSONValue? { members?[name] }
}
