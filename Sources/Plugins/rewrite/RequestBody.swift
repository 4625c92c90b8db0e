// The handler "request_body": refuses request bodies above a size (RFC 9110 §15.5.14).
import PluginSDK

struct RequestBody: RequestHook, RequestBodyHook {
    static let id = "http.handlers.request_body"
    static let directives = [Directive.requestBody]
    static let observesBodies = true

    struct State: BitwiseCopyable {
        var seenBytes: UInt64
    }

    /// Bytes; nil for no limit.
    private let sizeMax: UInt64?

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let size = try configuration.int("max_size") ?? 0
        guard size >= 0 else { throw PluginError("max_size is \(size), expected 0 or more") }
        sizeMax = size == 0 ? nil : UInt64(size)
    }

    /// A length that is known needs no counting: it is refused before a byte of it is read.
    func onRequest(_ request: inout Request, _ state: inout State) throws(Status) -> Verdict {
        guard let sizeMax else { return .leave }
        guard let length = request.bodyLength else { return .next }
        return length > sizeMax ? refuse(&request) : .leave
    }

    func onRequestBody(
        _ request: inout Request, _ state: inout State, _ chunk: borrowing BodyChunk
    ) throws(Status) -> Verdict {
        guard let sizeMax else { return .leave }
        state.seenBytes += UInt64(chunk.bytes.count)
        return state.seenBytes > sizeMax ? refuse(&request) : .next
    }

    private func refuse(_ request: inout Request) -> Verdict {
        request.fail(status: 413, "the request body is too large", code: .limit)
    }
}
