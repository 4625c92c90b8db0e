// The options of reverse_proxy on the health of upstreams: probes, and what requests tell.
import PluginSDK

/// health_uri <path and query>          health_passes <count>
/// health_port <port>                   health_fails <count>
/// health_upstream <address>            health_status <code>|<class>
/// health_interval <duration>           health_body <regexp>
/// health_timeout <duration>            health_method <method>
/// health_headers { <field> <value>… }  health_request_body <text>
/// health_follow_redirects
///
/// fail_duration <duration>             unhealthy_status <code>|<class>…
/// max_fails <count>                    unhealthy_latency <duration>
/// unhealthy_request_count <count>
struct HealthOptions {
    static let names = [
        "health_uri", "health_path", "health_port", "health_upstream", "health_interval",
        "health_timeout", "health_status", "health_body", "health_headers", "health_method",
        "health_request_body", "health_follow_redirects", "health_passes", "health_fails",
        "fail_duration", "max_fails", "unhealthy_status", "unhealthy_latency",
        "unhealthy_request_count",
    ]

    private var active: [String: JSONValue]?
    private var passive: [String: JSONValue]?

    /// nil when no line of the group was there.
    var json: JSONValue? {
        var members: [String: JSONValue] = [:]
        if let active { members["active"] = .object(active.filter { !$0.value.isEmpty }) }
        if let passive { members["passive"] = .object(passive.filter { !$0.value.isEmpty }) }
        return members.isEmpty ? nil : .object(members)
    }

    /// - Returns: Whether the line belongs to this group.
    mutating func read(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) -> Bool {
        if let (name, value) = try Self.activeMember(line, of: call) {
            active = (active ?? [:]).merging([name: value]) { _, last in last }
            guard active?["port"] == nil || active?["upstream"] == nil else {
                throw PluginError(
                    "health_port and health_upstream exclude each other",
                    hint: "put the port into health_upstream", at: line.name)
            }
            return true
        }
        if let (name, value) = try Self.passiveMember(line) {
            passive = (passive ?? [:]).merging([name: value]) { _, last in last }
            return true
        }
        return false
    }

    private static func activeMember(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) -> (String, JSONValue)? {
        let option = line.name.text
        switch option {
        case "health_uri": return ("uri", .string(try line.singleArgument().text))
        case "health_path":
            call.warn(
                PluginError("health_path is deprecated", hint: "use health_uri", at: line.name))
            return ("path", .string(try line.singleArgument().text))
        case "health_port": return ("port", .int(try line.singleArgument().integer(option)))
        case "health_upstream": return ("upstream", .string(try line.singleArgument().text))
        case "health_interval":
            return ("interval", .int(try line.singleArgument().duration(option)))
        case "health_timeout": return ("timeout", .int(try line.singleArgument().duration(option)))
        case "health_status":
            return ("expect_status", try line.singleArgument().statusOrClass(option))
        case "health_body": return ("expect_body", .string(try line.singleArgument().text))
        case "health_headers": return ("headers", try fields(line))
        case "health_method": return ("method", .string(try line.singleArgument().text))
        case "health_request_body": return ("body", .string(try line.singleArgument().text))
        case "health_follow_redirects":
            try line.expectArguments(0)
            return ("follow_redirects", true)
        case "health_passes": return ("passes", .int(try line.singleArgument().integer(option)))
        case "health_fails": return ("fails", .int(try line.singleArgument().integer(option)))
        default: return nil
        }
    }

    private static func passiveMember(
        _ line: Line
    ) throws(PluginError) -> (String, JSONValue)? {
        let option = line.name.text
        switch option {
        case "fail_duration": return (option, .int(try line.singleArgument().duration(option)))
        case "max_fails": return (option, .int(try line.singleArgument().integer(option)))
        case "unhealthy_request_count":
            return (option, .int(try line.singleArgument().integer(option)))
        case "unhealthy_latency":
            return (option, .int(try line.singleArgument().duration(option)))
        case "unhealthy_status":
            var statuses: [JSONValue] = []
            for status in try line.someArguments("a status") {
                statuses.append(try status.statusOrClass(option))
            }
            return (option, .array(statuses))
        default: return nil
        }
    }

    /// A credential for probes must not be empty, like one for requests.
    private static func fields(_ line: Line) throws(PluginError) -> JSONValue {
        try line.expectArguments(0)
        var fields: [String: [JSONValue]] = [:]
        for field in line.lines {
            for value in field.arguments { try value.requireCredential(of: field.name.text) }
            let values = field.arguments.isEmpty ? [""] : field.arguments.map(\.text)
            fields[field.name.text, default: []] += values.map(JSONValue.string)
        }
        return .object(fields.mapValues(JSONValue.array))
    }
}
