// One server of the configuration: what stands behind a listening address.
import Base
import CGateway
import HTTP
import Routing
import Transport

/// Routes, limits, TLS and logs of one server, immutable. Shared by the workers.
final class SiteServer: @unchecked Sendable {
    let name: String
    let program: RouteProgram
    let timeouts: ServerTimeouts
    let headLimits: HeadLimits
    let collectBytesMax: Int
    let tls: TLSServerContext?
    /// Where `tls` asks for the certificates of names that only handshakes know.
    let onDemand: OnDemandPolicy?
    let isSNIHostStrict: Bool
    let trust: ProxyTrust?
    let accessLog: AccessLog?

    init(
        name: String, program: RouteProgram, timeouts: ServerTimeouts, headLimits: HeadLimits,
        collectBytesMax: Int, tls: TLSServerContext?, onDemand: OnDemandPolicy?,
        isSNIHostStrict: Bool, trust: ProxyTrust?, accessLog: AccessLog?
    ) {
        self.name = name
        self.program = program
        self.timeouts = timeouts
        self.headLimits = headLimits
        self.collectBytesMax = collectBytesMax
        self.tls = tls
        self.onDemand = onDemand
        self.isSNIHostStrict = isSNIHostStrict
        self.trust = trust
        self.accessLog = accessLog
    }

    /// Whether the request may be served on its connection: a client that was let in for one name
    /// must not reach another site (421, RFC 9110 §15.5.20).
    func isAcceptable(_ exchange: Exchange) -> Bool {
        guard isSNIHostStrict, exchange.tlsSession != nil else { return true }
        return exchange.context.host.isEqualIgnoringCase(exchange.context.tls.serverName)
    }

    /// Puts an exchange before the first route.
    func prepare(_ exchange: Exchange) {
        trust?.apply(exchange)
        exchange.context.start(program)
    }

    func log(_ exchange: Exchange, _ outcome: Outcome) {
        accessLog?.write(exchange, outcome)
    }
}

/// Which peers may say who the client is, and how (`trusted_proxies`, `client_ip_headers`).
struct ProxyTrust: Sendable {
    let ranges: AddressMatcher
    /// In order of preference.
    let fields: [UInt16]
    /// Takes the rightmost address that is not trusted instead of the leftmost one.
    let isStrict: Bool

    func apply(_ exchange: Exchange) {
        let peer = UnsafeRawBufferPointer(exchange.text(exchange.req.pointee.remote_ip))
        guard ranges.matches(peer) else { return }
        exchange.req.pointee.flags |= UInt32(GW_REQ_TRUSTED_PEER)
        for field in fields {
            guard let client = clientAddress(exchange, field) else { continue }
            if let ref = try? exchange.requestBlock.append(client) {
                exchange.req.pointee.client_ip = ref
                return
            }
        }
    }

    /// The client's address among the fields of one name, which are one list (RFC 9110 §5.3); nil
    /// when the entry that counts is malformed.
    private func clientAddress(_ exchange: Exchange, _ field: UInt16) -> UnsafeRawBufferPointer? {
        var last: UnsafeRawBufferPointer?
        let count = Int(exchange.req.pointee.fields.count)
        for step in 0..<count {
            let index = isStrict ? count - 1 - step : step
            guard FieldSection.id(&exchange.req.pointee.fields, at: index) == field else {
                continue
            }
            let list = UnsafeRawBufferPointer(
                FieldSection.value(&exchange.req.pointee.fields, at: index))
            guard isStrict else { return address(in: list, from: 0).0 }
            switch rightMost(of: list) {
            case .stranger(let address): return address
            case .trusted(let address): last = address
            case .malformed(let address): return address ?? last
            }
        }
        return last
    }

    private enum RightMost {
        case stranger(UnsafeRawBufferPointer)
        /// All entries are trusted; the first of them.
        case trusted(UnsafeRawBufferPointer)
        /// An entry that is no address ends the trust; the last one before it.
        case malformed(UnsafeRawBufferPointer?)
    }

    private func rightMost(of list: UnsafeRawBufferPointer) -> RightMost {
        var end = list.count
        var last: UnsafeRawBufferPointer?
        while end >= 0 {
            let start = (list[..<end].lastIndex(of: UInt8(ascii: ",")) ?? -1) + 1
            guard let entry = address(in: list, from: start).0 else { return .malformed(last) }
            if !ranges.matches(entry) { return .stranger(entry) }
            last = entry
            end = start - 1
        }
        return last.map { .trusted($0) } ?? .malformed(nil)
    }

    /// The entry that begins at `start`, without white space and port.
    private func address(in list: UnsafeRawBufferPointer, from start: Int)
        -> (UnsafeRawBufferPointer?, Int)
    {
        var end = start
        while end < list.count, list[end] != UInt8(ascii: ",") { end += 1 }
        var first = start
        var last = end
        while first < last, list[first] == 0x20 || list[first] == 0x09 { first += 1 }
        while last > first, list[last - 1] == 0x20 || list[last - 1] == 0x09 { last -= 1 }
        let entry = UnsafeRawBufferPointer(rebasing: list[first..<last])
        let host = splitHostPort(entry).host
        return (isAddress(host) ? host : nil, end)
    }
}
