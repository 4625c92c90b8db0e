// Which hosts are served, and as what. Asked before any other work is done for a request.
import PluginSDK

struct HostRules: Sendable {
    enum Role {
        /// Names a service.
        case service
        /// Dashboard and API.
        case admin
        /// This machine by address or as "localhost": API, no services.
        case machine
        /// None of ours: a rebound name of some web site, or a mistake.
        case foreign
    }

    private let adminHosts: [ConstantText]
    private let suffixes: [ConstantText]

    init(_ options: ResolverOptions) {
        adminHosts = options.adminHosts.sorted().map { ConstantText($0) }
        suffixes = options.suffixes.map { ConstantText($0) }
    }

    func role(of host: borrowing RequestHost) -> Role {
        let form = host.form
        return host.withBytes { host in
            if adminHosts.contains(where: { $0.bytes.buffer.elementsEqual(host) }) { return .admin }
            if form == .address { return Self.isLoopback(host) ? .machine : .foreign }
            if host.elementsEqual("localhost".utf8) { return .machine }
            return isService(host) ? .service : .foreign
        }
    }

    func isService(_ host: UnsafeRawBufferPointer) -> Bool {
        suffixes.contains { suffix in
            let suffix = suffix.bytes.buffer
            return host.count > suffix.count
                && host[(host.count - suffix.count)...].elementsEqual(suffix)
        }
    }

    static func isLoopback(_ address: UnsafeRawBufferPointer) -> Bool {
        guard let address = PluginSDK.IPAddress(address) else { return false }
        if address.isIPv4 { return UInt8(truncatingIfNeeded: address.bits >> 24) == 127 }
        return address.bits == 1
    }
}
