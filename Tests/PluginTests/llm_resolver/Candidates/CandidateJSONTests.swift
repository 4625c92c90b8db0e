// Candidates as JSON.
import PluginSDK
import Testing

@testable import LLMResolverParts

@Suite struct CandidateJSONTests {
    private let container = Candidate(
        id: "c1", kind: .container, port: 80, bind: "::1", command: "nginx",
        arguments: "nginx -g x",
        workingDirectory: "/home/dev/shop", packageName: "shop",
        container: Candidate.Container(
            name: "shop-web-1", image: "shop-web:2", composeProject: "shop", composeService: "web",
            publishedPorts: [.init(container: 80, host: 8080, address: "::1")],
            exposedPorts: [80, 443], labels: ["a": "b"]))

    @Test func readsWhatItWrites() throws {
        #expect(try Candidate(json: container.json) == container)
    }

    @Test func readsNulls() throws {
        let candidate = try Candidate(json: [
            "id": "p1", "kind": "process", "port": 3000, "bind": .null, "command": .null,
            "args": .null, "workdir": .null, "unknown": [1, 2],
        ])
        #expect(candidate == Candidate(id: "p1", kind: .process, port: 3000))
    }

    @Test(
        arguments: [
            ("port", .int(0)), ("port", .int(65536)), ("port", "80"), ("id", .null),
            ("kind", "pod"), ("args", .int(1)), ("labels", ["a": .int(1)]),
            ("exposed_ports", ["80"]),
            ("published_ports", [["container": 80, "host": 0, "ip": ""]]),
        ] as [(String, JSONValue)])
    func refusesWhatHasTheWrongType(member: String, value: JSONValue) throws {
        guard case .object(var members) = container.json else { return }
        members[member] = value
        #expect(throws: CandidateError.self) { try Candidate(json: .object(members)) }
    }

    @Test func writesDecisions() {
        #expect(
            Decision(candidate: "p1", by: "name", reason: "r").json.serialized
                == #"{"by":"name","decision":{"id":"p1"},"reason":"r"}"#)
        #expect(
            Decision(candidate: nil, by: "name", reason: "r").json.serialized
                == #"{"by":"name","decision":null,"reason":"r"}"#)
    }
}
