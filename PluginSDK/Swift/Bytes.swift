// Bytes that outlive a call: constants, exchange memory, and what the host lends to one hook.
import CGateway

/// A view of bytes that somebody else owns, with no lifetime that the compiler could check.
///
/// Literals live for ever, results of templates and of `Request.allocate` as long as the exchange;
/// everything else is dead when the hook returns. What can be checked is a `RawSpan` instead.
public struct Bytes: ExpressibleByStringLiteral, BitwiseCopyable, @unchecked Sendable {
    public let start: UnsafePointer<UInt8>?
    public let count: Int

    public init(start: UnsafePointer<UInt8>?, count: Int) {
        self.start = start
        self.count = count
    }

    public init(_ buffer: UnsafeRawBufferPointer) {
        self.init(
            start: buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), count: buffer.count)
    }

    public init(stringLiteral value: StaticString) {
        self.init(start: value.utf8Start, count: value.utf8CodeUnitCount)
    }

    init(_ view: gw_view) {
        self.init(start: view.ptr, count: view.len)
    }

    public var isEmpty: Bool { count == 0 }

    public var buffer: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: count)
    }

    /// The same bytes, checked by the compiler to stay inside the scope of this value.
    public var span: RawSpan {
        @_lifetime(borrow self) get {
            _overrideLifetime(RawSpan(_unsafeBytes: buffer), borrowing: self)
        }
    }

    var view: gw_view { gw_view(ptr: start, len: count) }

    public static func == (a: Bytes, b: Bytes) -> Bool { a.span == b }
}

extension RawSpan {
    /// Whether the bytes are the same, case and all.
    public static func == (a: RawSpan, b: Bytes) -> Bool {
        guard a.byteCount == b.count else { return false }
        return a.withUnsafeBytes { a in a.elementsEqual(b.buffer) }
    }

    /// Whether the bytes are the same but for the case of ASCII letters.
    public func equalsIgnoringCase(_ other: Bytes) -> Bool {
        guard byteCount == other.count else { return false }
        return withUnsafeBytes { own in
            for index in 0..<own.count
            where asciiLowercased(own[index]) != asciiLowercased(other.buffer[index]) {
                return false
            }
            return true
        }
    }

    public func hasPrefix(_ prefix: Bytes) -> Bool {
        byteCount >= prefix.count && extracting(first: prefix.count) == prefix
    }

    /// The bytes as text, with U+FFFD for what is no UTF-8. Allocates.
    public var text: String {
        withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The same bytes for a call that copies them before it returns.
    func withView<Result: ~Copyable, Failure: Error>(
        _ body: (gw_view) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBytes { (buffer) throws(Failure) in try body(Bytes(buffer).view) }
    }
}

extension String {
    /// The text of bytes, with U+FFFD for what is no UTF-8.
    public init(_ bytes: Bytes) {
        self = bytes.span.text
    }

    /// The text as bytes for the length of a call.
    public func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Bytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let utf8 = self.utf8Span
        return try utf8.span.bytes.withUnsafeBytes { (buffer) throws(Failure) in
            try body(Bytes(buffer))
        }
    }
}

func asciiLowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}
