// What of a request decides about its upstream when policies hash a key.
import PluginSDK

enum RequestKey: Sendable {
    case remoteIP
    case clientIP
    case uri
    case field(FieldID)
    case query([UInt8])

    /// nil when the request has no such key.
    func hash(of request: borrowing Request) -> UInt64? {
        switch self {
        case .remoteIP: return Hash.of(request.remoteIP)
        case .clientIP: return Hash.of(request.clientIP)
        case .uri: return Hash.of(request.uri)
        case .field(.host): return Hash.of(request.host)
        case .field(let id):
            guard let value = request.fields[id] else { return nil }
            return Hash.of(value)
        case .query(let key): return Self.hash(ofParameter: key, in: request.query)
        }
    }

    /// Of the value behind the first `key=` of a query, as it is written there.
    private static func hash(ofParameter key: [UInt8], in query: RawSpan) -> UInt64? {
        query.withUnsafeBytes { query in
            for parameter in query.split(separator: UInt8(ascii: "&")) {
                let name = parameter.prefix { $0 != UInt8(ascii: "=") }
                guard name.elementsEqual(key) else { continue }
                return Hash.of(parameter.dropFirst(name.count + 1))
            }
            return nil
        }
    }
}

/// FNV-1a with a finisher: stable across processes, so that gateways agree.
enum Hash {
    static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return mix(hash)
    }

    static func of(_ bytes: RawSpan) -> UInt64 { bytes.withUnsafeBytes { of($0) } }

    static func of(_ text: String) -> UInt64 { of(text.utf8) }

    static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        value = (value ^ (value >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return value ^ (value >> 33)
    }
}
