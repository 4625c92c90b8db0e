// Directives that belong to the host: groups of routes, error routes, named routes, bind.
import Base

enum HostDirective: String, CaseIterable {
    case bind, handle, invoke, log, route, tls
    case handleErrors = "handle_errors"
    case handlePath = "handle_path"

    static let allNames = allCases.map(\.rawValue) + ["import"]

    /// Positions of the ones that handle requests; `handle_path` sorts as `handle`.
    static let ranks: [HostDirective: Int] = [.invoke: 2500, .handle: 2600, .route: 2800]
}

extension AdaptContext {
    /// Evaluates one directive of a site.
    func evaluate(
        _ directive: ConfigNode, scope: MatcherScope, into pile: SitePile
    ) throws(ConfigError) {
        switch HostDirective(rawValue: directive.name.text) {
        case .bind: pile.bindings.append(try binding(directive))
        case .log: pile.logs.append(try siteLog(directive))
        case .tls: pile.tls.append(try tlsDirective(directive))
        case .handleErrors: pile.errorRoutes.append(try errorRoute(directive, scope: scope))
        case .handle, .handlePath, .invoke, .route, nil:
            let results = try routeResults(of: directive, scope: scope)
            for result in results { try requireOrder(result.directive, directive) }
            pile.routes += results
        }
        pile.invokedRoutes += invokedRoutes
        invokedRoutes = []
    }

    /// The route of a host directive within any block.
    func hostRoute(
        _ kind: HostDirective, _ directive: ConfigNode, scope: MatcherScope
    ) throws(ConfigError) -> RouteResult {
        switch kind {
        case .handle, .route:
            return try group(kind, directive, scope: scope)
        case .handlePath:
            return try handlePath(directive, scope: scope)
        case .invoke:
            return try invoke(directive, scope: scope)
        case .bind, .log, .tls, .handleErrors:
            throw ConfigError(
                "\(kind.rawValue) cannot be used inside another directive, expected it "
                    + "directly in a site block",
                at: directive.name)
        }
    }

    private func matcher(
        of directive: ConfigNode, scope: MatcherScope
    ) throws(ConfigError) -> (set: JSONValue?, rest: ArraySlice<Token>) {
        guard let first = directive.arguments.first, let set = try matcherSet(first, in: scope)
        else { return (nil, directive.arguments) }
        return (set == .null ? nil : set, directive.arguments.dropFirst())
    }

    /// `handle [<matcher>] { … }` and `route [<matcher>] { … }`.
    private func group(
        _ kind: HostDirective, _ directive: ConfigNode, scope: MatcherScope
    ) throws(ConfigError) -> RouteResult {
        let (set, rest) = try matcher(of: directive, scope: scope)
        if let extra = rest.first {
            throw ConfigError(
                "unexpected argument \"\(extra.text)\" of \(kind.rawValue), expected a "
                    + "matcher and a block",
                at: extra)
        }
        let routes = try routes(
            of: directive.children, scope: scope, sorted: kind == .handle)
        let route = Route(matcherSets: set.map { [$0] }, handlers: [Route.subroute(routes)])
        return RouteResult(directive: kind.rawValue, value: .route(route))
    }

    /// `handle_path <path> { … }`: strips what stands before the star.
    private func handlePath(
        _ directive: ConfigNode, scope: MatcherScope
    ) throws(ConfigError) -> RouteResult {
        guard directive.arguments.count == 1, let path = directive.arguments.first else {
            throw directive.wrongCount("one path")
        }
        guard path.text.hasPrefix("/") else {
            throw ConfigError(
                "path matcher must begin with '/', got \(path.text)", at: path)
        }
        var prefix = path.text[...]
        if prefix.hasSuffix("*") { prefix = prefix.dropLast() }
        if path.text.hasSuffix("/*") { prefix = prefix.dropLast() }
        let strip: JSONValue = ["handler": "rewrite", "strip_path_prefix": .string(String(prefix))]
        let routes =
            [Route(handlers: [strip])]
            + (try routes(of: directive.children, scope: scope))
        let route = Route(
            matcherSets: [["path": [.string(path.text)]]], handlers: [Route.subroute(routes)])
        return RouteResult(directive: "handle", value: .route(route))
    }

    /// `invoke [<matcher>] <name>`.
    private func invoke(
        _ directive: ConfigNode, scope: MatcherScope
    ) throws(ConfigError) -> RouteResult {
        let (set, rest) = try matcher(of: directive, scope: scope)
        guard rest.count == 1, let name = rest.first else {
            throw directive.wrongCount("the name of a route")
        }
        try directive.refuseBlock()
        guard let known = options.namedRouteNames, known.contains(name.text) else {
            throw ConfigError(
                "cannot invoke named route '\(name.text)', which was not defined", at: name,
                hint: Suggestion.hint(for: name.text, among: options.namedRouteNames ?? []))
        }
        invokedRoutes.append(name.text)
        let handler: JSONValue = ["handler": "invoke", "name": .string(name.text)]
        let route = Route(matcherSets: set.map { [$0] }, handlers: [handler])
        return RouteResult(directive: "invoke", value: .route(route))
    }

    /// `handle_errors [<code>…] { … }`, codes such as 404 or 5xx.
    private func errorRoute(
        _ directive: ConfigNode, scope: MatcherScope
    ) throws(ConfigError) -> Route {
        let expression = try errorExpression(directive.arguments)
        let routes = try routes(of: directive.children, scope: scope)
        return Route(
            matcherSets: expression.map { [["expression": .string($0)]] },
            handlers: [Route.subroute(routes)])
    }

    private func errorExpression(_ codes: ArraySlice<Token>) throws(ConfigError) -> String? {
        let status = "{http.error.status_code}"
        var single: [String] = []
        var parts: [String] = []
        for code in codes {
            let text = code.text
            let isClass = text.hasSuffix("xx")
            let digits = isClass ? text.dropLast(2) : text[...]
            guard text.utf8.count == 3, digits.allSatisfy(\.isASCIIDigit) else {
                throw ConfigError(
                    "bad status value '\(text)', expected a code such as 404 or a class such "
                        + "as 5xx",
                    at: code)
            }
            if isClass {
                parts.append("\(status) >= \(digits)00 && \(status) <= \(digits)99")
            } else {
                single.append(text)
            }
        }
        if !single.isEmpty {
            parts.append("\(status) in [\(single.joined(separator: ", "))]")
        }
        return parts.isEmpty ? nil : parts.joined(separator: " || ")
    }

    /// `bind <address>… { protocols <name>… }`.
    func binding(_ directive: ConfigNode) throws(ConfigError) -> Binding {
        var binding = Binding(addresses: directive.texts, protocols: [])
        for option in directive.children {
            guard option.name.text == "protocols" else {
                throw option.unknown("option", in: directive.name.text, known: ["protocols"])
            }
            binding.protocols = try option.atLeastOneArgument("protocol")
        }
        return binding
    }
}
