// The options of reverse_proxy that choose among upstreams and try again.
import PluginSDK

/// lb_policy <policy> [<argument>…] [{ fallback <policy> …; max_age <duration> }]
/// lb_retries <count>
/// lb_try_duration <duration>
/// lb_try_interval <duration>
/// lb_retry_match <matcher> <value>… | { <matcher> <value>…; … }
struct LoadBalancingOptions {
    static let names = [
        "lb_policy", "lb_retries", "lb_try_duration", "lb_try_interval", "lb_retry_match",
    ]
    private static let policies = [
        "random", "random_choose", "least_conn", "round_robin", "weighted_round_robin", "first",
        "ip_hash", "client_ip_hash", "uri_hash", "header", "query", "cookie",
    ]

    private var members: [String: JSONValue]?
    private var retryMatches: [JSONValue] = []

    /// nil when no line of the group was there.
    var json: JSONValue? {
        guard var members = members?.filter({ !$0.value.isEmpty }) else { return nil }
        if !retryMatches.isEmpty { members["retry_match"] = .array(retryMatches) }
        return .object(members)
    }

    /// - Returns: Whether the line belongs to this group.
    mutating func read(_ line: Line) throws(PluginError) -> Bool {
        var members = members ?? [:]
        switch line.name.text {
        case "lb_policy":
            guard members["selection_policy"] == nil else {
                throw PluginError("lb_policy is given twice", at: line.name)
            }
            members["selection_policy"] = try Self.policy(line)
        case "lb_retries":
            members["retries"] = .int(try line.singleArgument().integer("lb_retries"))
        case "lb_try_duration":
            members["try_duration"] = .int(try line.singleArgument().duration("lb_try_duration"))
        case "lb_try_interval":
            members["try_interval"] = .int(try line.singleArgument().duration("lb_try_interval"))
        case "lb_retry_match":
            retryMatches.append(try Self.retryMatch(line))
        default: return false
        }
        self.members = members
        return true
    }

    /// A policy with its arguments, behind lb_policy or fallback.
    private static func policy(_ line: Line) throws(PluginError) -> JSONValue {
        guard let name = line.arguments.first else { throw line.missingArgument("a policy") }
        let arguments = Array(line.arguments.dropFirst())
        var members: [String: JSONValue] = ["policy": .string(name.text)]
        switch name.text {
        case "random", "least_conn", "round_robin", "first", "ip_hash", "client_ip_hash",
            "uri_hash":
            try expect(arguments, 0...0, behind: name)
        case "random_choose":
            try expect(arguments, 1...1, behind: name)
            members["choose"] = .int(try arguments[0].integer("choose"))
        case "weighted_round_robin":
            try expect(arguments, 1...Int.max, behind: name)
            var weights: [JSONValue] = []
            for weight in arguments { weights.append(.int(try weight.integer("weight"))) }
            members["weights"] = .array(weights)
        case "header", "query":
            try expect(arguments, 1...1, behind: name)
            members[name.text == "header" ? "field" : "key"] = .string(arguments[0].text)
        case "cookie":
            try expect(arguments, 0...2, behind: name)
            if arguments.count > 0 { members["name"] = .string(arguments[0].text) }
            if arguments.count > 1 {
                members["secret"] = .string(try arguments[1].credential("the cookie secret"))
            }
        default:
            throw .unknown("policy", name.text, in: "lb_policy", known: policies, at: name)
        }
        for option in line.lines { try read(option, of: name, into: &members) }
        return .object(members)
    }

    private static func read(
        _ option: Line, of policy: Token, into members: inout [String: JSONValue]
    ) throws(PluginError) {
        switch (option.name.text, policy.text) {
        case ("fallback", "header"), ("fallback", "query"), ("fallback", "cookie"):
            members["fallback"] = try self.policy(option)
        case ("max_age", "cookie"):
            members["max_age"] = .int(try option.singleArgument().duration("max_age"))
        default:
            throw .unknown(
                "option", option.name.text, in: policy.text, known: ["fallback", "max_age"],
                at: option.name)
        }
    }

    private static func expect(
        _ arguments: [Token], _ count: ClosedRange<Int>, behind name: Token
    ) throws(PluginError) {
        guard !count.contains(arguments.count) else { return }
        var expected = "\(count.lowerBound)"
        if count.upperBound == Int.max {
            expected += " or more"
        } else if count.upperBound > count.lowerBound {
            expected += " to \(count.upperBound)"
        }
        throw PluginError(
            "\(name.text) has \(arguments.count) arguments, expected \(expected)",
            at: arguments.last ?? name)
    }

    /// The matchers that may stand here, since the host's named ones are for routes.
    private static func retryMatch(_ line: Line) throws(PluginError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        if let matcher = line.arguments.first {
            try add(matcher, Array(line.arguments.dropFirst()), to: &members)
        }
        for matcher in line.lines { try add(matcher.name, matcher.arguments, to: &members) }
        return .object(members)
    }

    private static func add(
        _ matcher: Token, _ values: [Token], to members: inout [String: JSONValue]
    ) throws(PluginError) {
        guard !values.isEmpty else {
            throw PluginError("the matcher \(matcher.text) has no value", at: matcher)
        }
        switch matcher.text {
        case "method", "path", "host":
            var list: [JSONValue] = []
            if case .array(let earlier)? = members[matcher.text] { list = earlier }
            members[matcher.text] = .array(list + values.map { .string($0.text) })
        case "header":
            try expect(values, 2...2, behind: matcher)
            members["header"] = [FieldName.canonical(values[0].text): [.string(values[1].text)]]
        case "expression":
            members["expression"] = .string(values.map(\.text).joined(separator: " "))
        default:
            throw .unknown(
                "matcher", matcher.text, in: "lb_retry_match",
                known: ["method", "path", "host", "header", "expression"], at: matcher)
        }
    }
}
