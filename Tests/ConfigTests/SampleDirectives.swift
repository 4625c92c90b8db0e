// Small stand-ins for plugin directives, enough to adapt real configurations in the tests.
import Base

@testable import Config

enum SampleDirectives {
    static let all: [DirectiveDefinition] = [
        handler("vars", 300, sortsSpecificLast: true) { node throws(ConfigError) in
            var members: [String: JSONValue] = ["handler": "vars"]
            for line in (node.arguments.isEmpty ? [] : [node.tokens]) + node.children.map(\.tokens)
            {
                let words = line.filter { !$0.opensBlock && !$0.closesBlock }
                let pair = Array(words.suffix(2))
                if pair.isEmpty { continue }
                members[pair[0].text] = .scalar(pair[pair.count - 1])
            }
            return .object(members)
        },
        DirectiveDefinition(
            name: "root", order: .rank(500), keepsLoneArgument: true, exclusiveGroup: .whenSeveral,
            parse: { call throws(ConfigError) in
                ["handler": "vars", "root": .string(call.tokens.last?.text ?? "")]
            }),
        handler("header", 900) { node throws(ConfigError) in
            var response: [String: JSONValue] = [:]
            for line in node.arguments.isEmpty
                ? node.children.map(\.tokens) : [node.tokens.dropFirst()]
            {
                let words = line.map(\.text)
                if words.isEmpty { continue }
                if words.count < 2 || words[0].hasPrefix("-") {
                    response["deferred"] = true
                    response["delete"] = .array(
                        (response["delete"]?.arrayValue ?? []) + [
                            .string(String(words[0].dropFirst()))
                        ])
                } else {
                    var set = response["set"]?.objectValue ?? [:]
                    set[HeaderName.canonical(words[0])] = [.string(words[1])]
                    response["set"] = .object(set)
                }
            }
            return ["handler": "headers", "response": .object(response)]
        },
        handler("redir", 1300) { node throws(ConfigError) in
            let code = node.texts.dropFirst().first ?? "temporary"
            let status = ["permanent": "301", "temporary": "302"][code] ?? code
            return [
                "handler": "static_response",
                "headers": ["Location": [.string(node.texts.first ?? "")]],
                "status_code": .int(Int64(status) ?? 302),
            ]
        },
        handler("rewrite", 1500, keepsLoneArgument: true, group: .always) {
            node throws(ConfigError) in
            ["handler": "rewrite", "uri": .string(node.texts.first ?? "")]
        },
        handler("uri", 1600) { node throws(ConfigError) in
            ["handler": "rewrite", "strip_path_prefix": .string(node.texts.last ?? "")]
        },
        handler("basic_auth", 1800) { node throws(ConfigError) in
            for account in node.children {
                for token in account.tokens { try DirectiveCall.requireCredential(token) }
            }
            let accounts: [JSONValue] = node.children.map {
                ["username": .string($0.name.text), "password": .string($0.texts.first ?? "")]
            }
            return [
                "handler": "authentication",
                "providers": [
                    "http_basic": [
                        "accounts": .array(accounts), "hash": ["algorithm": "bcrypt"],
                        "hash_cache": [:],
                    ]
                ],
            ]
        },
        handler("abort", 2900) { _ throws(ConfigError) in
            ["handler": "static_response", "abort": true]
        },
        handler("error", 3000) { node throws(ConfigError) in
            var members: [String: JSONValue] = ["handler": "error"]
            var texts = node.texts
            if let code = texts.last.flatMap({ Int64($0) }) {
                members["status_code"] = .int(code)
                texts.removeLast()
            }
            members["error"] = texts.first.map { .string($0) }
            return .object(members)
        },
        handler("respond", 3200) { node throws(ConfigError) in
            var members: [String: JSONValue] = ["handler": "static_response"]
            var texts = node.texts
            if let last = texts.last, last.utf8.count == 3, let code = Int64(last) {
                members["status_code"] = .int(code)
                texts.removeLast()
            }
            members["body"] = texts.first.map { .string($0) }
            return .object(members)
        },
        handler("reverse_proxy", 3400) { node throws(ConfigError) in
            for option in node.children where option.name.text == "header_up" {
                if CredentialNames.contains(option.texts.first ?? "") {
                    for token in option.tokens { try DirectiveCall.requireCredential(token) }
                }
            }
            return [
                "handler": "reverse_proxy",
                "upstreams": .array(node.texts.map { ["dial": .string($0)] }),
            ]
        },
        DirectiveDefinition(
            name: "forward_auth", order: .rank(1900),
            parse: { call throws(ConfigError) in
                let node = try ConfigNode(call.tokens.map(\.token)[...])
                var routes: [JSONValue] = []
                for option in node.children where option.name.text == "handle_response" {
                    routes += try call.routes(option.children.flatMap { Array($0.tokens) })
                }
                return ["handler": "reverse_proxy", "routes": .array(routes)]
            }),
        DirectiveDefinition(
            name: "unordered", order: .unordered,
            parse: { _ throws(ConfigError) in ["handler": "unordered"] }),
    ]

    private static func handler(
        _ name: String, _ rank: Int, keepsLoneArgument: Bool = false,
        group: ExclusiveGroup = .none, sortsSpecificLast: Bool = false,
        parse: @escaping @Sendable (ConfigNode) throws(ConfigError) -> JSONValue
    ) -> DirectiveDefinition {
        DirectiveDefinition(
            name: name, order: .rank(rank), keepsLoneArgument: keepsLoneArgument,
            exclusiveGroup: group,
            sortsSpecificLast: sortsSpecificLast,
            parse: { call throws(ConfigError) in
                try parse(ConfigNode(call.tokens.map(\.token)[...]))
            })
    }
}
