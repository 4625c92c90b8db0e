// Which fields end at this hop (RFC 9110 §7.6.1).
import CGateway

enum HopByHop {
    /// Whether a field may travel on. Narrows TE to "trailers".
    @inline(__always)
    static func keeps(_ field: inout gw_field, _ base: UnsafePointer<UInt8>) -> Bool {
        switch field.name_id {
        case FieldID.connection, FieldID.keepAlive, FieldID.proxyConnection,
            FieldID.proxyAuthorization, FieldID.proxyAuthenticate, FieldID.trailer,
            FieldID.transferEncoding, FieldID.upgrade:
            return false
        case FieldID.te:
            return narrowToTrailers(&field, base)
        case 0:
            if field.flags & FieldFlag.hopByHop != 0 { return false }
            let name = base + Int(field.name.off)
            let count = Int(field.name.len)
            // Half of an upgrade that is not passed on (RFC 7540 §3.2.1).
            return !equals(name, count, "http2-settings") && !isMisspelt(name, count)
        default:
            return field.flags & FieldFlag.hopByHop == 0
        }
    }

    private static func narrowToTrailers(
        _ field: inout gw_field, _ base: UnsafePointer<UInt8>
    ) -> Bool {
        let value = base + Int(field.value.off)
        var list = TokenList(value, Int(field.value.len))
        while let token = try? list.next(orThrow: .fieldValueInvalid) {
            if equals(value + token.start, token.count, "trailers") {
                let start = Int(field.value.off) + token.start
                field.value = makeRef(start, start + token.count)
                field.flags = 0
                return true
            }
        }
        return false
    }

    /// Whether a name with underscores is one that the host knows when they are dashes: servers
    /// that read both alike (CGI, for one) would take it for a field that we set or strip.
    private static func isMisspelt(_ name: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let underscore: UInt8 = 0x5f
        var hasUnderscore = false
        for index in 0..<count where name[index] == underscore { hasUnderscore = true }
        guard hasUnderscore && count <= 64 else { return false }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { scratch in
            for index in 0..<count {
                scratch[index] = name[index] == underscore ? 0x2d : name[index]
            }
            guard let start = scratch.baseAddress else { return false }
            return FieldNames.lookup(start, count) != 0
        }
    }
}
