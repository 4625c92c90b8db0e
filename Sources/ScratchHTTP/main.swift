import CGateway
import HTTP
import Glibc

func now() -> UInt64 { var t = timespec(); clock_gettime(CLOCK_MONOTONIC, &t); return UInt64(t.tv_sec) * 1_000_000_000 + UInt64(t.tv_nsec) }
let text = Array("POST /v1/chat/completions?trace=1 HTTP/1.1\r\nHost: api.example.com:8080\r\nUser-Agent: OpenAI/Python 1.40.0\r\nAccept: application/json\r\nAccept-Encoding: gzip, deflate\r\nAuthorization: Bearer sk-0123456789abcdef\r\nContent-Type: application/json\r\nX-Stainless-Lang: python\r\nContent-Length: 123\r\n\r\n".utf8)
print(text.count)
nonisolated(unsafe) let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: text.count)
buffer.initialize(from: text, count: text.count)
nonisolated(unsafe) let fields = UnsafeMutablePointer<gw_field>.allocate(capacity: 256)
let response = Array("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: uvicorn\r\nContent-Type: application/json\r\nContent-Length: 1234\r\nX-Request-Id: 0123456789\r\n\r\n".utf8)
nonisolated(unsafe) let rbuffer = UnsafeMutablePointer<UInt8>.allocate(capacity: response.count)
rbuffer.initialize(from: response, count: response.count)
let n = 2_000_000
@inline(never) func parseOnce() -> Int {
    var p = RequestHeadParser(); var head = RequestHead()
    guard let ok = try? p.parse(buffer, count: text.count, fields: fields, into: &head), ok else { return 0 }
    return head.fieldCount
}
@inline(never) func parseResponse() -> Int {
    var p = ResponseHeadParser(); var head = ResponseHead()
    guard let ok = try? p.parse(rbuffer, count: response.count, requestMethodID: 1, fields: fields, into: &head), ok else { return 0 }
    return head.fieldCount
}
nonisolated(unsafe) let block = MessageBlock()
nonisolated(unsafe) let sections = UnsafeMutablePointer<gw_fields>.allocate(capacity: 2)
sections.initialize(repeating: gw_fields(), count: 2)
nonisolated(unsafe) let out = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 16)
nonisolated(unsafe) let value = UnsafeMutablePointer<UInt8>.allocate(capacity: 20); value.initialize(repeating: 65, count: 20)
@inline(never) func full() -> Int {
    var p = RequestHeadParser(); var head = RequestHead()
    guard let ok = try? p.parse(buffer, count: text.count, fields: fields, into: &head), ok else { return 0 }
    do {
        try block.adoptRequest(buffer, &head, fields: fields, section: sections)
        try block.register(sections + 1)
        try FieldSection.copyEndToEnd(from: sections, to: sections + 1)
        try FieldSection.set(sections + 1, 16, UnsafeBufferPointer(start: value, count: 20))
        try FieldSection.add(sections + 1, 30, UnsafeBufferPointer(start: value, count: 12))
        try FieldSection.add(sections + 1, 15, UnsafeBufferPointer(start: value, count: 12))
    } catch { return 0 }
    func t(_ r: gw_ref) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: UnsafePointer(block.base.assumingMemoryBound(to: UInt8.self)) + Int(r.off), count: Int(r.len)) }
    let w = RequestHeadWriter(method: t(head.method), target: t(head.uri), host: t(head.host), framing: .length(123), connection: .none)
    let c = w.write(sections + 1, to: out, capacity: 4096)
    block.reset()
    return c
}
for (name, f) in [("request", parseOnce), ("response", parseResponse), ("parse+adopt+copy+3 edits+write", full)] {
    var best = UInt64.max, sum = 0
    for _ in 0..<5 {
        let t = now()
        for _ in 0..<n / 5 { sum &+= f() }
        best = min(best, now() - t)
    }
    print(name, Double(best) / Double(n / 5), "ns", sum)
}
