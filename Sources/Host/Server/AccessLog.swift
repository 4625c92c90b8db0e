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
    private let byHost: HostNames<[Logger]>
    private let skippedHosts: HostNames<Void>
    private let skipsUnmapped: Bool
    private let logsCredentials: Bool

    init(
        byDefault: Logger?, byHost: [String: [Logger]], skippedHosts: [String],
        skipsUnmapped: Bool, logsCredentials: Bool
    ) {
        self.byDefault = byDefault
        self.byHost = HostNames(byHost.map { ($0.key, $0.value) })
        self.skippedHosts = HostNames(skippedHosts.map { ($0, ()) })
        self.skipsUnmapped = skipsUnmapped
        self.logsCredentials = logsCredentials
    }

    func write(_ exchange: Exchange, _ outcome: Outcome) {
        guard !byHost.isEmpty || !skippedHosts.isEmpty else {
            if let byDefault { write(exchange, outcome, byDefault) }
            return
        }
        let host = exchange.context.host
        if skippedHosts.find(host) != nil { return }
        if let loggers = byHost.find(host) {
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
        // As the request came, not as handlers left it; unless it was too large to be kept.
        if exchange.received != nil {
            add(exchange.receivedFields, to: record)
        } else {
            add(&exchange.req.pointee.fields, to: record)
        }
        record.endRequest(request, logCredentials: logsCredentials)
        record.beginResponse(
            AccessOutcome(
                bytesRead: exchange.requestBytes,
                userID: exchange.context.userID ?? UnsafeRawBufferPointer(start: nil, count: 0),
                durationNanoseconds: Int64(
                    // The loop's clock stands still while an answer is made.
                    clamping: SystemClock.monotonic &- exchange.req.pointee.start_ns),
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

/// Values by host name, whatever its case. Looking one up allocates nothing.
private struct HostNames<Value: Sendable>: Sendable {
    private var entries: [UInt64: [(name: [UInt8], value: Value)]] = [:]

    init(_ values: [(String, Value)]) {
        for (name, value) in values {
            let bytes = Array(name.utf8)
            let hash = bytes.withUnsafeBytes { Self.hash($0) }
            entries[hash, default: []].append((bytes, value))
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    func find(_ host: Bytes) -> Value? {
        guard let same = entries[Self.hash(host)] else { return nil }
        for entry in same where host.isEqualIgnoringCase(entry.name) { return entry.value }
        return nil
    }

    /// FNV-1a of the name in lower case.
    private static func hash(_ name: Bytes) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name { hash = (hash ^ UInt64(asciiLowercased(byte))) &* 0x100_0000_01b3 }
        return hash
    }
}
