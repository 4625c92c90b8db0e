// A stand-in for the server's regular expressions: literal prefix, one group for the rest.
import CGateway

@testable import Routing

/// `^PREFIX(?P<rest>.*)$` written as `PREFIX…`; `!` does not compile.
private final class PrefixExpression {
    let prefix: [UInt8]
    init(_ prefix: [UInt8]) { self.prefix = prefix }
}

extension RegexEngine {
    static let testing = RegexEngine(
        compile: { pattern, length, message, capacity, messageLength in
            let bytes = Array(UnsafeBufferPointer(start: pattern, count: length))
            guard bytes != Array("!".utf8) else {
                let cause = Array("no such thing".utf8.prefix(capacity))
                for (index, byte) in cause.enumerated() { message?[index] = byte }
                messageLength.pointee = cause.count
                return nil
            }
            return Unmanaged.passRetained(PrefixExpression(bytes)).toOpaque()
        },
        match: { expression, text, length, groups, capacity in
            let prefix = Unmanaged<PrefixExpression>.fromOpaque(expression)
                .takeUnretainedValue().prefix
            let bytes = UnsafeBufferPointer(start: text, count: length)
            guard bytes.starts(with: prefix), capacity >= 3 else { return -1 }
            groups[0] = gw_ref(off: 0, len: UInt32(length))
            groups[1] = gw_ref(off: UInt32(prefix.count), len: UInt32(length - prefix.count))
            groups[2] = gw_ref(off: .max, len: 0)
            return 3
        },
        groupIndex: { _, name, length in
            Array(UnsafeBufferPointer(start: name, count: length)) == Array("rest".utf8) ? 1 : -1
        },
        free: { Unmanaged<PrefixExpression>.fromOpaque($0).release() })
}
