// Addresses, answers and events of container engines.
import Testing

@testable import LLMResolverParts

@Suite struct EngineTextTests {
    private static let id = String(repeating: "a1", count: 32)

    @Test func looksWhereTheEnvironmentSays() throws {
        let environment = [
            "DOCKER_HOST": "unix:///x/docker.sock", "XDG_RUNTIME_DIR": "/run/user/7", "HOME": "",
        ]
        let places = EnginePlace.all { environment[$0] }.compactMap { try? $0.get().address }
        #expect(
            places == [
                "unix//x/docker.sock", "unix//var/run/docker.sock", "unix//run/user/7/docker.sock",
                "unix//run/user/7/podman/podman.sock", "unix//run/podman/podman.sock",
            ])
    }

    @Test(arguments: [
        ("tcp://192.0.2.7:2375", "192.0.2.7:2375", "192.0.2.7"),
        ("tcp://127.0.0.1:2375", "127.0.0.1:2375", nil),
        ("tcp://[2001:db8::7]:2375/", "[2001:db8::7]:2375", "2001:db8::7"),
    ])
    func readsAddressesOfOtherMachines(_ text: String, _ address: String, _ host: String?) throws {
        let place = try EnginePlace.read(text, variable: "X", certificates: nil).get()
        #expect(place.address == address && place.host?.text == host && place.socketPath == nil)
    }

    @Test(arguments: ["ssh://a@b", "npipe:////./pipe/x", "tcp://host", "unix://x", "", "tcp://:x"])
    func saysWhichAddressesItCannotUse(_ text: String) {
        #expect(throws: EnginePlace.Problem.self) {
            try EnginePlace.read(text, variable: "DOCKER_HOST", certificates: nil).get()
        }
    }

    @Test(arguments: [
        (#"{"Type":"container","Action":"start","Actor":{"ID":"ID"}}"#, true),
        (#"{"Type":"container","Action":"died","id":"ID"}"#, true),
        (
            #"{"Type":"network","Action":"connect","Actor":{"ID":"n","Attributes":{"container":"ID"}}}"#,
            true
        ),
        (#"{"Type":"container","Action":"exec_start: sh","Actor":{"ID":"ID"}}"#, false),
        (#"{"Type":"container","Action":"health_status: healthy","Actor":{"ID":"ID"}}"#, false),
        ("{}", false), ("[]", false), ("{", false), ("", false),
    ])
    func hearsEventsThatMatter(_ line: String, _ matters: Bool) {
        let text = line.split(separator: "\"ID\":\"ID\"").joined(separator: "\"ID\":\"\(Self.id)\"")
            .split(separator: ":\"ID\"").joined(separator: ":\"\(Self.id)\"")
        #expect(EngineJSON.event(Array(text.utf8)) == (matters ? .init(containerID: Self.id) : nil))
    }

    @Test func takesNoIdThatIsNone() {
        let list = #"[{"Id":"../../x"},{"Id":"\#(Self.id)"},{"Id":7},{}]"#
        #expect(EngineJSON.identifiers(Array(list.utf8)) == [Self.id])
        #expect(EngineJSON.identifiers(Array("{}".utf8)) == nil)
    }

    @Test func readsNetworksInOrderWithIPv6() throws {
        let text = """
            {"Id":"\(Self.id)","Name":"/x","HostConfig":{"NetworkMode":"b"},"NetworkSettings":{
            "Ports":{"80/tcp":[{"HostIp":"::","HostPort":"8080"},{"HostIp":"","HostPort":"8080"}],
            "53/udp":[{"HostIp":"","HostPort":"53"}],"443/tcp":null},
            "Networks":{"b":{"IPAddress":"172.18.0.5","GlobalIPv6Address":"2001:db8::5"},
            "a":{"IPAddress":"172.17.0.5"},"none":{"IPAddress":""}}}}
            """
        let record = try #require(EngineJSON.record(Array(text.utf8), engineHost: nil))
        #expect(record.networks.map(\.name) == ["a", "b"])
        #expect(record.networks[1].addresses.map(\.text) == ["172.18.0.5", "2001:db8::5"])
        #expect(record.ports == [80, 443])
        #expect(record.published.map(\.address) == ["0.0.0.0", "::"])
    }

    /// Every cut of an answer, and any byte changed, gives a record or none.
    @Test func survivesWhatIsMalformed() {
        let text = Array(
            #"{"Id":"\#(Self.id)","Name":"/x","State":{"Pid":1},"Args":[1,"a"],"Config":{"Labels":{"a":1}}}"#
                .utf8)
        for count in text.indices {
            #expect(EngineJSON.record(Array(text[..<count]), engineHost: nil) == nil)
            var broken = text
            broken[count] = 0xFF
            _ = EngineJSON.record(broken, engineHost: nil)
        }
    }

    @Test func linesComeOutWholeHoweverTheyCome() {
        let stream = Array("{\"a\":1}\n\n{\"b\":2}\r\nrest".utf8)
        for size in 1...stream.count {
            var splitter = LineSplitter()
            var lines: [String] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                Array(stream[start..<min(stream.count, start + size)]).withUnsafeBytes {
                    splitter.append($0) { lines.append(String(decoding: $0, as: UTF8.self)) }
                }
            }
            #expect(lines == ["{\"a\":1}", "{\"b\":2}\r"])
        }
    }

    @Test func aLineAboveTheLimitIsLeftOut() {
        var splitter = LineSplitter()
        var lines = 0
        let piece = [UInt8](repeating: 65, count: DiscoveryLimits.eventBytesMax)
        for bytes in [piece, piece, Array("\n{}\n".utf8)] {
            bytes.withUnsafeBytes { splitter.append($0) { _ in lines += 1 } }
        }
        #expect(lines == 1)
    }
}
