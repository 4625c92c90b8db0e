// From the JSON of routes to programs. The semantics are Caddy's: handlers of matching routes form
// one chain; a subroute goes on behind itself; a terminal route ends the whole chain.
package import Base

/// Turns a handler object (`{"handler": NAME, ..}`) into the slot that the server knows it by.
/// `location` says where it stands. Control plane.
package typealias HandlerResolver = (
    _ handler: JSONValue, _ location: String
) throws(RoutingError) -> Int32

/// Turns a matcher that the host does not know into that of a plugin, nil when no plugin has it.
/// Control plane.
package typealias MatcherResolver = (
    _ name: String, _ value: JSONValue, _ location: String
) throws(RoutingError) -> PluginMatcher?

/// Compiles the routes of one server. Control plane. A resolver may call back into
/// `compileRoutes` while it provisions a handler with routes of its own.
package final class RouteCompiler {
    fileprivate let names: NameRegistry
    fileprivate let resolve: HandlerResolver
    fileprivate let resolveMatcher: MatcherResolver
    private let namedRoutes: [String: JSONValue]
    private var namedPrograms: [String: RouteProgram] = [:]
    private var openNames: [String] = []

    /// - Parameter namedRoutes: What `invoke` may call, each a single route.
    package init(
        names: NameRegistry, namedRoutes: [String: JSONValue] = [:],
        matcher resolveMatcher: @escaping MatcherResolver = { _, _, _ in nil },
        resolve: @escaping HandlerResolver
    ) {
        self.resolveMatcher = resolveMatcher
        self.names = names
        self.namedRoutes = namedRoutes
        self.resolve = resolve
    }

    /// - Parameters:
    ///   - routes: An array of routes; null for none.
    ///   - errors: The server's error routes, `{"routes": [..]}`; null for none.
    package func compileServer(
        routes: JSONValue, errors: JSONValue = .null
    ) throws(RoutingError) -> RouteProgram {
        var builder = ProgramBuilder(self)
        if errors == .null {
            try builder.appendRoutes(routes, at: "routes", depth: 0)
        } else {
            let handler = builder.newLabel()
            builder.append(.errorScope(handler: handler))
            try builder.appendRoutes(routes, at: "routes", depth: 0)
            builder.append(.end)
            builder.place(handler)
            try builder.appendErrorRoutes(errors, at: "errors", depth: 0)
        }
        builder.append(.end)
        return builder.finish()
    }

    /// Routes that a handler enters at run time, such as `handle_response`.
    package func compileRoutes(
        _ routes: JSONValue, at location: String = "routes"
    ) throws(RoutingError) -> RouteProgram {
        var builder = ProgramBuilder(self)
        try builder.appendRoutes(routes, at: location, depth: 0)
        builder.append(.end)
        return builder.finish()
    }

    fileprivate func namedProgram(
        _ name: String, at location: String
    ) throws(RoutingError) -> RouteProgram {
        if let program = namedPrograms[name] { return program }
        guard let route = namedRoutes[name] else {
            throw RoutingError("no named route \"\(name)\"", at: location)
        }
        guard !openNames.contains(name) else {
            let circle = (openNames + [name]).joined(separator: " → ")
            throw RoutingError(
                "named routes invoke each other in a circle: \(circle)", at: location)
        }
        openNames.append(name)
        defer { openNames.removeLast() }
        let program = try compileRoutes(.array([route]), at: "named_routes.\(name)")
        namedPrograms[name] = program
        return program
    }
}

/// One program under construction. Jump targets are labels until `finish`.
private struct ProgramBuilder {
    private let compiler: RouteCompiler
    private var code: [RouteInstruction] = []
    private var labels: [Int] = []
    private var matchers: [Matcher] = []
    private var calls: [RouteProgram] = []
    private var dispatches: [HostDispatch] = []

    init(_ compiler: RouteCompiler) {
        self.compiler = compiler
    }

    mutating func newLabel() -> Int {
        labels.append(-1)
        return labels.count - 1
    }

    mutating func place(_ label: Int) {
        labels[label] = code.count
    }

    mutating func append(_ instruction: RouteInstruction) {
        code.append(instruction)
    }

    func finish() -> RouteProgram {
        let linker = RouteLinker(code: code, labels: labels)
        let dispatches = dispatches.map { dispatch in
            var linked = dispatch
            linked.targets = dispatch.targets.map(linker.position(of:))
            return linked
        }
        return RouteProgram(
            code: linker.link(), matchers: matchers, calls: calls, dispatches: dispatches)
    }

    // MARK: Routes

    mutating func appendRoutes(
        _ json: JSONValue, at location: String, depth: Int
    ) throws(RoutingError) {
        guard json != .null else { return }
        guard depth < Limits.routeNestingMax else {
            throw RoutingError(
                "routes are nested more than \(Limits.routeNestingMax) deep", at: location)
        }
        let routes = try json.array(at: location)
        let starts = routes.map { _ in newLabel() } + [newLabel()]
        let table = try appendDispatch(routes, targets: starts, at: location)
        for (index, route) in routes.enumerated() {
            place(starts[index])
            var next = starts[index + 1]
            if table != nil { next = newLabel() }
            try appendRoute(route, next: next, at: "\(location)[\(index)]", depth: depth)
            if let table {
                place(next)
                append(.dispatch(table: table, route: index + 1))
            }
        }
        place(starts[routes.count])
    }

    mutating func appendErrorRoutes(
        _ json: JSONValue, at location: String, depth: Int
    ) throws(RoutingError) {
        let members = try json.object(at: location)
        try refuseUnknownMembers(of: members, known: ["routes"], at: location)
        try appendRoutes(members["routes"] ?? .null, at: "\(location).routes", depth: depth)
    }

    private mutating func appendRoute(
        _ json: JSONValue, next: Int, at location: String, depth: Int
    ) throws(RoutingError) {
        let route = try json.object(at: location)
        try refuseUnknownMembers(
            of: route, known: ["group", "match", "handle", "terminal"], at: location)
        let body = newLabel()
        try appendSets(
            route["match"] ?? [], ifTrue: body, ifFalse: next, at: "\(location).match",
            depth: depth)
        place(body)
        let group = try (route["group"] ?? "").string(at: "\(location).group")
        if !group.isEmpty {
            append(.group(Int(compiler.names.group(group)), otherwise: next))
        }
        let handlers = try (route["handle"] ?? []).array(at: "\(location).handle")
        for (index, handler) in handlers.enumerated() {
            try appendHandler(handler, at: "\(location).handle[\(index)]", depth: depth)
        }
        guard let isTerminal = (route["terminal"] ?? false).boolValue else {
            throw RoutingError("expected true or false", at: "\(location).terminal")
        }
        append(isTerminal ? .finish : .jump(next))
    }

    private mutating func appendHandler(
        _ json: JSONValue, at location: String, depth: Int
    ) throws(RoutingError) {
        let handler = try json.object(at: location)
        guard let name = handler["handler"]?.stringValue else {
            throw RoutingError("handler without a name in \"handler\"", at: location)
        }
        switch name {
        case "subroute": try appendSubroute(handler, at: location, depth: depth)
        case "invoke":
            try refuseUnknownMembers(of: handler, known: ["handler", "name"], at: location)
            let route = try (handler["name"] ?? .null).string(at: "\(location).name")
            append(.call(program: calls.count))
            calls.append(try compiler.namedProgram(route, at: location))
        default: append(.handler(try compiler.resolve(json, location)))
        }
    }

    private mutating func appendSubroute(
        _ handler: [String: JSONValue], at location: String, depth: Int
    ) throws(RoutingError) {
        try refuseUnknownMembers(
            of: handler, known: ["handler", "routes", "errors"], at: location)
        let routes = handler["routes"] ?? .null
        guard let errors = handler["errors"], errors != .null else {
            return try appendRoutes(routes, at: "\(location).routes", depth: depth + 1)
        }
        let errorHandler = newLabel()
        let after = newLabel()
        append(.errorScope(handler: errorHandler))
        try appendRoutes(routes, at: "\(location).routes", depth: depth + 1)
        append(.jump(after))
        place(errorHandler)
        try appendErrorRoutes(errors, at: "\(location).errors", depth: depth + 1)
        place(after)
    }

    // MARK: Matchers

    /// One of the sets must match; without sets, everything does.
    private mutating func appendSets(
        _ json: JSONValue, ifTrue: Int, ifFalse: Int, at location: String, depth: Int
    ) throws(RoutingError) {
        let sets = json == .null ? [] : try json.array(at: location)
        guard depth < Limits.routeNestingMax else {
            throw RoutingError(
                "matchers are nested more than \(Limits.routeNestingMax) deep", at: location)
        }
        for (index, set) in sets.enumerated() {
            let otherwise = index == sets.count - 1 ? ifFalse : newLabel()
            try appendSet(
                set, ifTrue: ifTrue, ifFalse: otherwise, at: "\(location)[\(index)]", depth: depth)
            if otherwise != ifFalse { place(otherwise) }
        }
        if sets.isEmpty { append(.jump(ifTrue)) }
    }

    /// All matchers of a set must match. The host is asked first, because it is cheap and decides
    /// most; the rest in the order of names.
    private mutating func appendSet(
        _ json: JSONValue, ifTrue: Int, ifFalse: Int, at location: String, depth: Int
    ) throws(RoutingError) {
        let set = try json.object(at: location)
        let order = set.keys.sorted { $0 == "host" ? $1 != "host" : $1 != "host" && $0 < $1 }
        for name in order where name != "@id" {
            guard let value = set[name] else { continue }
            let next = newLabel()
            let location = "\(location).\(name)"
            if name == "not" {
                try appendNot(value, ifTrue: next, ifFalse: ifFalse, at: location, depth: depth)
            } else {
                try appendMatcher(name, value, ifTrue: next, ifFalse: ifFalse, at: location)
            }
            place(next)
        }
        append(.jump(ifTrue))
    }

    /// None of the sets may match. Without sets, nothing is excluded.
    private mutating func appendNot(
        _ json: JSONValue, ifTrue: Int, ifFalse: Int, at location: String, depth: Int
    ) throws(RoutingError) {
        guard try !json.array(at: location).isEmpty else {
            append(.jump(ifTrue))
            return
        }
        try appendSets(json, ifTrue: ifFalse, ifFalse: ifTrue, at: location, depth: depth + 1)
    }

    private mutating func appendMatcher(
        _ name: String, _ json: JSONValue, ifTrue: Int, ifFalse: Int, at location: String
    ) throws(RoutingError) {
        let usesBefore = compiler.names.pluginUses
        let compiled = try MatcherCompiler(names: compiler.names, resolve: compiler.resolveMatcher)
            .compile(name, json, at: location)
        let mayRefuse = compiler.names.pluginUses > usesBefore
        for (index, matcher) in compiled.matchers.enumerated() {
            let isLast = index == compiled.matchers.count - 1
            let next = newLabel()
            let yes = isLast || !compiled.isEvery ? ifTrue : next
            let no = isLast || compiled.isEvery ? ifFalse : next
            append(
                mayRefuse
                    ? .ask(matcher: matchers.count, ifTrue: yes, ifFalse: no)
                    : .test(matcher: matchers.count, ifTrue: yes, ifFalse: no))
            matchers.append(matcher)
            place(next)
        }
        if compiled.matchers.isEmpty { append(.jump(compiled.isEvery ? ifTrue : ifFalse)) }
    }

    // MARK: Hosts

    /// - Returns: The table of a list that is worth one; its first dispatch is appended.
    private mutating func appendDispatch(
        _ routes: [JSONValue], targets: [Int], at location: String
    ) throws(RoutingError) -> Int? {
        guard routes.count >= HostDispatch.routesMin else { return nil }
        var hosts: [[[UInt8]]?] = []
        for (index, route) in routes.enumerated() {
            hosts.append(try indexableHosts(route, at: "\(location)[\(index)].match"))
        }
        guard hosts.count(where: { $0 != nil }) >= HostDispatch.routesMin else { return nil }
        dispatches.append(HostDispatch(hosts, targets: targets))
        append(.dispatch(table: dispatches.count - 1, route: 0))
        return dispatches.count - 1
    }

    /// The hosts that a route is limited to; nil when some other host may match it.
    private func indexableHosts(
        _ route: JSONValue, at location: String
    ) throws(RoutingError) -> [[UInt8]]? {
        guard let sets = route.objectValue?["match"]?.arrayValue, !sets.isEmpty else { return nil }
        var hosts: [[UInt8]] = []
        for (index, set) in sets.enumerated() {
            guard let host = set.objectValue?["host"] else { return nil }
            let location = "\(location)[\(index)].host"
            let matcher = try HostMatcher(
                try host.strings(at: location), names: compiler.names, at: location)
            guard matcher.isIndexable else { return nil }
            hosts += matcher.indexableNames
        }
        return hosts
    }
}
