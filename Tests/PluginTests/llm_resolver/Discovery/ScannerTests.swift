// Looks at this very machine, with processes that the tests start.
import Glibc
import Testing

@testable import LLMResolverParts

@Suite struct ScannerTests {
    @Test func findsWhoListens() throws {
        let listener = try LocalListener("127.0.0.1")
        let services = Scanner().scan([], now: 1)
        let own = try #require(services.first { $0.candidate.port == listener.port })
        #expect(own.candidate.bind == "127.0.0.1")
        #expect(own.dialAddresses.map(\.text) == ["127.0.0.1:\(listener.port)"])
        #expect(own.process?.processID == getpid())
        #expect(own.marks.contains(.own))
        #expect(own.process?.workingDirectory == currentDirectory())
    }

    @Test(arguments: [
        ("0.0.0.0", ["127.0.0.1"]), ("::1", ["[::1]"]), ("::", ["127.0.0.1", "[::1]"]),
    ])
    func knowsWhereToDial(_ bind: String, _ hosts: [String]) throws {
        let listener = try LocalListener(bind)
        let services = Scanner().scan([], now: 1)
        let own = try #require(services.first { $0.candidate.port == listener.port })
        #expect(own.candidate.bind == bind)
        #expect(own.dialAddresses.map(\.text) == hosts.map { "\($0):\(listener.port)" })
    }

    @Test func aTargetEndsWithItsSocket() throws {
        var listener: LocalListener? = try LocalListener("127.0.0.1")
        let port = try #require(listener?.port)
        let service = Scanner().scan([], now: 1).first { $0.candidate.port == port }
        let target = try #require(service).makeTarget()
        #expect(target.isCurrent(1, within: 0))
        listener = nil
        let stranger = try LocalListener("127.0.0.1", port: port)
        #expect(!target.isCurrent(2, within: 0))
        #expect(stranger.port == port)
    }

    @Test func anAnswerCountsForAMoment() throws {
        var listener: LocalListener? = try LocalListener("::1")
        let port = try #require(listener?.port)
        let service = Scanner().scan([], now: 1).first { $0.candidate.port == port }
        let target = try #require(service).makeTarget()
        #expect(target.isCurrent(1000, within: 50))
        listener = nil
        #expect(target.isCurrent(1049, within: 50))
        #expect(!target.isCurrent(1050, within: 50))
    }
}

private func currentDirectory() -> String {
    let path = getcwd(nil, 0)!
    defer { free(path) }
    return String(cString: path)
}
