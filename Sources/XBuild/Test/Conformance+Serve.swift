// The suite with a gateway that serves: hooks, fragments, clients that leave, leaks.
import Base
import CSystem
import Commands

extension Conformance {
    /// Requests of the author, or those that every handler gets.
    private var requests: [TestFile.Request] {
        var plain = test.requests
        if plain.isEmpty { plain = [TestFile.Request()] }
        var posted = plain[0]
        posted.method = "POST"
        posted.body = String(repeating: "0123456789abcdef", count: 12)
        posted.status = nil
        posted.expectedBody = nil
        posted.expectedFields = [:]
        return plain + [posted]
    }

    private static let answerBody = Array("an answer of the upstream, long enough to be cut\n".utf8)

    mutating func serve(_ json: JSONValue) throws(BuildError) {
        guard let port = LocalSocket.freePort() else { throw BuildError("no free port") }
        let configuration = try bench.write("serve.json", Self.listening(json, port).serialized())
        let gateway: TestGateway
        do throws(BuildError) {
            gateway = try TestGateway(bench, configuration: configuration, port: port)
        } catch {
            return report.add(
                "serving", "the gateway starts", error.description, reproduce: command)
        }
        let runner = ExchangeRunner(port: port, upstream: upstream)
        let groups: [(String, (inout Conformance) throws(BuildError) -> Void)] = [
            ("requests of test.json", { (suite) throws(BuildError) in suite.ownRequests(runner) }),
            (
                "whole and fragments",
                { (suite) throws(BuildError) in try suite.fragments(runner, gateway) }
            ),
            (
                "broken upstreams",
                { (suite) throws(BuildError) in try suite.brokenUpstreams(runner, gateway) }
            ),
            (
                "clients that leave",
                { (suite) throws(BuildError) in try suite.leavingClients(runner, gateway) }
            ),
            ("leaks", { (suite) throws(BuildError) in try suite.leaks(runner, gateway) }),
        ]
        for (name, group) in groups {
            try group(&self)
            if let end = gateway.look() {
                report.add(
                    name, "the gateway lives",
                    "it ended with \(end): "
                        + Self.lastLine(gateway.log), reproduce: command)
                return
            }
        }
        stop(gateway)
    }

    private mutating func stop(_ gateway: TestGateway) {
        let end = gateway.stop()
        report.add(
            "life cycle", "the gateway stops and cleans up",
            end == .exited(0) ? nil : "it ended with \(end)", reproduce: command)
        let violations = gateway.violations
        if violations.isEmpty {
            report.add("contract", "threads, ownership and tickets are as the headers say", nil)
        }
        for violation in violations {
            report.add(
                "contract", "\(violation.call)", violation.description, reproduce: command)
        }
    }

    /// The same configuration on another port.
    private static func listening(_ json: JSONValue, _ port: UInt16) -> JSONValue {
        let text = json.serialized().replacing(word: ":65500", with: ":\(port)")
        return (try? JSONValue(parsing: text)) ?? json
    }

    // What the author expects

    private mutating func ownRequests(_ runner: ExchangeRunner) {
        if test.requests.isEmpty {
            report.skip("requests of test.json", "none", "there is no test.json")
        }
        for request in test.requests {
            let outcome = runner.run(
                ClientPlan(request), UpstreamPlan(body: Self.answerBody))
            report.add(
                "requests of test.json", "\(request.method) \(request.uri)",
                Self.difference(request, outcome), reproduce: command)
        }
    }

    private static func difference(
        _ request: TestFile.Request, _ outcome: ExchangeOutcome
    ) -> String? {
        guard outcome.end == .answered else { return "got \(outcome.summary)" }
        if let status = request.status, status != outcome.status {
            return "got status \(outcome.status), expected \(status)"
        }
        for (name, value) in request.expectedFields.sorted(by: { $0.key < $1.key }) {
            let found = outcome.fields[name.lowercased()]
            if found != value { return "got \(name) \(found ?? "not at all"), expected \(value)" }
        }
        if let body = request.expectedBody, Array(body.utf8) != outcome.body {
            let found = String(decoding: outcome.body.prefix(200), as: UTF8.self)
            return "got the body \"\(found)\", expected \"\(body)\""
        }
        return nil
    }

    // Bodies in one piece and in many

    private mutating func fragments(
        _ runner: ExchangeRunner, _ gateway: TestGateway
    ) throws(BuildError) {
        let group = "whole and fragments"
        for request in requests {
            let name = "\(request.method) \(request.uri)"
            let whole = UpstreamPlan(body: Self.answerBody)
            let first = runner.run(ClientPlan(request), whole)
            let second = runner.run(ClientPlan(request), whole)
            report.add(
                group, "\(name), whole", Self.endProblem(first, gateway), reproduce: command)
            guard Self.same(first, second) else {
                report.skip(group, "\(name), cut", "two equal requests are answered differently")
                continue
            }
            for (what, client, answer) in cuts(request) {
                try Interruption.check()
                let outcome = runner.run(client, answer)
                let problem =
                    Self.endProblem(outcome, gateway)
                    ?? (Self.same(first, outcome)
                        ? nil
                        : "got \(outcome.summary), but \(first.summary) for the same in one piece: "
                            + "a hook sees pieces of any size")
                report.add(group, "\(name), \(what)", problem, reproduce: command)
            }
        }
        for (what, body) in [("empty", []), ("large", Self.large)] as [(String, [UInt8])] {
            let outcome = runner.run(ClientPlan(requests[0]), UpstreamPlan(body: body))
            report.add(
                group, "\(what) answer of the upstream", Self.endProblem(outcome, gateway),
                reproduce: command)
        }
    }

    private static let large = [UInt8](repeating: 0x61, count: 1_000_000)

    private func cuts(_ request: TestFile.Request) -> [(String, ClientPlan, UpstreamPlan)] {
        let answer = UpstreamPlan(body: Self.answerBody)
        var cuts = [
            (
                "the answer byte by byte", ClientPlan(request),
                UpstreamPlan(body: Self.answerBody, pieceBytes: 1)
            ),
            (
                "the answer in chunks with a trailer", ClientPlan(request),
                UpstreamPlan(
                    body: Self.answerBody, pieceBytes: 7, isChunked: true, hasTrailer: true)
            ),
        ]
        if !request.body.isEmpty {
            cuts.append(("the body byte by byte", ClientPlan(request, pieceBytes: 1), answer))
            cuts.append(
                (
                    "the body in chunks with a trailer",
                    ClientPlan(request, pieceBytes: 5, isChunked: true), answer
                ))
        }
        return cuts
    }

    private static func same(_ one: ExchangeOutcome, _ other: ExchangeOutcome) -> Bool {
        one.end == other.end && one.status == other.status && one.body == other.body
            && one.upstreamBodies == other.upstreamBodies
    }

    /// An exchange has to end with an answer.
    private static func endProblem(
        _ outcome: ExchangeOutcome, _ gateway: TestGateway
    ) -> String? {
        if let end = gateway.look() { return "the gateway ended with \(end)" }
        return outcome.end == .answered ? nil : "got \(outcome.summary)"
    }

    // Upstreams that break

    private mutating func brokenUpstreams(
        _ runner: ExchangeRunner, _ gateway: TestGateway
    ) throws(BuildError) {
        let group = "broken upstreams"
        let request = requests[0]
        let calls = runner.run(ClientPlan(request), UpstreamPlan(body: Self.answerBody))
            .upstreamRequests
        guard calls > 0 else {
            return report.skip(group, "all", "the plugin answers without an upstream")
        }
        let faults: [(String, UpstreamPlan.Fault)] = [
            ("closes at once", .closeAtOnce), ("closes in the head", .closeInHead),
            ("closes in the body", .closeInBody),
        ]
        for index in 0..<min(calls, 8) {
            for (what, fault) in faults {
                try Interruption.check()
                var plan = UpstreamPlan(body: Self.answerBody)
                plan.fault = fault
                plan.faultAt = index
                let outcome = runner.run(ClientPlan(request), plan)
                let problem: String? =
                    switch outcome.end {
                    case .answered, .cut: gateway.look().map { "the gateway ended with \($0)" }
                    case .left, .timedOut, .refused: "got \(outcome.summary)"
                    }
                report.add(
                    group, "call \(index + 1) of \(calls) \(what)",
                    problem ?? aftermath(runner, request), reproduce: command)
            }
        }
    }

    // Clients that leave at every point where the exchange waits

    private mutating func leavingClients(
        _ runner: ExchangeRunner, _ gateway: TestGateway
    ) throws(BuildError) {
        let group = "clients that leave"
        for request in [requests[0], requests[requests.count - 1]] {
            let usual = runner.run(ClientPlan(request), UpstreamPlan(body: Self.answerBody))
            for (what, client, answer) in departures(request, usual) {
                try Interruption.check()
                let outcome = runner.run(client, answer)
                var problem: String?
                if let end = gateway.look() {
                    problem = "the gateway ended with \(end): \(Self.lastLine(gateway.log))"
                } else if outcome.end == .timedOut {
                    problem = "got \(outcome.summary)"
                }
                report.add(
                    group, "\(request.method) \(request.uri), \(what)",
                    problem ?? aftermath(runner, request), reproduce: command)
                if gateway.end != nil { return }
            }
        }
    }

    private func departures(
        _ request: TestFile.Request, _ usual: ExchangeOutcome
    ) -> [(String, ClientPlan, UpstreamPlan)] {
        var cases: [(String, ClientPlan, UpstreamPlan)] = []
        func add(
            _ what: String, _ leaving: ClientPlan.Leaving, pieceBytes: Int = 16,
            _ answer: UpstreamPlan
        ) {
            var client = ClientPlan(request, pieceBytes: pieceBytes)
            client.leaving = leaving
            cases.append((what, client, answer))
        }
        let slow = UpstreamPlan(body: Self.answerBody, pieceBytes: 8)
        let pieces = ClientPlan(request, pieceBytes: 16).pieces.count
        for count in 1...min(pieces, 12) {
            add("after piece \(count) of \(pieces)", .afterPieces(count), slow)
        }
        // Each call is a point where the exchange waits; what comes too late must find it gone.
        for call in 1...8 where call <= usual.upstreamRequests {
            var held = UpstreamPlan(body: Self.answerBody)
            held.fault = .holdUntilLeft
            held.faultAt = call - 1
            add(
                "while call \(call) waits for its answer, which comes later",
                .afterUpstreamRequest(call), held)
        }
        for bytes in [1, 40, 160] {
            add("after \(bytes) bytes of the answer", .afterAnswerBytes(bytes), slow)
        }
        // Timers and work of the plugin's own are waited for, too.
        for milliseconds: UInt64 in [1, 5, 20] {
            add("after \(milliseconds) ms", .afterMilliseconds(milliseconds), slow)
        }
        return cases
    }

    /// Whether the next request is answered as if nothing had happened.
    private func aftermath(_ runner: ExchangeRunner, _ request: TestFile.Request) -> String? {
        let outcome = runner.run(ClientPlan(request), UpstreamPlan(body: Self.answerBody))
        return outcome.end == .answered
            ? nil : "the next request got \(outcome.summary)"
    }

    // Leaks

    private mutating func leaks(
        _ runner: ExchangeRunner, _ gateway: TestGateway
    ) throws(BuildError) {
        let rounds = 400
        try repeatRequests(runner, rounds)
        let (memory, files) = (gateway.memory, gateway.openFiles)
        try repeatRequests(runner, rounds)
        let between = gateway.memory
        try repeatRequests(runner, rounds)
        let growth = min(between - memory, gateway.memory - between)
        report.add(
            "leaks", "memory does not grow with requests",
            growth > Self.growthKiBMax
                ? "grew by \(growth) KiB in each of two times \(rounds) requests" : nil,
            reproduce: command)
        let more = gateway.openFiles - files
        report.add(
            "leaks", "descriptors are closed", more > 4 ? "\(more) more are open" : nil,
            reproduce: command)
    }

    /// More than the host's own caches and the allocator's slack.
    private static let growthKiBMax = 256

    private func repeatRequests(_ runner: ExchangeRunner, _ count: Int) throws(BuildError) {
        let request = requests[0]
        for index in 0..<count {
            if index % 50 == 0 { try Interruption.check() }
            var client = ClientPlan(request)
            // Settling with a client that leaves takes its time: few of them do.
            if index % 64 == 63 { client.leaving = .afterPieces(1) }
            _ = runner.run(client, UpstreamPlan(body: Self.answerBody))
        }
    }
}
