// Calls to an engine: one whole answer, or a stream of lines.
import PluginSDK

/// Collects an answer.
final class EngineCall: ClientCallDelegate {
    enum Outcome {
        case answered(status: UInt16, body: [UInt8])
        case failed(String)
    }

    private let done: (Outcome) -> Void
    private var status: UInt16 = 0
    private var body: [UInt8] = []

    init(_ done: @escaping (Outcome) -> Void) { self.done = done }

    static func call(_ uri: String, _ pool: Pool) -> ClientCall {
        var call = ClientCall(pool: pool, uri: uri)
        call.host = "localhost"
        call.timeoutNanoseconds = DiscoveryLimits.engineTimeout
        call.bodyBytesMax = DiscoveryLimits.engineBodyBytesMax
        return call
    }

    func onHead(_ response: inout Response) { status = response.status }
    func onBody(_ piece: Bytes) { body.append(contentsOf: piece.buffer) }

    func onEnd(_ result: Status, _ message: Bytes) {
        done(
            result == .ok
                ? .answered(status: status, body: body)
                : .failed(message.isEmpty ? "status \(result.code)" : String(message)))
    }
}

/// Hears the events of an engine.
final class EngineEvents: ClientCallDelegate {
    private let opened: (UInt16) -> Void
    private let each: (EngineJSON.Event) -> Void
    private let ended: (String) -> Void
    private var splitter = LineSplitter()

    static let uri =
        "/events?filters=%7B%22type%22%3A%5B%22container%22%2C%22network%22%5D%7D"

    init(
        opened: @escaping (UInt16) -> Void, each: @escaping (EngineJSON.Event) -> Void,
        ended: @escaping (String) -> Void
    ) {
        self.opened = opened
        self.each = each
        self.ended = ended
    }

    static func call(_ pool: Pool) -> ClientCall {
        var call = EngineCall.call(uri, pool)
        call.timeoutNanoseconds = .max
        call.bodyBytesMax = .max
        return call
    }

    func onHead(_ response: inout Response) { opened(response.status) }

    func onBody(_ piece: Bytes) {
        splitter.append(piece.buffer) { line in
            if let event = EngineJSON.event(line) { each(event) }
        }
    }

    func onEnd(_ result: Status, _ message: Bytes) {
        ended(message.isEmpty ? "its events ended" : String(message))
    }
}
