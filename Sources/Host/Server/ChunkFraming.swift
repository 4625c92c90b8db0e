// Chunks on their way out (RFC 9112 §7.1).
import Base
import CGateway
import HTTP
import Transport

enum ChunkFraming {
    /// Bytes around the data of a chunk, the last chunk included.
    static let overhead = ChunkWriter.headBytesMax + 2 + 5

    /// Writes a piece with its framing; the caller has measured. Gives the bytes written.
    static func write(_ piece: BodyPiece, to out: UnsafeMutableRawPointer) -> Int {
        var size = 0
        if let source = piece.bytes.baseAddress, piece.bytes.count > 0 {
            size = ChunkWriter.writeHead(piece.bytes.count, to: out)
            (out + size).copyMemory(from: source, byteCount: piece.bytes.count)
            size += piece.bytes.count
            size += write(ChunkWriter.tail, to: out + size)
        }
        if piece.isLast { size += write(ChunkWriter.last, to: out + size) }
        return size
    }

    private static func write(_ text: StaticString, to out: UnsafeMutableRawPointer) -> Int {
        out.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        return text.utf8CodeUnitCount
    }
}

extension Worker {
    /// Sends a piece that is too large to be put together with its framing first.
    func sendChunk(_ bytes: UnsafeRawBufferPointer, isLast: Bool, on link: Link) {
        let scratch = writeBuffer.baseAddress.unsafelyUnwrapped
        if bytes.count > 0 {
            let head = ChunkWriter.writeHead(bytes.count, to: scratch)
            link.send(UnsafeRawBufferPointer(start: scratch, count: head), bytes)
        }
        let rest =
            isLast ? (bytes.count > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n") : "\r\n" as StaticString
        if bytes.count > 0 || isLast {
            link.send(UnsafeRawBufferPointer(start: rest.utf8Start, count: rest.utf8CodeUnitCount))
        }
    }

    func sendLastChunk(_ trailers: UnsafePointer<gw_fields>, on link: Link) {
        let size = ChunkWriter.writeLast(
            trailers: trailers, to: writeBuffer.baseAddress.unsafelyUnwrapped,
            capacity: writeBuffer.count)
        guard size <= writeBuffer.count else { return }
        link.send(UnsafeRawBufferPointer(rebasing: writeBuffer[..<size]))
    }
}

/// Trailer fields of the message that is being read. One per worker.
final class TrailerScratch {
    private let block = MessageBlock()
    let section: UnsafeMutablePointer<gw_fields>

    init() {
        section = .allocate(capacity: 1)
        section.initialize(to: gw_fields())
    }

    deinit { section.deallocate() }

    /// An empty section; what it held before is gone.
    func begin() -> UnsafeMutablePointer<gw_fields> {
        block.reset()
        try? block.register(section)
        return section
    }
}
