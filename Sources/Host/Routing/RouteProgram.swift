// Routes as they run: a flat list of instructions over flat tables.

/// One step of a program. Numbers are positions in the program's tables; targets are positions in
/// its code.
enum RouteInstruction: Sendable, Equatable {
    case test(matcher: Int, ifTrue: Int, ifFalse: Int)
    /// The same for a matcher in which a plugin has a say: it may refuse to answer.
    case ask(matcher: Int, ifTrue: Int, ifFalse: Int)
    /// Takes the group; goes on at `otherwise` when an earlier route has it.
    case group(Int, otherwise: Int)
    case jump(Int)
    case handler(Int32)
    /// From here on to the end of the chain, an error continues at `handler`.
    case errorScope(handler: Int)
    case call(program: Int)
    /// Goes on at the first route from `route` on that the request's host allows.
    case dispatch(table: Int, route: Int)
    /// End of this list of routes: back to where it was entered from.
    case end
    /// End of everything, from whatever depth: a terminal route is through.
    case finish
}

/// A compiled list of routes. Immutable and shared by the workers; the generation keeps it alive.
package final class RouteProgram: @unchecked Sendable {
    /// Ends with an instruction behind which nothing runs; every target lies inside.
    let code: UnsafeBufferPointer<RouteInstruction>
    let matchers: UnsafeBufferPointer<MatcherInPlace>
    let calls: [RouteProgram]
    let dispatches: [HostDispatch]

    init(
        code: [RouteInstruction], matchers: [Matcher], calls: [RouteProgram],
        dispatches: [HostDispatch]
    ) {
        // Flat memory instead of arrays: a request reads it without bounds and reference counts.
        self.code = flat(code) { $0 }
        self.matchers = flat(matchers, MatcherInPlace.init)
        self.calls = calls
        self.dispatches = dispatches
    }

    deinit {
        UnsafeMutableBufferPointer(mutating: code).deinitialize().deallocate()
        UnsafeMutableBufferPointer(mutating: matchers).deinitialize().deallocate()
    }
}

/// A matcher that is asked where it lies: to copy one would count references.
struct MatcherInPlace: ~Copyable, Sendable {
    private let matcher: Matcher

    init(_ matcher: Matcher) { self.matcher = matcher }

    func matches(_ context: RequestContext) -> Bool { matcher.matches(context) }
}

private func flat<Source, Element: ~Copyable>(
    _ sources: [Source], _ element: (Source) -> Element
) -> UnsafeBufferPointer<Element> {
    let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: sources.count)
    for (index, source) in sources.enumerated() {
        memory.initializeElement(at: index, to: element(source))
    }
    return UnsafeBufferPointer(memory)
}

/// Which routes of one list a host can reach, so that thousands of sites cost one look-up.
struct HostDispatch: Sendable {
    /// Lists shorter than this are tried one by one.
    static let routesMin = 4

    private let index: ByteIndex
    /// For each name of the index: the routes that name it, ascending.
    private let routesOfName: [[Int]]
    /// Routes that any host may reach, ascending.
    private let openRoutes: [Int]
    /// Where each route begins, and behind the last one where the list ends.
    var targets: [Int]

    /// - Parameter hosts: For each route the names that it is limited to, nil for any host.
    init(_ hosts: [[[UInt8]]?], targets: [Int]) {
        var order: [[UInt8]] = []
        var routes: [[UInt8]: [Int]] = [:]
        var open: [Int] = []
        for (route, names) in hosts.enumerated() {
            guard let names else {
                open.append(route)
                continue
            }
            for name in names {
                if routes[name] == nil { order.append(name) }
                if routes[name]?.last != route { routes[name, default: []].append(route) }
            }
        }
        index = ByteIndex(order)
        routesOfName = order.map { routes[$0] ?? [] }
        openRoutes = open
        self.targets = targets
    }

    func target(from route: Int, host: Bytes) -> Int {
        let name = withoutRootDot(host)
        var best = first(in: openRoutes, from: route) ?? targets.count - 1
        if let entry = index.findIgnoringCase(name),
            let found = first(in: routesOfName[entry], from: route)
        {
            best = min(best, found)
        }
        if let entry = withStarForFirstLabel(name, { index.findIgnoringCase($0) }),
            let found = first(in: routesOfName[entry], from: route)
        {
            best = min(best, found)
        }
        return targets[best]
    }

    private func first(in routes: [Int], from route: Int) -> Int? {
        var low = 0
        var high = routes.count
        while low < high {
            let middle = (low + high) / 2
            if routes[middle] < route { low = middle + 1 } else { high = middle }
        }
        return low < routes.count ? routes[low] : nil
    }
}
