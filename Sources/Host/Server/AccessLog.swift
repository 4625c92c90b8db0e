// One record per request, written by the worker that served it.
import Base
import CGateway
import HTTP
import Logging
import Routing
import Transport

/// Where the requests of one server are logged (`logs` of a server's JSON). Immutable.
final class AccessLog: Sendable {
    /// For hosts that no other logger is for.
    let byDefault: Logger?
    /// Loggers by host, lower case.
    private let byHost: [[UInt8]: [Logger]]
    private let skippedHosts: Set<[UInt8]>
    private let skipsUnmapped: Bool
    private let logsCredentials: Bool

    init(
        byDefault: Logger?, byHost: [String: [Logger]], skippedHosts: [String],
        skipsUnmapped: Bool, logsCredentials: Bool
    ) {
        self.byDefault = byDefault
        self.byHost = Dictionary(
            uniqueKeysWithValues: byHost.map { (Array($0.key.lowercased().utf8), $0.value) })
        self.skippedHosts = Set(skippedHosts.map { Array($0.lowercased().utf8) })
        self.skipsUnmapped = skipsUnmapped
        self.logsCredentials = logsCredentials
    }

    func write(_ exchange: Exchange, _ outcome: Outcome) {
        guard !byHost.isEmpty || !skippedHosts.isEmpty else {
            if let byDefault { write(exchange, outcome, byDefault) }
            return
        }
        let host = exchange.context.host.map(asciiLowercased)
        if skippedHosts.contains(host) { return }
        if let loggers = byHost[host] {
            for logger in loggers { write(exchange, outcome, logger) }
        } else if !skipsUnmapped, let byDefault {
            write(exchange, outcome, byDefault)
        }
    }

    private func write(_ exchange: Exchange, _ outcome: Outcome, _ logger: Logger) {
        let status = outcome == .clientGone && exchange.statusSent == 0 ? 499 : exchange.statusSent
        let level: LogLevel = status >= 500 ? .error : .info
        guard logger.isEnabled(level) else { return }
        let producer = exchange.worker.logProducer
        let record = producer.beginRecord(
            level, LogRecord.accessMessage,
            time: exchange.worker.wallNanoseconds)
        let request = AccessRequest(exchange)
        record.beginRequest(request)
        add(&exchange.req.pointee.fields, to: record)
        record.endRequest(request, logCredentials: logsCredentials)
        record.beginResponse(
            AccessOutcome(
                bytesRead: exchange.requestBytes,
                userID: exchange.context.userID ?? UnsafeRawBufferPointer(start: nil, count: 0),
                durationNanoseconds: Int64(
                    exchange.worker.loop.now &- exchange.req.pointee.start_ns),
                size: exchange.responseBytes, status: status))
        if exchange.headSent { add(&exchange.res.pointee.fields, to: record) }
        record.endResponse(logCredentials: logsCredentials)
        if outcome != .complete { record.field("outcome", outcome.name) }
        producer.endRecord(to: logger)
    }

    private func add(_ fields: UnsafePointer<gw_fields>, to record: LogRecord) {
        for index in 0..<Int(fields.pointee.count) {
            record.header(
                name: UnsafeRawBufferPointer(FieldSection.name(fields, at: index)),
                value: UnsafeRawBufferPointer(FieldSection.value(fields, at: index)))
        }
    }
}

extension AccessRequest {
    init(_ exchange: Exchange) {
        let req = exchange.req.pointee
        let context = exchange.context
        let version: StaticString =
            switch req.version {
            case 10: "HTTP/1.0"
            case 20: "HTTP/2.0"
            case 30: "HTTP/3.0"
            default: "HTTP/1.1"
            }
        self.init(
            remoteIP: UnsafeRawBufferPointer(exchange.text(req.remote_ip)),
            remotePort: req.remote_port,
            clientIP: UnsafeRawBufferPointer(exchange.text(req.client_ip)),
            httpVersion: UnsafeRawBufferPointer(
                start: version.utf8Start, count: version.utf8CodeUnitCount),
            method: context.originalMethod,
            host: UnsafeRawBufferPointer(exchange.text(req.host)),
            uri: context.originalURI,
            tls: exchange.tlsSession.map { AccessTLS($0, context.tls) })
    }
}

extension Outcome {
    var name: StaticString {
        switch self {
        case .complete: "complete"
        case .clientGone: "client gone"
        case .upstreamBroke: "upstream broke"
        case .timeout: "timeout"
        case .failed: "failed"
        }
    }
}
