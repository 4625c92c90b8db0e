// What a worker has to say to the operator.
import Base
import CGateway
import Logging
import Routing
import Transport

extension Worker {
    /// A handler broke the contract of the ABI; the request fails, the gateway goes on.
    func logContract(
        _ exchange: Exchange, _ rule: StaticString, call: StaticString? = nil
    ) {
        let logger = generation.logs.plugins
        guard logger.isEnabled(.error) else { return }
        let record = logProducer.beginRecord(
            .error, "plugin broke the contract", time: wallNanoseconds)
        if let label = exchange.runningLabel { record.field("plugin", label.plugin) }
        record.field("module", exchange.breachingModule ?? "unknown plugin")
        if let call { record.field("call", call) }
        record.field("rule", rule)
        if exchange.phase != .idle { addRequest(exchange, to: record) }
        logProducer.endRecord(to: logger)
    }

    /// An upstream call failed.
    func logUpstream(_ exchange: Exchange, _ failure: UpstreamFailure) {
        let logger = generation.logs.upstreams
        guard logger.isEnabled(.error) else { return }
        let record = logProducer.beginRecord(.error, failure.message, time: wallNanoseconds)
        record.field("upstream", exchange.context.upstream.hostport)
        record.field("phase", failure.phase.name)
        if !failure.detail.isEmpty { record.field("error", failure.detail) }
        record.field("attempt", Int(exchange.attempts))
        record.field(
            "duration", nanoseconds: Int64(clamping: loop.now &- exchange.upstreamStartedAt))
        addRequest(exchange, to: record)
        logProducer.endRecord(to: logger)
    }

    /// A client sent something that is no request.
    func logRefusal(_ status: UInt16, _ message: StaticString, _ peer: UnsafeRawBufferPointer) {
        let logger = generation.logs.http
        guard logger.isEnabled(.debug) else { return }
        let record = logProducer.beginRecord(.debug, message, time: wallNanoseconds)
        record.field("status", Int(status))
        record.field("remote_ip", peer)
        logProducer.endRecord(to: logger)
    }

    private func addRequest(_ exchange: Exchange, to record: LogRecord) {
        record.field("method", UnsafeRawBufferPointer(exchange.text(exchange.req.pointee.method)))
        record.field("host", UnsafeRawBufferPointer(exchange.text(exchange.req.pointee.host)))
        record.field("uri", exchange.context.originalURI)
    }
}

extension UpstreamFailure.Phase {
    var name: StaticString {
        switch self {
        case .connect: "connect"
        case .tls: "tls"
        case .send: "send"
        case .head: "head"
        case .body: "body"
        }
    }
}
