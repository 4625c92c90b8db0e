// The state of one adaptation, and how directives of a block become routes.
import Base

/// One log directive or option.
struct NamedLog {
    var name = ""
    var hostnames: [String] = []
    var hasNoHostname = false
    /// Nil when the log is named but not configured.
    var config: JSONObject?
}

struct Binding: Hashable {
    var addresses: [String]
    var protocols: [String]
}

/// What the directives of one site gave.
final class SitePile {
    var routes: [RouteResult] = []
    /// One list per `handle_errors`.
    var errorRoutes: [Route] = []
    var bindings: [Binding] = []
    var logs: [NamedLog] = []
    var tls: [TLSDirective] = []
    var invokedRoutes: [String] = []
}

/// Named matchers that are visible in a block.
typealias MatcherScope = [String: JSONValue]

final class AdaptContext {
    let definitions: [String: DirectiveDefinition]
    let modules: [String: ModuleDefinition]
    let sources: ConfigSources
    var rules: RouteRules
    var options = GlobalOptions()
    let marks = SourceMarks()
    var warnings: [ConfigWarning] = []
    var files: [String] = []
    var nextGroupNumber = 0
    var nextLogNumber = 0
    /// Tags of certificate files that were loaded already.
    var certificateTags: [String: String] = [:]
    var invokedRoutes: [String] = []

    init(definitions: [DirectiveDefinition], modules: [ModuleDefinition], sources: ConfigSources) {
        self.definitions = Dictionary(
            definitions.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
        self.modules = Dictionary(
            modules.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        self.sources = sources
        rules = RouteRules(
            order: DirectiveOrdering.order(of: definitions),
            exclusiveGroups: ["handle": .whenSeveral], specificLast: [])
        for definition in definitions {
            if definition.exclusiveGroup != .none {
                rules.exclusiveGroups[definition.name] = definition.exclusiveGroup
            }
            if definition.sortsSpecificLast { rules.specificLast.insert(definition.name) }
        }
    }

    func nextGroup() -> String {
        defer { nextGroupNumber += 1 }
        return "group\(nextGroupNumber)"
    }

    var knownDirectives: [String] { Array(definitions.keys) + HostDirective.allNames }

    // MARK: Matchers

    var matchers: RequestMatchers {
        RequestMatchers { [self] name, nodes throws(ConfigError) in
            guard let module = modules["http.matchers.\(name)"] else { return nil }
            return try module.parse(call(nodes.flatMap { Array($0.tokens) }, scope: [:]))
        }
    }

    /// The matcher set that a token stands for: `*`, a path or a name. Nil when it is none.
    func matcherSet(_ token: Token, in scope: MatcherScope) throws(ConfigError) -> JSONValue? {
        if token.text == "*" { return .null }
        if token.text.hasPrefix("/") { return ["path": [.string(token.text)]] }
        guard token.text.hasPrefix("@") else { return nil }
        guard let set = scope[token.text] else {
            throw ConfigError(
                "unknown matcher name \(token.text)", at: token,
                hint: Suggestion.hint(for: token.text, among: scope.keys))
        }
        return set
    }

    /// Adds the named matchers among the lines of a block and returns the other lines.
    func defineMatchers(
        in lines: [ConfigNode], _ scope: inout MatcherScope
    ) throws(ConfigError) -> [ConfigNode] {
        var rest: [ConfigNode] = []
        var defined: Set<String> = []
        for line in lines {
            let name = line.name.text
            guard name.hasPrefix("@") else {
                rest.append(line)
                continue
            }
            guard defined.insert(name).inserted else {
                throw ConfigError("matcher is defined more than once: \(name)", at: line.name)
            }
            scope[name] = marks.mark(matcherSet: try matchers.named(line), from: line)
        }
        return rest
    }

    // MARK: Directives

    /// The routes of a nested block.
    func routes(
        of lines: [ConfigNode], scope: MatcherScope, sorted: Bool = true
    ) throws(ConfigError) -> [Route] {
        var inner = scope
        let directives = try defineMatchers(in: lines, &inner)
        var results: [RouteResult] = []
        for directive in directives {
            results += try routeResults(of: directive, scope: inner)
        }
        if sorted {
            for (result, directive) in zip(results, directives) {
                try requireOrder(result.directive, directive)
            }
        }
        return rules.build(results, sorted: sorted, nextGroup: nextGroup)
    }

    func requireOrder(_ name: String, _ directive: ConfigNode) throws(ConfigError) {
        guard !rules.order.contains(name) else { return }
        throw ConfigError(
            "directive \(directive.name.text) is not ordered, so it cannot be used here",
            at: directive.name,
            hint: "place it within a route block or use the order global option")
    }

    /// The result of one directive that handles requests.
    func routeResults(
        of directive: ConfigNode, scope: MatcherScope
    ) throws(ConfigError) -> [RouteResult] {
        let name = directive.name.text
        if let host = HostDirective(rawValue: name) {
            return [try hostRoute(host, directive, scope: scope)]
        }
        guard let definition = definitions[name] else { throw unknownDirective(directive) }
        let (set, tokens) = try takeMatcher(from: directive, definition, scope: scope)
        let result = marks.mark(
            try definition.parse(call(tokens, scope: scope)), from: directive)
        let parts = result.arrayValue ?? [result]
        return parts.map { RouteResult(directive: name, value: value($0, matcher: set)) }
    }

    func unknownDirective(_ directive: ConfigNode) -> ConfigError {
        directive.unknown("directive", in: "this block", known: knownDirectives)
    }

    private func takeMatcher(
        from directive: ConfigNode, _ definition: DirectiveDefinition, scope: MatcherScope
    ) throws(ConfigError) -> (JSONValue?, [Token]) {
        guard definition.takesMatcher, let first = directive.arguments.first else {
            return (nil, Array(directive.tokens))
        }
        let isLone = definition.keepsLoneArgument && directive.arguments.count == 1
        guard !isLone, let set = try matcherSet(first, in: scope) else {
            return (nil, Array(directive.tokens))
        }
        return (set, [directive.name] + directive.tokens.dropFirst(2))
    }

    /// Attaches a matcher to what a plugin returned.
    private func value(_ result: JSONValue, matcher: JSONValue?) -> RouteResult.Value {
        let set = matcher == .null ? nil : matcher
        guard result["handler"] == nil, let list = result["routes"]?.arrayValue else {
            return .route(Route(matcherSets: set.map { [$0] }, handlers: [result]))
        }
        let routes = list.map { Route(json: $0) }
        if let set {
            if routes.count == 1, routes[0].matcherSets == nil {
                var route = routes[0]
                route.matcherSets = [set]
                return .route(route)
            }
            return .route(Route(matcherSets: [set], handlers: [Route.subroute(routes)]))
        }
        return routes.count == 1 ? .route(routes[0]) : .routes(routes)
    }

    // MARK: Plugin calls

    func call(_ tokens: [Token], scope: MatcherScope) -> DirectiveCall {
        DirectiveCall(
            tokens: Self.annotated(tokens),
            files: files,
            matcherSet: { [self] token throws(ConfigError) in try matcherSet(token, in: scope) },
            routes: { [self] tokens throws(ConfigError) in
                try routes(of: ConfigNode.nodes(in: tokens[...]), scope: scope).map(\.json)
            },
            matcherBlock: { [self] tokens throws(ConfigError) in
                try matchers.set(of: ConfigNode.nodes(in: tokens[...]), name: "")
            },
            responseMatcher: { tokens throws(ConfigError) in
                try ResponseMatcher.parse(ConfigNode.nodes(in: tokens[...]))
            },
            module: { [self] namespace, key, tokens throws(ConfigError) in
                try module(namespace, inlineKey: key, ConfigNode(tokens[...]))
            },
            warn: { [self] in warnings.append($0) },
            nextGroup: { [self] in nextGroup() })
    }

    private static func annotated(_ tokens: [Token]) -> [DirectiveToken] {
        var depth = 0
        var previous: Token?
        return tokens.map { token in
            if token.closesBlock { depth -= 1 }
            let startsLine = previous?.isFollowedByLineBreak(before: token) ?? true
            let annotated = DirectiveToken(token: token, depth: depth, startsLine: startsLine)
            if token.opensBlock { depth += 1 }
            previous = token
            return annotated
        }
    }

    /// The object of a plugin's module, with its name under `inlineKey`.
    func module(
        _ namespace: String, inlineKey: String, _ node: ConfigNode
    ) throws(ConfigError) -> JSONValue {
        let name = node.name.text
        guard let definition = modules["\(namespace).\(name)"] else {
            let prefix = "\(namespace)."
            let known = modules.keys.filter { $0.hasPrefix(prefix) }.map {
                String($0.dropFirst(prefix.count))
            }
            throw ConfigError(
                "unknown module \(namespace).\(name)", at: node.name,
                hint: Suggestion.hint(for: name, among: known))
        }
        var members = try definition.parse(call(Array(node.tokens), scope: [:])).objectValue ?? [:]
        members[inlineKey] = .string(name)
        return .object(members)
    }
}
