// Services that are found again, and strangers that are not taken for them.
import Testing

@testable import LLMResolverParts

@Suite struct LocateTests {
    private func process(
        _ id: Int32, _ port: UInt16, _ arguments: String, in directory: String, start: UInt64 = 1,
        marks: Marks = [], others: [UInt16] = []
    ) -> DiscoveredService {
        let facts = ProcessFacts(
            processID: id, parentID: 1, startTime: start, command: "x", arguments: arguments,
            workingDirectory: directory)
        return DiscoveredService(
            candidate: Candidate(id: "p\(id)-\(port)", kind: .process, port: port), marks: marks,
            dialAddresses: [DialAddress(address: .loopbackV4, port: port)],
            identity: .process(
                ServiceIdentity.Process(
                    workingDirectory: directory, signature: CommandSignature(arguments),
                    port: port, otherPorts: others, processID: id, startTime: start)),
            proof: .listing, process: facts)
    }

    private func locate(
        _ service: DiscoveredService, among services: [DiscoveredService]
    ) -> DiscoverySnapshot.Located {
        DiscoverySnapshot(generation: 1, services: services, engines: []).locate(service.identity)
    }

    @Test func followsAProgramToANewPort() {
        let old = process(1, 8001, "python3 -m http.server 8001", in: "/shop/api")
        let new = process(2, 8002, "python3 -m http.server 8002", in: "/shop/api", start: 9)
        let web = process(3, 8003, "python3 -m http.server 8003", in: "/shop/web")
        #expect(locate(old, among: [web, new]) == .found(new))
    }

    @Test(arguments: ["/shop", "/shop/api/v2", "/shop/apis"])
    func anotherDirectoryIsAnotherService(_ directory: String) {
        let old = process(1, 8001, "serve", in: "/shop/api")
        #expect(locate(old, among: [process(2, 8001, "serve", in: directory)]) == .absent)
    }

    @Test func aStrangerOnThePortIsNotIt() {
        let old = process(1, 3000, "node server.js", in: "/shop/api")
        #expect(locate(old, among: [process(2, 3000, "node other.js", in: "/shop/api")]) == .absent)
        // The number of the process has been given out again.
        let reused = process(1, 3000, "node other.js", in: "/else", start: 2)
        #expect(locate(old, among: [reused]) == .absent)
    }

    @Test func theSameProcessMayChangeItsTitle() {
        let old = process(1, 3000, "node next start", in: "/shop/web")
        let new = process(1, 3000, "next-server (v15)", in: "/shop/web")
        #expect(locate(old, among: [new]) == .found(new))
    }

    @Test func copiesAreToldApartByPortOnly() {
        let old = process(1, 3000, "serve --port 3000", in: "/shop")
        let same = process(2, 3000, "serve --port 3000", in: "/shop")
        let twin = process(3, 3001, "serve --port 3001", in: "/shop")
        #expect(locate(old, among: [twin, same]) == .found(same))
        let third = process(4, 3002, "serve --port 3002", in: "/shop")
        #expect(locate(old, among: [twin, third]) == .several([twin, third]))
    }

    @Test func portsThatWereNotMeantStayOut() {
        let old = process(1, 3000, "node a.js", in: "/shop", others: [9000])
        let debugger = process(2, 9229, "node a.js", in: "/shop", marks: .debugger)
        let metrics = process(2, 9000, "node a.js", in: "/shop")
        let new = process(2, 3005, "node a.js", in: "/shop")
        #expect(locate(old, among: [debugger, metrics, new]) == .found(new))
        #expect(locate(old, among: [debugger, metrics]) == .absent)
    }

    @Test func whatMayNeverBeOfferedIsNotFound() {
        let old = process(1, 3000, "serve", in: "/shop")
        let own = process(2, 3000, "serve", in: "/shop", marks: .own)
        let shared = process(3, 3000, "serve", in: "/shop", marks: .sharedPort)
        #expect(locate(old, among: [own, shared]) == .absent)
    }

    @Test func mappingsOfOtherProgramsHaveADirectoryAndPerhapsAPattern() {
        let api = process(1, 3000, "node api.js", in: "/shop")
        let web = process(2, 5173, "node vite", in: "/shop")
        let snapshot = DiscoverySnapshot(generation: 1, services: [api, web], engines: [])
        func locate(_ pattern: String?, _ port: UInt16) -> DiscoverySnapshot.Located {
            snapshot.locate(
                .process(workingDirectory: "/shop", arguments: nil, pattern: pattern, port: port))
        }
        #expect(locate("vite", 1) == .found(web))
        #expect(locate("rails", 3000) == .absent)
        #expect(locate(nil, 3000) == .found(api))
        #expect(locate(nil, 1) == .several([api, web]))
    }

    @Test func aContainerIsItsNameAndPortOrItsPlaceInTheStack() {
        let old = container("shop-web-1", 80)
        let renamed = container("1f_shop-web-1", 80)
        #expect(locate(old, among: [container("shop-web-1", 81)]) == .absent)
        #expect(
            locate(old, among: [renamed, container("shop-web-2", 80, number: "2")])
                == .found(renamed))
        let named = container("shop-web-1", 80)
        #expect(locate(old, among: [renamed, named]) == .found(named))
    }

    private func container(_ name: String, _ port: UInt16, number: String = "1")
        -> DiscoveredService
    {
        DiscoveredService(
            candidate: Candidate(
                id: "c\(name)-\(port)", kind: .container, port: port,
                container: Candidate.Container(name: name, image: "x")),
            dialAddresses: [],
            identity: .container(
                ServiceIdentity.Container(
                    name: name, port: port, composeProject: "shop", composeService: "web",
                    composeNumber: number)), proof: .listing)
    }
}
