// Changing fields in a message block, and which of them travel on.
import Base
import CGateway
import Testing

@testable import HTTP

/// A block with one section, both gone at the end of the test.
final class TestMessage {
    let block = MessageBlock()
    private let sections = UnsafeMutablePointer<gw_fields>.allocate(capacity: 2)
    var section: UnsafeMutablePointer<gw_fields> { sections }
    /// A second one in the same block, once `registerSecond` was called.
    var second: UnsafeMutablePointer<gw_fields> { sections + 1 }

    init(fieldLines: String = "") throws {
        sections.initialize(repeating: gw_fields(), count: 2)
        var request = try ReadRequest("GET / HTTP/1.1\r\nHost: h\r\n\(fieldLines)\r\n")
        try block.adoptRequest(
            request.bytes, &request.head, fields: request.fields, section: section)
    }

    deinit {
        block.reset()
        sections.deallocate()
    }

    var fields: [String] { Self.lines(section) }

    static func lines(_ section: UnsafePointer<gw_fields>) -> [String] {
        seenFields(section).map { "\($0.name): \($0.value)" }
    }
}

/// Calls with the text's octets, which are gone afterwards.
@discardableResult
func withOctets<Result>(
    _ text: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
) rethrows -> Result {
    try octets(text).withUnsafeBufferPointer(body)
}

@Suite struct FieldSectionTests {
    private let accept = UInt16(GW_FIELD_ACCEPT)

    @Test func getsTheFirstValue() throws {
        let message = try TestMessage(fieldLines: "Accept: a\r\nX: 1\r\naccept: b\r\n")
        #expect(FieldSection.get(message.section, accept).map(latin1) == "a")
        #expect(FieldSection.index(message.section, of: accept, from: 2) == 3)
        #expect(FieldSection.get(message.section, UInt16(GW_FIELD_VIA)) == nil)
    }

    @Test func setReplacesEveryOneInPlaceOfTheFirst() throws {
        let message = try TestMessage(fieldLines: "Accept: a\r\nX: 1\r\naccept: b\r\nY: 2\r\n")
        try withOctets("new") { try FieldSection.set(message.section, accept, $0) }
        #expect(message.fields == ["Host: h", "Accept: new", "X: 1", "Y: 2"])
    }

    @Test func setAddsWhatIsNotThere() throws {
        let message = try TestMessage()
        let id = FieldNames.intern("X-Set-Adds")
        try withOctets("1") { try FieldSection.set(message.section, id, $0) }
        try withOctets("2") { try FieldSection.add(message.section, id, $0) }
        try withOctets("") { try FieldSection.setAt(message.section, 0, $0) }
        #expect(message.fields == ["Host: ", "X-Set-Adds: 1", "X-Set-Adds: 2"])
    }

    @Test func addsByNameAndFindsById() throws {
        let message = try TestMessage()
        try withOctets("ACCEPT") { name in
            try withOctets("v") {
                try FieldSection.addNamed(message.section, name: name, value: $0)
            }
        }
        #expect(FieldSection.get(message.section, accept).map(latin1) == "v")
        #expect(message.fields == ["Host: h", "ACCEPT: v"])
    }

    @Test func removesEveryOneOfAName() throws {
        let message = try TestMessage(fieldLines: "Accept: a\r\nX: 1\r\nAccept: b\r\n")
        try FieldSection.remove(message.section, accept)
        #expect(message.fields == ["Host: h", "X: 1"])
        #expect(throws: FieldError.notFound) { try FieldSection.remove(message.section, accept) }
    }

    @Test(
        arguments: [
            ("X-*", ["Host: h", "AX-1: 3"]), ("*-1", ["Host: h", "X-Two: 2"]),
            ("*x-*", ["Host: h"]), ("x-ONE-1", ["Host: h", "X-Two: 2", "AX-1: 3"]), ("*", []),
            ("**", []), ("X", ["Host: h", "X-One-1: 1", "X-Two: 2", "AX-1: 3"]), ("", nil),
        ] as [(String, [String]?)])
    func removesByPattern(_ pattern: String, _ rest: [String]?) throws {
        let lines = "X-One-1: 1\r\nX-Two: 2\r\nAX-1: 3\r\n"
        let message = try TestMessage(fieldLines: lines)
        let before = message.fields
        let removed = withOctets(pattern) { FieldSection.removeMatching(message.section, $0) }
        #expect(message.fields == rest ?? before)
        #expect(removed == before.count - message.fields.count)
    }

    @Test(arguments: ["a\rb", "a\nb", "a\u{0}b", "\u{7f}", "\u{1}"])
    func refusesValue(_ value: String) throws {
        let message = try TestMessage()
        withOctets(value) { value in
            #expect(throws: FieldError.invalidValue) {
                try FieldSection.set(message.section, accept, value)
            }
            #expect(throws: FieldError.invalidValue) {
                try FieldSection.setAt(message.section, 0, value)
            }
        }
        #expect(message.fields == ["Host: h"])
    }

    @Test(arguments: ["", "a b", "a:", "a\r\n"])
    func refusesName(_ name: String) throws {
        let message = try TestMessage()
        withOctets(name) { name in
            #expect(throws: FieldError.invalidName) {
                try FieldSection.addNamed(message.section, name: name, value: name)
            }
        }
    }

    @Test func refusesIndexesOutOfRange() throws {
        let message = try TestMessage()
        for index in [-1, 1, Int.max] {
            #expect(throws: FieldError.notFound) {
                try withOctets("") { try FieldSection.setAt(message.section, index, $0) }
            }
        }
    }

    @Test func growsPastEveryCapacityAndKeepsAllSections() throws {
        let message = try TestMessage(fieldLines: "X: 1\r\n")
        try message.block.register(message.second)
        for index in 0..<300 {
            try withOctets("v\(index)") { try FieldSection.add(message.section, accept, $0) }
            try withOctets("w\(index)") { try FieldSection.add(message.second, accept, $0) }
        }
        #expect(message.fields.count == 302)
        #expect(message.fields[301] == "Accept: v299")
        #expect(TestMessage.lines(message.second)[123] == "Accept: w123")
        #expect(message.section.pointee.base == message.second.pointee.base)
        #expect(message.section.pointee.block_size == UInt32(message.block.used))
        #expect(message.section.pointee.fields_off % 4 == 0)
    }

    @Test func takesValuesThatLieInTheBlockWhileItMoves() throws {
        let message = try TestMessage(fieldLines: "X-A: \(String(repeating: "v", count: 1000))\r\n")
        for _ in 0..<20 {
            // The method, first in the block: an allocator overwrites it when the block moves.
            let name = UnsafeBufferPointer(start: message.section.pointee.base, count: 3)
            let value = FieldSection.value(message.section, at: 1)
            try FieldSection.addNamed(message.section, name: name, value: value)
        }
        let value = String(repeating: "v", count: 1000)
        #expect(message.fields.dropFirst(2) == Array(repeating: "GET: \(value)", count: 20)[...])
    }

    @Test func stopsAtTheLimit() throws {
        let message = try TestMessage()
        let long = String(repeating: "v", count: 60_000)
        #expect(throws: FieldError.noSpace) {
            for _ in 0..<20 {
                try withOctets(long) { try FieldSection.set(message.section, accept, $0) }
            }
        }
        #expect(message.block.used <= Limits.messageBlockBytesMax)
    }

    @Test func resetForgetsEverything() throws {
        let message = try TestMessage()
        try withOctets(String(repeating: "v", count: 60_000)) {
            try FieldSection.set(message.section, accept, $0)
        }
        message.block.reset()
        #expect(message.section.pointee.base == nil && message.section.pointee.count == 0)
        #expect(MessageBlock.owner(of: message.section) == nil)
        #expect(message.block.used == 0)
        try message.block.register(message.section)
        #expect(MessageBlock.owner(of: message.section) === message.block)
    }

    private static let mixedLines =
        "Connection: X-Private, te, host, content-length, keep-alive\r\nX-Private: 1\r\n"
        + "x-private: 2\r\nX-Public: 3\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n"
        + "TE: gzip, Trailers\r\n"
        + "Upgrade: h2c\r\nTrailer: x\r\nContent-Length: 5\r\nProxy-Authorization: x\r\n"
        + "Transfer_Encoding: x\r\nX_Forwarded_For: x\r\nX_Own: 4\r\n"
        + "HTTP2-Settings: x\r\n"

    private static let mixedRest = [
        "Host: h", "X-Public: 3", "TE: Trailers", "Content-Length: 5", "X_Own: 4",
    ]

    @Test func copiesEndToEndFieldsWithinABlock() throws {
        let message = try TestMessage(fieldLines: Self.mixedLines)
        try message.block.register(message.second, capacity: 1)
        try FieldSection.copyEndToEnd(from: message.section, to: message.second)
        #expect(TestMessage.lines(message.second) == Self.mixedRest)
    }

    @Test func copiesEndToEndFieldsToAnotherBlock() throws {
        let message = try TestMessage(fieldLines: Self.mixedLines)
        let other = try TestMessage()
        try FieldSection.copyEndToEnd(from: message.section, to: other.section)
        message.block.reset()
        #expect(other.fields == ["Host: h"] + Self.mixedRest)
    }

    @Test func aClientCannotRemoveWhatAHandlerSets() throws {
        let message = try TestMessage(
            fieldLines: "Connection: Authorization\r\nAuthorization: mine\r\n")
        try withOctets("theirs") {
            try FieldSection.set(message.section, UInt16(GW_FIELD_AUTHORIZATION), $0)
        }
        try message.block.register(message.second)
        try FieldSection.copyEndToEnd(from: message.section, to: message.second)
        #expect(TestMessage.lines(message.second) == ["Host: h", "Authorization: theirs"])
    }
}
