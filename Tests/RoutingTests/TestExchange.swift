// A request context over a block made by hand, as the codecs make them.
import Base
import CGateway

@testable import Routing

/// Owns a request and everything that its context points into.
final class TestExchange {
    let arena = Arena()
    let context: RequestContext
    /// What it ran on.
    var programs: [RouteProgram] = []
    private let req = UnsafeMutablePointer<gw_req>.allocate(capacity: 1)
    private let res = UnsafeMutablePointer<gw_res>.allocate(capacity: 1)
    private var blocks: [UnsafeMutableRawPointer] = []

    init(
        _ method: String = "GET", _ uri: String = "/", host: String = "example.com",
        fields: [(String, String)] = [], remote: String = "192.0.2.1", client: String? = nil,
        version: UInt8 = 11, tls: Bool = false, names: NameRegistry = .testing()
    ) {
        context = RequestContext(arena: arena)
        var writer = BlockWriter()
        var request = gw_req()
        request.method = writer.add(method)
        request.target = writer.add(uri)
        request.uri = request.target
        let path = uri.prefix { $0 != "?" }.utf8.count
        request.path = gw_ref(off: request.uri.off, len: UInt32(path))
        if path < uri.utf8.count {
            request.query = gw_ref(
                off: request.uri.off + UInt32(path) + 1, len: UInt32(uri.utf8.count - path - 1))
        }
        request.host = writer.add(host)
        request.remote_ip = writer.add(remote)
        request.client_ip = writer.add(client ?? remote)
        request.remote_port = 40_000
        request.local_port = 8080
        request.version = version
        request.flags = tls ? UInt32(GW_REQ_TLS) : 0
        request.fields = writer.finish(fields, keeping: &blocks)
        req.initialize(to: request)
        res.initialize(to: gw_res())
        context.begin(req, names: names.snapshot())
    }

    deinit {
        context.reset()
        for block in blocks { block.deallocate() }
        req.deallocate()
        res.deallocate()
    }

    func respond(_ status: UInt16, _ fields: [(String, String)]) -> UnsafeMutablePointer<gw_res> {
        res.pointee.status = status
        let writer = BlockWriter()
        res.pointee.fields = writer.finish(fields, keeping: &blocks)
        context.response = res
        return res
    }

    /// Replaces uri, path and query, as a rewrite does.
    func rewrite(_ uri: String) {
        _ = context.rememberOriginals()
        let old = req.pointee.fields
        let size = Int(old.block_size)
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: size + uri.utf8.count, alignment: 8)
        if let base = old.base { block.copyMemory(from: base, byteCount: size) }
        UnsafeMutableRawBufferPointer(start: block + size, count: uri.utf8.count)
            .copyBytes(from: uri.utf8)
        blocks.append(block)
        req.pointee.fields.base = UnsafePointer(block.assumingMemoryBound(to: UInt8.self))
        let path = uri.prefix { $0 != "?" }.utf8.count
        req.pointee.uri = gw_ref(off: UInt32(size), len: UInt32(uri.utf8.count))
        req.pointee.path = gw_ref(off: UInt32(size), len: UInt32(path))
        req.pointee.query = gw_ref(
            off: UInt32(size + min(path + 1, uri.utf8.count)),
            len: UInt32(max(0, uri.utf8.count - path - 1)))
        context.uriChanged()
    }
}

/// Lays strings and a field table out in one block.
private struct BlockWriter {
    private var bytes: [UInt8] = []

    mutating func add(_ text: String) -> gw_ref {
        defer { bytes += text.utf8 }
        return gw_ref(off: UInt32(bytes.count), len: UInt32(text.utf8.count))
    }

    consuming func finish(
        _ fields: [(String, String)], keeping blocks: inout [UnsafeMutableRawPointer]
    ) -> gw_fields {
        var table: [gw_field] = []
        for (name, value) in fields {
            let id = testFieldID(name, isInterning: false)
            table.append(gw_field(name_id: id, flags: 0, name: add(name), value: add(value)))
        }
        let offset = (bytes.count + 7) & ~7
        let size = offset + table.count * MemoryLayout<gw_field>.stride
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(size, 8), alignment: 8)
        UnsafeMutableRawBufferPointer(start: block, count: bytes.count).copyBytes(from: bytes)
        table.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(start: block + offset, count: source.count)
                .copyMemory(from: source)
        }
        blocks.append(block)
        var result = gw_fields()
        result.base = UnsafePointer(block.assumingMemoryBound(to: UInt8.self))
        result.block_size = UInt32(size)
        result.fields_off = UInt32(offset)
        result.count = UInt32(table.count)
        return result
    }
}

/// Known names as the codec marks them; `X-Interned` gets its id from the configuration, other
/// names stay without one.
private func testFieldID(_ name: String, isInterning: Bool) -> UInt16 {
    switch name.lowercased() {
    case "content-type": UInt16(GW_FIELD_CONTENT_TYPE)
    case "cookie": UInt16(GW_FIELD_COOKIE)
    case "authorization": UInt16(GW_FIELD_AUTHORIZATION)
    case "user-agent": UInt16(GW_FIELD_USER_AGENT)
    case "x-interned": 100
    case "x-late": isInterning ? 101 : 0
    default: 0
    }
}

extension NameRegistry {
    static func testing(
        environment: [String: String] = [:], files: [String: String] = [:]
    ) -> NameRegistry {
        NameRegistry(
            internFieldName: { testFieldID($0, isInterning: true) },
            environment: { environment[$0] }, readFile: { files[$0].map { Array($0.utf8) } },
            regexEngine: .testing, hostname: "gate", workingDirectory: "/srv")
    }
}

func text(_ bytes: Bytes?) -> String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
}

func withBytes<Result>(_ text: String, _ body: (Bytes) -> Result) -> Result {
    var text = text
    return text.withUTF8 { body(Bytes($0)) }
}

func json(_ text: String) -> JSONValue {
    do {
        return try JSONValue(parsing: text)
    } catch {
        preconditionFailure("bad JSON in a test: \(error)")
    }
}
