// Known names: found however a client writes them, and never by what is no host.
import PluginSDK
import Testing

@testable import LLMResolverParts

@Suite struct RouteTableTests {
    private let table = RouteTable([
        Self.entry("app.localhost", 3000), Self.entry("app.localhost:api", 4000),
        Self.entry("app.localhost:v2", 5000),
    ])

    private static func entry(_ key: String, _ port: UInt16) -> RouteEntry {
        RouteEntry(
            key: key,
            service: DiscoveredService(
                candidate: Candidate(id: key, kind: .process, port: port),
                dialAddresses: [DialAddress(address: .loopbackV4, port: port)],
                identity: .process(
                    ServiceIdentity.Process(
                        workingDirectory: "/srv", signature: CommandSignature("x"), port: port,
                        otherPorts: [], processID: 1, startTime: 1)),
                proof: .listing, process: nil))
    }

    private func dial(_ host: String) -> String? {
        host.withBytes { table.route(ofHost: $0.span, now: 0) }
            .map { String(decoding: $0.dial, as: UTF8.self) }
    }

    @Test(arguments: [
        "app.localhost", "APP.LocalHost", "app.localhost.", "app.localhost:443",
        "app.localhost.:80",
        "app.localhost:",
    ])
    func caseAndPortAndRootDotDoNotMatter(_ host: String) {
        #expect(dial(host) == "127.0.0.1:3000")
    }

    /// Keys of services have the form of a host with a port that is none.
    @Test(arguments: [
        "app.localhost:api", "app.localhost:v2", "app.localhost:443:api", "app.localhost:4x", "",
        ".", ":80", "other.localhost", "app.localhos", "app.localhost..", "[app.localhost]",
    ])
    func nothingElseIsFound(_ host: String) {
        #expect(dial(host) == nil)
    }

    @Test func servicesAreFoundByTheirKey() {
        let dial = "app.localhost:api".withBytes { key in
            table.route(of: key.buffer, now: 0).map { String(decoding: $0.dial, as: UTF8.self) }
        }
        #expect(dial == "127.0.0.1:4000")
    }
}
