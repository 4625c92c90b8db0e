// Services of the caller's own project, and the list for people and models.
import Testing

@testable import LLMResolverParts

@Suite struct ServiceTests {
    private let web = Candidate(
        id: "web", kind: .process, port: 3000, arguments: "next-server (v15)",
        workingDirectory: "/home/dev/quay/apps/web")
    private let api = Candidate(
        id: "api", kind: .process, port: 4000, arguments: "node nest start",
        workingDirectory: "/home/dev/quay/apps/api")
    private let foreign = Candidate(
        id: "foreign", kind: .process, port: 4001, arguments: "node nest start",
        workingDirectory: "/home/dev/dune/apps/api")
    private let search = Candidate(
        id: "search", kind: .process, port: 7700, arguments: "node server.js",
        workingDirectory: "/home/dev/dune/apps/search")

    private func decide(_ service: String, origin: Candidate?, _ host: String) -> String? {
        NameMatcher.decide(
            service: service, origin: origin, originHost: host,
            candidates: [foreign, search, api, web]
        ).candidate
    }

    @Test func findsTheServiceOfTheSameProject() {
        #expect(decide("api", origin: web, "quay.localhost") == "api")
        #expect(decide("be", origin: web, "anything.localhost") == "api")
        #expect(decide("api", origin: search, "dune.localhost") == "foreign")
        #expect(decide("web", origin: api, "api.quay.localhost") == "web")
    }

    @Test func findsItByTheHostAlone() {
        #expect(decide("api", origin: nil, "quay.localhost") == "api")
        #expect(decide("api", origin: nil, "web.quay.localhost") == "api")
    }

    @Test func neverTakesTheServiceOfAnotherProject() {
        #expect(decide("search", origin: web, "quay.localhost") == nil)
        #expect(decide("search", origin: nil, "quay.localhost") == nil)
        #expect(decide("", origin: web, "quay.localhost") == nil)
    }

    @Test func listsWhatIsPlausible() {
        let list = NameMatcher.shortlist(
            host: "api.quay.localhost", candidates: [foreign, search, web, api])
        #expect(list.first?.candidate.id == "api")
        #expect(!list.contains { $0.candidate.id == "search" })
        #expect(list.allSatisfy { !$0.evidence.isEmpty })
        #expect(NameMatcher.shortlist(host: "localhost", candidates: [api]).isEmpty)
    }

    @Test func listsNothingThatSpeaksNoHTTP() {
        let database = Candidate(
            id: "db", kind: .process, port: 5432, command: "postgres", arguments: "postgres",
            workingDirectory: "/home/dev/quay")
        #expect(NameMatcher.shortlist(host: "quay.localhost", candidates: [database]).isEmpty)
    }

    @Test func knowsAProgramByItsManifest() {
        var service = Candidate(
            id: "p", kind: .process, port: 4000, arguments: "node server.js",
            workingDirectory: "/home/dev/x1")
        #expect(NameMatcher.decide(host: "quay.localhost", candidates: [service]).candidate == nil)
        service.packageName = "quay"
        #expect(NameMatcher.decide(host: "quay.localhost", candidates: [service]).candidate == "p")
        service.packageName = "@quay/api"
        #expect(
            NameMatcher.decide(host: "api.quay.localhost", candidates: [service]).candidate == "p")
    }
}
