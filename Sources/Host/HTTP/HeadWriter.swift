// Writes message heads and chunks in HTTP/1.1 form into memory that the caller has measured.
package import CGateway

/// What a head says about the body behind it. The message's own Content-Length and
/// Transfer-Encoding fields are never written.
package enum WireFraming: Equatable, Sendable {
    /// Nothing: no body, or one that ends with the connection.
    case none
    case length(UInt64)
    case chunked
    /// Content-Length as it stands among the fields, for HEAD and 304.
    case asDeclared
}

/// What a head says about the connection behind it.
package enum WireConnection: Sendable {
    /// Nothing: HTTP/1.1 stays open.
    case none
    case close
    /// For HTTP/1.0 clients that asked for it.
    case keepAlive
}

/// A request head for an upstream.
package struct RequestHeadWriter {
    package var method: UnsafeBufferPointer<UInt8>
    package var target: UnsafeBufferPointer<UInt8>
    /// Written first; a Host among the fields is not.
    package var host: UnsafeBufferPointer<UInt8>
    package var framing: WireFraming
    package var connection: WireConnection

    package init(
        method: UnsafeBufferPointer<UInt8>, target: UnsafeBufferPointer<UInt8>,
        host: UnsafeBufferPointer<UInt8>, framing: WireFraming, connection: WireConnection
    ) {
        self.method = method
        self.target = target
        self.host = host
        self.framing = framing
        self.connection = connection
    }

    /// Writes the head when it fits, else nothing.
    ///
    /// - Returns: Its size in bytes, more than `capacity` when it did not fit.
    package func write(
        _ fields: UnsafePointer<gw_fields>, to out: UnsafeMutableRawPointer, capacity: Int
    ) -> Int {
        let fixed = method.count + target.count + host.count + 28  // "  HTTP/1.1", "Host: ", CR LFs
        let bound = fixed + fieldBytes(fields) + framingBytesMax
        guard bound <= capacity else { return bound }
        var cursor = WireCursor(out)
        cursor.put(method)
        cursor.put(byte: Byte.space)
        cursor.put(target)
        cursor.put(" HTTP/1.1\r\nHost: ")
        cursor.put(host)
        cursor.put("\r\n")
        cursor.put(fields, without: FieldID.host, keepsLength: framing == .asDeclared)
        cursor.put(framing)
        cursor.put(connection)
        cursor.put("\r\n")
        return cursor.count(from: out)
    }
}

/// A response head for a client, interim or final.
package struct ResponseHeadWriter {
    package var status: UInt16
    package var framing: WireFraming
    package var connection: WireConnection

    package init(status: UInt16, framing: WireFraming, connection: WireConnection) {
        self.status = status
        self.framing = framing
        self.connection = connection
    }

    /// Writes the head when it fits, else nothing. See `RequestHeadWriter.write`.
    ///
    /// - Parameter date: Written unless the fields have a Date or the response is interim.
    package func write(
        _ fields: UnsafePointer<gw_fields>, date: borrowing HTTPDate,
        to out: UnsafeMutableRawPointer, capacity: Int
    ) -> Int {
        let reason = StatusCode.reason(status)
        let fixed = 17 + reason.utf8CodeUnitCount + 8 + HTTPDate.byteCount
        let bound = fixed + fieldBytes(fields) + framingBytesMax
        guard bound <= capacity else { return bound }
        var cursor = WireCursor(out)
        cursor.put("HTTP/1.1 ")
        cursor.put(status: status)
        cursor.put(byte: Byte.space)
        cursor.put(reason)
        cursor.put("\r\n")
        cursor.put(fields, without: 0, keepsLength: framing == .asDeclared)
        if status >= 200 && FieldSection.index(fields, of: FieldID.date) == nil {
            cursor.put("Date: ")
            cursor.put(date)
            cursor.put("\r\n")
        }
        cursor.put(framing)
        cursor.put(connection)
        cursor.put("\r\n")
        return cursor.count(from: out)
    }
}

/// Chunk framing (RFC 9112 §7.1). A chunk is its head, its data and `tail`.
package enum ChunkWriter {
    package static let headBytesMax = 18
    package static let tail: StaticString = "\r\n"
    package static let last: StaticString = "0\r\n\r\n"

    /// Writes size and CR LF; at most `headBytesMax` bytes.
    ///
    /// - Parameter count: Bytes of data, not 0: that would end the body.
    package static func writeHead(_ count: Int, to out: UnsafeMutableRawPointer) -> Int {
        precondition(count > 0, "an empty chunk ends the body")
        let digits = (Int.bitWidth - count.leadingZeroBitCount + 3) / 4
        for index in 0..<digits {
            let nibble = UInt8(truncatingIfNeeded: count >> ((digits - 1 - index) * 4)) & 15
            out.storeBytes(
                of: nibble < 10 ? 0x30 + nibble : 0x57 + nibble, toByteOffset: index,
                as: UInt8.self)
        }
        out.storeBytes(of: Byte.carriageReturn, toByteOffset: digits, as: UInt8.self)
        out.storeBytes(of: Byte.lineFeed, toByteOffset: digits + 1, as: UInt8.self)
        return digits + 2
    }

    /// Writes the last chunk and the trailer fields when they fit, else nothing.
    ///
    /// - Returns: Its size in bytes, more than `capacity` when it did not fit.
    package static func writeLast(
        trailers: UnsafePointer<gw_fields>, to out: UnsafeMutableRawPointer, capacity: Int
    ) -> Int {
        let bound = 5 + fieldBytes(trailers)
        guard bound <= capacity else { return bound }
        var cursor = WireCursor(out)
        cursor.put("0\r\n")
        cursor.put(trailers, without: FieldID.host, keepsLength: false)
        cursor.put("\r\n")
        return cursor.count(from: out)
    }
}

/// Longest of each: "Content-Length: " and 20 digits, "Connection: keep-alive", two CR LFs, and
/// the empty line.
private let framingBytesMax = 64

/// Size of all field lines, those that are not written included.
@inline(__always)
private func fieldBytes(_ section: UnsafePointer<gw_fields>) -> Int {
    let count = Int(section.pointee.count)
    guard count > 0 else { return 0 }
    let fields = FieldSection.table(section)
    var bytes = count * 4
    for index in 0..<count {
        bytes &+= Int(fields[index].name.len) &+ Int(fields[index].value.len)
    }
    return bytes
}

/// Writes forwards; the caller has measured.
private struct WireCursor {
    private var at: UnsafeMutableRawPointer

    @inline(__always)
    init(_ out: UnsafeMutableRawPointer) { at = out }

    @inline(__always)
    func count(from out: UnsafeMutableRawPointer) -> Int { at - out }

    @inline(__always)
    mutating func put(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        at.copyMemory(from: bytes, byteCount: count)
        at += count
    }

    @inline(__always)
    mutating func put(_ text: StaticString) { put(text.utf8Start, text.utf8CodeUnitCount) }

    @inline(__always)
    mutating func put(_ text: UnsafeBufferPointer<UInt8>) {
        if let start = text.baseAddress { put(start, text.count) }
    }

    @inline(__always)
    mutating func put(byte: UInt8) {
        at.storeBytes(of: byte, as: UInt8.self)
        at += 1
    }

    mutating func put(_ date: borrowing HTTPDate) {
        date.write(to: at)
        at += HTTPDate.byteCount
    }

    mutating func put(status: UInt16) {
        put(byte: UInt8(0x30 + status / 100 % 10))
        put(byte: UInt8(0x30 + status / 10 % 10))
        put(byte: UInt8(0x30 + status % 10))
    }

    /// Field lines, without framing and connection fields, which the host writes itself, and
    /// without one more name.
    @inline(__always)
    mutating func put(
        _ section: UnsafePointer<gw_fields>, without skipped: UInt16, keepsLength: Bool
    ) {
        let count = Int(section.pointee.count)
        guard count > 0, let base = section.pointee.base else { return }
        let fields = FieldSection.table(section)
        for index in 0..<count {
            let field = fields[index]
            if field.name_id != 0 {
                if field.name_id == skipped { continue }
                switch field.name_id {
                case FieldID.transferEncoding, FieldID.connection, FieldID.keepAlive: continue
                case FieldID.contentLength where !keepsLength: continue
                default: break
                }
            }
            put(base + Int(field.name.off), Int(field.name.len))
            at.storeBytes(of: Byte.colon, as: UInt8.self)
            at.storeBytes(of: Byte.space, toByteOffset: 1, as: UInt8.self)
            at += 2
            put(base + Int(field.value.off), Int(field.value.len))
            at.storeBytes(of: Byte.carriageReturn, as: UInt8.self)
            at.storeBytes(of: Byte.lineFeed, toByteOffset: 1, as: UInt8.self)
            at += 2
        }
    }

    mutating func put(_ framing: WireFraming) {
        switch framing {
        case .none, .asDeclared: break
        case .chunked: put("Transfer-Encoding: chunked\r\n")
        case .length(let length):
            put("Content-Length: ")
            put(decimal: length)
            put("\r\n")
        }
    }

    mutating func put(_ connection: WireConnection) {
        switch connection {
        case .none: break
        case .close: put("Connection: close\r\n")
        case .keepAlive: put("Connection: keep-alive\r\n")
        }
    }

    private mutating func put(decimal number: UInt64) {
        var digits = 1
        var bound: UInt64 = 10
        while digits < 20 && number >= bound {
            digits += 1
            if digits < 20 { bound *= 10 }
        }
        var rest = number
        for index in (0..<digits).reversed() {
            at.storeBytes(of: UInt8(0x30 + rest % 10), toByteOffset: index, as: UInt8.self)
            rest /= 10
        }
        at += digits
    }
}
