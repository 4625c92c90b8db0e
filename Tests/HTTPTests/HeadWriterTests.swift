// Heads, chunks and dates as they go out.
import CGateway
import Testing

@testable import HTTP

@Suite struct HeadWriterTests {
    private let date = HTTPDate(unixSeconds: 784_111_777)

    private func written(_ write: (UnsafeMutableRawPointer, Int) -> Int) -> String {
        let needed = write(UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped, 0)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: needed, alignment: 1)
        defer { memory.deallocate() }
        let count = write(memory, needed)
        #expect(count <= needed)
        return latin1(UnsafeRawBufferPointer(start: memory, count: count))
    }

    private func request(
        _ message: TestMessage, _ framing: WireFraming, _ connection: WireConnection = .none
    ) -> String {
        withOctets("PATCH") { method in
            withOctets("/p?q") { target in
                withOctets("up.test:80") { host in
                    let writer = RequestHeadWriter(
                        method: method, target: target, host: host, framing: framing,
                        connection: connection)
                    return written { writer.write(message.section, to: $0, capacity: $1) }
                }
            }
        }
    }

    private func response(
        _ message: TestMessage, _ status: UInt16, _ framing: WireFraming,
        _ connection: WireConnection = .none
    ) -> String {
        let writer = ResponseHeadWriter(status: status, framing: framing, connection: connection)
        return written { writer.write(message.section, date: date, to: $0, capacity: $1) }
    }

    @Test func writesARequestHead() throws {
        let message = try TestMessage(fieldLines: "X-A: 1\r\nContent-Length: 9\r\nX-B:\r\n")
        #expect(
            request(message, .length(5))
                == "PATCH /p?q HTTP/1.1\r\nHost: up.test:80\r\nX-A: 1\r\nX-B: \r\n"
                + "Content-Length: 5\r\n\r\n")
    }

    @Test func replacesFramingAndConnectionFields() throws {
        let message = try TestMessage(
            fieldLines: "Connection: x\r\nTransfer-Encoding: chunked\r\nKeep-Alive: 5\r\n")
        #expect(
            request(message, .chunked, .close)
                == "PATCH /p?q HTTP/1.1\r\nHost: up.test:80\r\nTransfer-Encoding: chunked\r\n"
                + "Connection: close\r\n\r\n")
        #expect(request(message, .none) == "PATCH /p?q HTTP/1.1\r\nHost: up.test:80\r\n\r\n")
    }

    @Test func writesAResponseHead() throws {
        let message = try TestMessage()
        try FieldSection.remove(message.section, FieldID.host)
        #expect(
            response(message, 503, .length(.max), .keepAlive)
                == "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                + "Content-Length: 18446744073709551615\r\nConnection: keep-alive\r\n\r\n")
        #expect(response(message, 103, .none) == "HTTP/1.1 103 Early Hints\r\n\r\n")
        #expect(response(message, 299, .length(0)).hasPrefix("HTTP/1.1 299 \r\n"))
    }

    @Test func keepsADateThatIsThere() throws {
        let message = try TestMessage(fieldLines: "date: then\r\n")
        #expect(
            response(message, 204, .none)
                == "HTTP/1.1 204 No Content\r\nHost: h\r\ndate: then\r\n\r\n")
    }

    @Test func keepsTheDeclaredLengthOfABodyThatDoesNotCome() throws {
        let message = try TestMessage(fieldLines: "Content-Length: 500\r\nDate: d\r\n")
        #expect(
            response(message, 200, .asDeclared)
                == "HTTP/1.1 200 OK\r\nHost: h\r\nContent-Length: 500\r\nDate: d\r\n\r\n")
    }

    @Test func writesWhatItReads() throws {
        let message = try TestMessage(fieldLines: "X-A: caf\u{e9}\r\nAccept: */*\r\n")
        let read = try ReadRequest(request(message, .length(12)))
        #expect(read.head.framing == .length(12))
        #expect(read.text(read.head.host) == "up.test:80")
        #expect(read.fields.count == 4)
    }

    @Test(arguments: [
        (1, "1"), (15, "f"), (16, "10"), (255, "ff"), (4096, "1000"),
        (Int.max, "7fffffffffffffff"),
    ])
    func writesChunkHeads(_ count: Int, _ hex: String) {
        let text = withUnsafeTemporaryAllocation(
            byteCount: ChunkWriter.headBytesMax, alignment: 1
        ) { memory in
            let written = ChunkWriter.writeHead(count, to: memory.baseAddress.unsafelyUnwrapped)
            return latin1(memory.prefix(written))
        }
        #expect(text == hex + "\r\n")
    }

    @Test func writesTrailers() throws {
        let message = try TestMessage(fieldLines: "X-Sum: 1\r\nContent-Length: 5\r\n")
        let text = written {
            ChunkWriter.writeLast(trailers: message.section, to: $0, capacity: $1)
        }
        #expect(text == "0\r\nX-Sum: 1\r\n\r\n")
    }

    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (.max, "Fri, 31 Dec 9999 23:59:59 GMT"), (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] as [(Int64, String)])
    func writesDates(_ seconds: Int64, _ text: String) {
        let date = HTTPDate(unixSeconds: seconds)
        let written = withUnsafeTemporaryAllocation(
            byteCount: HTTPDate.byteCount, alignment: 1
        ) { memory in
            date.write(to: memory.baseAddress.unsafelyUnwrapped)
            return latin1(memory)
        }
        #expect(written == text)
    }
}
