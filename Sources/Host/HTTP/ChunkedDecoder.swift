// Reads a chunked body (RFC 9112 §7.1) from buffers that end anywhere.
import Base
package import CGateway

/// A resumable decoder of one chunked body. Data is never copied: steps say where it is in the
/// buffer that was given. Owned by a connection; after an error the connection is dead for input.
package struct ChunkedDecoder: ~Copyable {
    package enum Step: Equatable, Sendable {
        /// All input was used and the body goes on.
        case needMore
        /// Body bytes, as a range of the input.
        case data(start: Int, count: Int)
        /// The body and its trailers are complete; input may hold the next message.
        case end
    }

    private enum State {
        case sizeStart, size, sizeGap
        case extensionStart, extensionName, extensionNameGap, extensionValue, extensionToken
        case extensionQuoted, extensionEscape, extensionQuotedEnd, extensionValueGap
        case lineFeed, data, dataEnd, dataLineFeed, trailers, done
    }

    private var state = State.sizeStart
    /// Of the chunk: its size while that is read, then what is left of it.
    private var remaining: UInt64 = 0
    private var lineBytes = 0
    private var extensionBytes = 0
    private var trailers = TrailerSection()

    package init() {}

    package var isComplete: Bool { state == .done }

    /// Makes the next step.
    ///
    /// - Parameters:
    ///   - bytes: Input; read only, never kept.
    ///   - at: Where to go on in it; moved behind what was used.
    package mutating func next(
        _ bytes: UnsafePointer<UInt8>, _ at: inout Int, _ count: Int
    ) throws(HTTPError) -> Step {
        while at < count {
            switch state {
            case .data:
                let start = at
                let taken = Int(min(remaining, UInt64(count - at)))
                remaining -= UInt64(taken)
                at += taken
                if remaining == 0 { state = .dataEnd }
                return .data(start: start, count: taken)
            case .trailers:
                if try trailers.read(bytes, &at, count) {
                    state = .done
                    return .end
                }
            case .dataEnd:
                guard bytes[at] == Byte.carriageReturn else { throw .chunkEndInvalid }
                at += 1
                state = .dataLineFeed
            case .dataLineFeed:
                guard bytes[at] == Byte.lineFeed else { throw .chunkEndInvalid }
                at += 1
                state = .sizeStart
            case .done:
                return .end
            case .sizeStart, .size, .sizeGap, .lineFeed, .extensionStart, .extensionName,
                .extensionNameGap, .extensionValue, .extensionToken, .extensionQuoted,
                .extensionEscape, .extensionQuotedEnd, .extensionValueGap:
                try readLineByte(bytes[at])
                at += 1
            }
        }
        return state == .done ? .end : .needMore
    }

    /// Adds the trailer fields to a section, without those that must not be there
    /// (RFC 9110 §6.5.1). Call after `.end`.
    package func copyTrailers(
        to section: UnsafeMutablePointer<gw_fields>
    ) throws(FieldError) {
        try trailers.copy(to: section)
    }

    package var hasTrailers: Bool { trailers.hasFields }

    private mutating func readLineByte(_ byte: UInt8) throws(HTTPError) {
        lineBytes += 1
        guard lineBytes <= Limits.chunkLineBytesMax else { throw .chunkExtensionsTooLarge }
        switch state {
        case .sizeStart, .size, .sizeGap, .lineFeed:
            try readSizeByte(byte)
        case .extensionStart, .extensionName, .extensionNameGap, .extensionValue,
            .extensionToken, .extensionQuoted, .extensionEscape, .extensionQuotedEnd,
            .extensionValueGap:
            extensionBytes += 1
            guard extensionBytes <= Limits.chunkExtensionBytesMax else {
                throw .chunkExtensionsTooLarge
            }
            guard let next = stateAfterExtension(byte) else {
                throw byte == Byte.lineFeed ? .bareLineFeed : .chunkExtensionInvalid
            }
            state = next
        case .data, .dataEnd, .dataLineFeed, .trailers, .done:
            preconditionFailure("chunk line byte in state \(state)")
        }
    }

    private mutating func readSizeByte(_ byte: UInt8) throws(HTTPError) {
        if state == .lineFeed {
            guard byte == Byte.lineFeed else { throw .bareCarriageReturn }
            state = remaining == 0 ? .trailers : .data
            lineBytes = 0
            return
        }
        if state != .sizeGap, let digit = hexValue(byte) {
            // One hex digit more must fit, far below where sums of sizes could wrap.
            guard remaining < 1 << 56 else { throw .chunkSizeInvalid }
            remaining = state == .sizeStart ? digit : remaining << 4 | digit
            state = .size
            return
        }
        guard state != .sizeStart else { throw .chunkSizeInvalid }
        if byte == Byte.carriageReturn && state == .size {
            state = .lineFeed
        } else if byte == Byte.semicolon {
            state = .extensionStart
        } else if byte == Byte.space || byte == Byte.tab {
            state = .sizeGap
        } else {
            throw .chunkSizeInvalid
        }
    }

    /// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ); white space
    /// before the end of the line is part of none of it.
    private func stateAfterExtension(_ byte: UInt8) -> State? {
        let classes = ByteClass.table[Int(byte)]
        let isToken = classes & ByteClass.token != 0
        let isSpace = byte == Byte.space || byte == Byte.tab
        switch state {
        case .extensionStart:
            return isToken ? .extensionName : isSpace ? state : nil
        case .extensionName:
            if isToken { return state }
            if byte == Byte.equals { return .extensionValue }
            return isSpace ? .extensionNameGap : stateAtExtensionEnd(byte)
        case .extensionNameGap:
            if byte == Byte.equals { return .extensionValue }
            return isSpace ? state : byte == Byte.semicolon ? .extensionStart : nil
        case .extensionValue:
            if byte == Byte.quote { return .extensionQuoted }
            return isToken ? .extensionToken : isSpace ? state : nil
        case .extensionToken:
            if isToken { return state }
            return isSpace ? .extensionValueGap : stateAtExtensionEnd(byte)
        case .extensionQuoted:
            if byte == Byte.quote { return .extensionQuotedEnd }
            if byte == Byte.backslash { return .extensionEscape }
            return classes & ByteClass.quotedText != 0 ? state : nil
        case .extensionEscape:
            return classes & ByteClass.text != 0 ? .extensionQuoted : nil
        case .extensionQuotedEnd:
            return isSpace ? .extensionValueGap : stateAtExtensionEnd(byte)
        case .extensionValueGap:
            return isSpace ? state : byte == Byte.semicolon ? .extensionStart : nil
        case .sizeStart, .size, .sizeGap, .lineFeed, .data, .dataEnd, .dataLineFeed, .trailers,
            .done:
            preconditionFailure("chunk extension byte in state \(state)")
        }
    }

    private func stateAtExtensionEnd(_ byte: UInt8) -> State? {
        byte == Byte.semicolon ? .extensionStart : byte == Byte.carriageReturn ? .lineFeed : nil
    }
}

private func hexValue(_ byte: UInt8) -> UInt64? {
    let digit = byte &- 0x30
    if digit < 10 { return UInt64(digit) }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? UInt64(letter) + 10 : nil
}
