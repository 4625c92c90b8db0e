// The member "rewrite": another method or URI for the upstream only.
import PluginSDK

struct RequestRewrite: Sendable {
    private let method: Template?
    private let uri: Template?

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        method = try Self.template(try configuration.string("method"), scope)
        uri = try Self.template(try configuration.string("uri"), scope)
        for name in [
            "strip_path_prefix", "strip_path_suffix", "uri_substring", "path_regexp", "query",
        ] {
            guard let value = configuration.value(name), !value.isEmpty else { continue }
            throw .unsupported("\(name) in the rewrite of reverse_proxy")
        }
    }

    /// The method to send; empty: the request's.
    func method(for request: borrowing Request) throws(Status) -> Bytes {
        guard let method else { return "" }
        return try request.evaluate(method)
    }

    /// The URI to send; empty: the request's. A part that is not given stays: `/path` keeps the
    /// query, `?query` the path.
    func uri(for request: borrowing Request) throws(Status) -> Bytes {
        guard let uri else { return "" }
        let new = try request.evaluate(uri)
        let hasQuery = new.buffer.contains(UInt8(ascii: "?"))
        if new.buffer.first == UInt8(ascii: "?") {
            return try request.exchange.join(request.path, "", new.span)
        }
        guard !hasQuery, request.query.byteCount > 0, !new.isEmpty else { return new }
        return try request.exchange.join(new.span, "?", request.query)
    }

    private static func template(_ text: String?, _ scope: Scope) throws(PluginError) -> Template? {
        guard let text, !text.isEmpty else { return nil }
        return try scope.template(text, .noLineBreaks)
    }
}

extension Exchange {
    /// Three texts one behind the other, in memory of the exchange.
    func join(_ first: RawSpan, _ middle: Bytes, _ last: RawSpan) throws(Status) -> Bytes {
        let memory = try allocate(first.byteCount + middle.count + last.byteCount)
        var end = 0
        func append(_ bytes: UnsafeRawBufferPointer) {
            UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: bytes)
            end += bytes.count
        }
        first.withUnsafeBytes(append)
        append(middle.buffer)
        last.withUnsafeBytes(append)
        return Bytes(UnsafeRawBufferPointer(memory))
    }
}
