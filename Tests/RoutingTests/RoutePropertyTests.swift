// Random programs against an interpreter that follows the definition with closures.
import Base
import Testing

@testable import Routing

/// The definition: a list of routes is a function of what comes after it.
private struct Interpreter {
    enum Outcome: Equatable {
        case done
        case failed(UInt16)
    }

    let bits: Int
    let named: [String: JSONValue]
    var trace: [String] = []
    var groups: Set<String> = []
    var pendingError: UInt16?
    var steps = 0

    typealias Next = @Sendable (inout Interpreter) -> Outcome

    mutating func server(_ routes: JSONValue, errors: JSONValue) -> Outcome {
        let outcome = run(routes.arrayValue ?? [], 0, Self.unanswered)
        guard case .failed(let status) = outcome, errors != .null else { return outcome }
        pendingError = status
        return run(errors.objectValue?["routes"]?.arrayValue ?? [], 0, Self.unanswered)
    }

    static let unanswered: Next = { walker in
        walker.trace.append(walker.pendingError.map { "failed \($0)" } ?? "end")
        return .done
    }

    mutating func run(_ routes: [JSONValue], _ index: Int, _ next: @escaping Next) -> Outcome {
        guard index < routes.count else { return next(&self) }
        let rest: Next = { $0.run(routes, index + 1, next) }
        guard let route = routes[index].objectValue, matchesAny(route["match"]) else {
            return rest(&self)
        }
        if let group = route["group"]?.stringValue, !group.isEmpty {
            guard groups.insert(group).inserted else { return rest(&self) }
        }
        let after = route["terminal"]?.boolValue == true ? Self.unanswered : rest
        return handle(route["handle"]?.arrayValue ?? [], 0, after)
    }

    mutating func handle(_ handlers: [JSONValue], _ index: Int, _ next: @escaping Next) -> Outcome {
        guard index < handlers.count else { return next(&self) }
        let rest: Next = { $0.handle(handlers, index + 1, next) }
        guard let handler = handlers[index].objectValue else { return .done }
        switch handler["handler"]?.stringValue {
        case "subroute":
            let outcome = run(handler["routes"]?.arrayValue ?? [], 0, rest)
            guard case .failed(let status) = outcome,
                let errors = handler["errors"]?.objectValue?["routes"]?.arrayValue
            else { return outcome }
            pendingError = status
            return run(errors, 0, rest)
        case "invoke":
            let route = named[handler["name"]?.stringValue ?? ""] ?? .null
            return run([route], 0, rest)
        default:
            let id = handler["id"]?.intValue ?? 0
            trace.append("\(id)")
            steps += 1
            if id >= 1000 { return .done }
            if id >= 400 { return .failed(UInt16(id)) }
            return rest(&self)
        }
    }

    func matchesAny(_ sets: JSONValue?) -> Bool {
        guard let sets = sets?.arrayValue, !sets.isEmpty else { return true }
        return sets.contains { set in
            (set.objectValue ?? [:]).allSatisfy { name, value in
                switch name {
                case "not":
                    return value.arrayValue?.isEmpty == true || !matchesAny(value)
                case "host":
                    return value.arrayValue?.contains(.string("h\(bits % 8).example")) == true
                default:
                    let bit = value.objectValue?.keys.first.flatMap { Int($0.dropFirst()) } ?? 0
                    return bits >> bit & 1 == 1
                }
            }
        }
    }
}

private struct Generator {
    var random: SplitMix

    mutating func routes(_ depth: Int, canInvoke: Bool) -> JSONValue {
        .array(
            (0..<random.below(depth == 0 ? 7 : 4)).map { _ in route(depth, canInvoke: canInvoke) })
    }

    mutating func route(_ depth: Int, canInvoke: Bool) -> JSONValue {
        var route: [String: JSONValue] = [
            "handle": .array(
                (0..<random.below(4)).map { _ in handler(depth, canInvoke: canInvoke) })
        ]
        if random.below(3) > 0 { route["match"] = sets(0) }
        if random.below(3) == 0 { route["group"] = .string("g\(random.below(3))") }
        if random.below(6) == 0 { route["terminal"] = true }
        return .object(route)
    }

    mutating func sets(_ depth: Int) -> JSONValue {
        .array(
            (0..<random.below(3)).map { _ in
                var set: [String: JSONValue] = [:]
                if random.below(2) == 0 { set["query"] = ["b\(random.below(5))": ["1"]] }
                if random.below(3) == 0 {
                    set["host"] = .array(
                        (0...random.below(3)).map { .string("h\($0 * 2).example") })
                }
                if depth < 2, random.below(4) == 0 { set["not"] = sets(depth + 1) }
                return .object(set)
            })
    }

    mutating func handler(_ depth: Int, canInvoke: Bool) -> JSONValue {
        switch random.below(10) {
        case 0...2 where depth < 3:
            var handler: [String: JSONValue] = [
                "handler": "subroute", "routes": routes(depth + 1, canInvoke: canInvoke),
            ]
            if random.below(2) == 0 {
                handler["errors"] = ["routes": routes(depth + 1, canInvoke: canInvoke)]
            }
            return .object(handler)
        case 3 where canInvoke: return ["handler": "invoke", "name": "n"]
        case 4: return ["handler": "note", "id": .int(Int64(400 + random.below(3)))]
        case 5: return ["handler": "note", "id": 1000]
        default: return ["handler": "note", "id": .int(Int64(random.below(100)))]
        }
    }
}

/// Steele, Lea and Flood's generator: the same numbers on every machine.
private struct SplitMix {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }
}

@Suite struct RoutePropertyTests {
    @Test(arguments: 0..<20)
    func agreesWithTheDefinition(block: UInt64) throws {
        for seed in 0..<50 {
            var generator = Generator(random: SplitMix(state: block * 1000 + UInt64(seed)))
            let named = ["n": generator.route(2, canInvoke: false)]
            let routes = generator.routes(0, canInvoke: true)
            let errors: JSONValue =
                seed % 2 == 0 ? .null : ["routes": generator.routes(1, canInvoke: true)]
            let names = NameRegistry.testing()
            let program = try Walk.compiler(named, names: names)
                .compileServer(routes: routes, errors: errors)
            for bits in [0, 5, 10, 21, 31] {
                var interpreter = Interpreter(bits: bits, named: named)
                let outcome = interpreter.server(routes, errors: errors)
                var expected = interpreter.trace
                if case .failed(let status) = outcome { expected.append("uncaught \(status)") }
                let query = (0..<5).map { "b\($0)=\(bits >> $0 & 1)" }.joined(separator: "&")
                let exchange = TestExchange(
                    "GET", "/?\(query)", host: "h\(bits % 8).example", names: names)
                let found = Walk().run(program, exchange)
                // Scopes are bounded in the program and not in the definition.
                if found.last == "failed 500" { continue }
                #expect(found == expected, "seed \(seed) bits \(bits): \(routes.serialized())")
            }
        }
    }
}
