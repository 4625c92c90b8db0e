// Programs: groups, terminal routes, subroutes, error scopes, entered routes, restarts, sites.
import Base
import Testing

@testable import Routing

/// Runs a program; handlers are `{"handler": "note", "id": N}`. `answer` ends, `fail` raises.
final class Walk {
    var trace: [String] = []
    var entered: [Int: RouteProgram] = [:]
    var restarts: Set<Int> = []

    static func compiler(_ namedRoutes: [String: JSONValue] = [:], names: NameRegistry = .testing())
        -> RouteCompiler
    {
        RouteCompiler(names: names, namedRoutes: namedRoutes) {
            handler, location throws(RoutingError) in
            guard let id = handler.objectValue?["id"]?.intValue else {
                throw RoutingError("note without id", at: location)
            }
            return Int32(id)
        }
    }

    /// Ids from 1000 answer, from 500 on they fail with that status, the others pass on.
    func run(_ program: RouteProgram, _ exchange: TestExchange) -> [String] {
        exchange.context.start(program)
        return withExtendedLifetime((program, entered, exchange)) { walk(exchange.context) }
    }

    private func walk(_ context: RequestContext) -> [String] {
        while trace.count < 10_000 {
            switch context.nextStep() {
            case .end: return trace + ["end"]
            case .failed(let status): return trace + ["failed \(status)"]
            case .refused(let code): return trace + ["refused \(code)"]
            case .handler(let id):
                trace.append("\(id)")
                if id >= 1000 { return trace }
                if let program = entered[Int(id)] {
                    if !context.enter(program) { return trace + ["too deep"] }
                } else if restarts.contains(Int(id)) {
                    if !context.restart() { return trace + ["too often"] }
                } else if id >= 400 {
                    let isCaught = withBytes("oops") {
                        context.raise(status: UInt16(id), message: $0)
                    }
                    if !isCaught { return trace + ["uncaught \(id)"] }
                }
            }
        }
        return trace + ["endless"]
    }
}

private func note(_ ids: Int...) -> String {
    ids.map { #"{"handler": "note", "id": \#($0)}"# }.joined(separator: ", ")
}

private func sub(_ routes: String, errors: String? = nil) -> String {
    let errors = errors.map { #", "errors": {"routes": [\#($0)]}"# } ?? ""
    return #"{"handler": "subroute", "routes": [\#(routes)]\#(errors)}"#
}

private func route(
    _ handle: String, match: String = "[]", group: String = "", terminal: Bool = false
) -> String {
    #"{"group": "\#(group)", "match": \#(match), "handle": [\#(handle)], "terminal": \#(terminal)}"#
}

private let never = #"[{"method": ["NONE"]}]"#

@Suite struct RouteProgramTests {
    private func run(
        _ routes: [String], errors: String? = nil, _ exchange: TestExchange? = nil
    ) throws -> [String] {
        let names = NameRegistry.testing()
        let program = try Walk.compiler(names: names).compileServer(
            routes: json("[\(routes.joined(separator: ", "))]"),
            errors: errors.map { json(#"{"routes": [\#($0)]}"#) } ?? .null)
        return Walk().run(program, exchange ?? TestExchange(names: names))
    }

    @Test func runsMatchingRoutesInOrder() throws {
        #expect(
            try run([route(note(1, 2)), route(note(3), match: never), route(note(4))])
                == ["1", "2", "4", "end"])
        #expect(try run([]) == ["end"])
        #expect(try run([route(note(1, 1000, 2))]) == ["1", "1000"])
    }

    @Test func runsOneRouteOfAGroup() throws {
        #expect(
            try run([
                route(note(1), match: never, group: "g"), route(note(2), group: "g"),
                route(note(3), group: "g"), route(note(4), group: "h"),
                route(sub(route(note(5), group: "g") + "," + route(note(6), group: "i"))),
            ]) == ["2", "4", "6", "end"])
    }

    @Test func terminalRouteEndsTheWholeChain() throws {
        #expect(try run([route(note(1), terminal: true), route(note(2))]) == ["1", "end"])
        #expect(
            try run([route(sub(route(note(1), terminal: true)) + "," + note(2)), route(note(3))])
                == ["1", "end"])
    }

    @Test func subrouteGoesOnBehindItself() throws {
        #expect(
            try run([route(sub(route(sub(route(note(1))))) + "," + note(2)), route(note(3))])
                == ["1", "2", "3", "end"])
    }

    @Test func evaluatesMatchersWhenReached() throws {
        let exchange = TestExchange("GET", "/a")
        let program = try Walk.compiler().compileServer(
            routes: json("[\(route(note(1))), \(route(note(2), match: #"[{"path": ["/b"]}]"#))]"))
        exchange.context.start(program)
        #expect(exchange.context.nextStep() == .handler(1))
        exchange.rewrite("/b")
        #expect(exchange.context.nextStep() == .handler(2))
    }

    @Test func serverErrorsCatchAndKeepTheStatus() throws {
        #expect(try run([route(note(404, 1))]) == ["404", "uncaught 404"])
        #expect(
            try run([route(note(404, 1))], errors: route(note(2))) == ["404", "2", "failed 404"])
        #expect(try run([route(note(404))], errors: route(note(2, 1000))) == ["404", "2", "1000"])
        #expect(
            try run([route(note(404))], errors: route(note(2), terminal: true))
                == ["404", "2", "failed 404"])
        #expect(
            try run([route(note(404))], errors: route(note(503)))
                == ["404", "503", "uncaught 503"])
    }

    @Test func errorRoutesSeeTheError() throws {
        let match = #"[{"expression": "{http.error.status_code} in [404, 410]"}]"#
        let errors = route(note(1), match: match) + "," + route(note(2))
        #expect(try run([route(note(410))], errors: errors) == ["410", "1", "2", "failed 410"])
        #expect(try run([route(note(500))], errors: errors) == ["500", "2", "failed 500"])
        let exchange = TestExchange()
        _ = try run([route(note(410))], errors: errors, exchange)
        #expect(text(exchange.context.error.message) == "oops")
    }

    @Test func subrouteErrorsCatchFirstAndGoOn() throws {
        let inner = sub(route(note(403)), errors: route(note(1)))
        #expect(
            try run([route(inner + "," + note(2))], errors: route(note(9)))
                == ["403", "1", "2", "failed 403"])
        let failing = sub(route(note(403)), errors: route(note(502)))
        #expect(
            try run([route(failing)], errors: route(note(9))) == ["403", "502", "9", "failed 502"])
    }

    @Test func subrouteErrorsReachToTheEndOfTheChain() throws {
        let inner = sub(route(note(1)), errors: route(note(2)))
        #expect(
            try run([route(inner), route(note(3, 404))], errors: route(note(9)))
                == ["1", "3", "404", "2", "3", "404", "9", "failed 404"])
    }

    @Test func invokesNamedRoutes() throws {
        let compiler = Walk.compiler([
            "a": json(route(note(1) + #", {"handler": "invoke", "name": "b"}"#)),
            "b": json(route(note(2))),
        ])
        let program = try compiler.compileServer(
            routes: json(
                "[\(route(#"{"handler": "invoke", "name": "a"}"# + "," + note(3)))]"))
        #expect(Walk().run(program, TestExchange()) == ["1", "2", "3", "end"])
    }

    @Test(arguments: [
        (#"[{"handle": [{"handler": "invoke", "name": "a"}]}]"#, "circle: a → b → a"),
        (#"[{"handle": [{"handler": "invoke", "name": "c"}]}]"#, "no named route"),
        (#"[{"handles": []}]"#, "unknown field \"handles\""),
        (#"[{"handle": [{}]}]"#, "without a name"),
        (#"[{"handle": [{"handler": "subroute", "route": []}]}]"#, "unknown field"),
        (#"[{"terminal": 1}]"#, "expected true or false"), ("{}", "expected an array"),
        (#"[{"handle": [{"handler": "note"}]}]"#, "note without id"),
    ])
    func refusesRoutes(routes: String, message: String) {
        let compiler = Walk.compiler([
            "a": ["handle": [["handler": "invoke", "name": "b"]]],
            "b": ["handle": [["handler": "invoke", "name": "a"]]],
        ])
        let error = #expect(throws: RoutingError.self) {
            try compiler.compileServer(routes: json(routes))
        }
        #expect(error?.description.contains(message) == true)
    }

    @Test func refusesDeepNesting() {
        var handle = note(1)
        for _ in 0..<Limits.routeNestingMax { handle = sub(route(handle)) }
        #expect(throws: RoutingError.self) {
            try Walk.compiler().compileServer(routes: json("[\(route(handle))]"))
        }
    }

    @Test func entersRoutesAndComesBack() throws {
        let compiler = Walk.compiler()
        let walk = Walk()
        walk.entered[7] = try compiler.compileRoutes(json("[\(route(note(1))), \(route(note(8)))]"))
        walk.entered[8] = try compiler.compileRoutes(json("[\(route(note(2)))]"))
        let program = try compiler.compileServer(routes: json("[\(route(note(7, 3)))]"))
        #expect(walk.run(program, TestExchange()) == ["7", "1", "8", "2", "3", "end"])
    }

    @Test func errorBehindEnteredRoutesContinuesInsideThem() throws {
        let compiler = Walk.compiler()
        let walk = Walk()
        walk.entered[7] = try compiler.compileRoutes(
            json("[\(route(sub(route(note(1)), errors: route(note(2))))), \(route(note(3)))]"))
        let program = try compiler.compileServer(routes: json("[\(route(note(7, 500)))]"))
        #expect(
            walk.run(program, TestExchange())
                == ["7", "1", "3", "500", "2", "3", "500", "uncaught 500"])
    }

    @Test func boundsEntering() throws {
        let compiler = Walk.compiler()
        let walk = Walk()
        walk.entered[7] = try compiler.compileRoutes(json("[\(route(note(7)))]"))
        let program = try compiler.compileServer(routes: json("[\(route(note(7)))]"))
        let trace = walk.run(program, TestExchange())
        #expect(trace.last == "too deep" && trace.count == Limits.routeFramesMax + 2)
    }

    @Test func boundsErrorScopes() throws {
        let scopes = Array(
            repeating: route(sub(route(note(1)), errors: route(note(2)))),
            count: Limits.errorScopesMax + 1)
        #expect(try run(scopes).last == "failed 500")
        #expect(try run(Array(scopes.dropLast())).last == "end")
    }

    @Test func restartsABoundedNumberOfTimes() throws {
        let walk = Walk()
        walk.restarts = [5]
        let names = NameRegistry.testing()
        let program = try Walk.compiler(names: names).compileServer(
            routes: json("[\(route(note(1), group: "g")), \(route(note(5)))]"))
        let trace = walk.run(program, TestExchange(names: names))
        #expect(trace == Array(repeating: ["1", "5"], count: 11).flatMap { $0 } + ["too often"])
    }
}

@Suite struct HostDispatchTests {
    private let sites: String = {
        var routes = (0..<200).map { number in
            route(note(number), match: #"[{"host": ["s\#(number).example"]}]"#, terminal: true)
        }
        routes.insert(
            route(note(300), match: #"[{"host": ["*.wild.example", "s9.example"]}]"#), at: 0)
        routes.insert(route(note(301)), at: 100)
        routes.append(route(note(302), match: #"[{"host": ["a.*.example"]}]"#))
        routes.append(route(note(303), match: #"[{"host": ["x.y.example"], "path": ["/p"]}]"#))
        return "[\(routes.joined(separator: ", "))]"
    }()

    @Test(arguments: [
        ("s0.example", ["0", "end"]), ("S150.Example:80", ["301", "150", "end"]),
        ("s9.example", ["300", "9", "end"]), ("b.wild.example", ["300", "301", "end"]),
        ("none.example", ["301", "end"]), ("a.wild.example", ["300", "301", "302", "end"]),
        ("x.y.example.", ["301", "303", "end"]), ("", ["301", "end"]), (".", ["301", "end"]),
    ])
    func visitsWhatAScanWouldVisit(host: String, expected: [String]) throws {
        let program = try Walk.compiler().compileServer(routes: json(sites))
        #expect(Walk().run(program, TestExchange("GET", "/p", host: host)) == expected)
    }
}
