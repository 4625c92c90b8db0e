// The server behind the gateway under test: it answers as a case wants it to.
import CSystem
import Commands

import Glibc

/// How the upstream answers.
struct UpstreamPlan {
    /// What goes wrong, at which of the requests that one exchange causes.
    enum Fault: Equatable {
        case closeAtOnce, closeInHead, closeInBody
        /// Answers only after the client has left.
        case holdUntilLeft
    }

    var pieces: [[UInt8]]
    var fault: Fault?
    /// Index of the request that the fault is for.
    var faultAt = 0
    /// Where the head of the answer ends.
    var headBytes: Int

    /// An answer with this body, cut into pieces of at most `pieceBytes`.
    init(body: [UInt8], pieceBytes: Int = .max, isChunked: Bool = false, hasTrailer: Bool = false) {
        var head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        head += isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(body.count)\r\n"
        if hasTrailer { head += "Trailer: X-Check\r\n" }
        head += "\r\n"
        headBytes = head.utf8.count
        var content: [UInt8] = []
        if isChunked {
            for piece in Pieces.cut(body, min(pieceBytes, 4096)) {
                content += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10]
            }
            content += Array("0\r\n\(hasTrailer ? "X-Check: 1\r\n" : "")\r\n".utf8)
        } else {
            content = body
        }
        pieces = Pieces.cut(Array(head.utf8) + content, pieceBytes)
    }
}

enum Pieces {
    static func cut(_ bytes: [UInt8], _ size: Int) -> [[UInt8]] {
        guard size < bytes.count else { return bytes.isEmpty ? [] : [bytes] }
        return stride(from: 0, to: bytes.count, by: size).map {
            Array(bytes[$0..<min($0 + size, bytes.count)])
        }
    }
}

/// Listens on a port of its own and serves whoever connects.
final class FakeUpstream {
    private struct Connection {
        var reader = HTTPMessageReader(isAnswer: false)
        var pieces: [[UInt8]] = []
        var isHeld = false
        var closesAtEnd = false
    }

    let port: UInt16
    private let listener: Int32
    private var connections: [Int32: Connection] = [:]
    /// Bodies of the requests of the exchange that is under way.
    private(set) var bodies: [[UInt8]] = []
    private(set) var heads: [String] = []
    var plan = UpstreamPlan(body: [])

    init() throws(BuildError) {
        guard let opened = LocalSocket.listen() else {
            throw BuildError("cannot listen on 127.0.0.1")
        }
        (listener, port) = opened
    }

    deinit {
        for descriptor in connections.keys { close(descriptor) }
        close(listener)
    }

    /// Before an exchange.
    func begin(_ plan: UpstreamPlan) {
        self.plan = plan
        bodies = []
        heads = []
    }

    /// Answers what was held back; the client is gone.
    func release() {
        for descriptor in connections.keys where connections[descriptor]?.isHeld == true {
            connections[descriptor]?.isHeld = false
            connections[descriptor]?.pieces = plan.pieces
        }
    }

    var isHolding: Bool { connections.values.contains(where: \.isHeld) }

    var watched: [pollfd] {
        var watched = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        for (descriptor, connection) in connections {
            let writes = connection.pieces.isEmpty ? 0 : POLLOUT
            watched.append(pollfd(fd: descriptor, events: Int16(POLLIN | writes), revents: 0))
        }
        return watched
    }

    func serve(_ ready: [pollfd]) {
        for entry in ready where entry.revents != 0 {
            if entry.fd == listener {
                acceptAll()
            } else if connections[entry.fd] != nil {
                receive(entry.fd)
                sendPiece(entry.fd)
            }
        }
    }

    private func acceptAll() {
        while let descriptor = LocalSocket.accept(listener) {
            connections[descriptor] = Connection()
        }
    }

    private func drop(_ descriptor: Int32) {
        close(descriptor)
        connections[descriptor] = nil
    }

    private func receive(_ descriptor: Int32) {
        switch LocalSocket.receive(descriptor) {
        case .nothing: return
        case .closed: return drop(descriptor)
        case .bytes(let bytes):
            connections[descriptor]?.reader.read(bytes)
            guard let reader = connections[descriptor]?.reader else { return }
            if reader.state == .complete { answer(reader, descriptor) }
        }
    }

    private func answer(_ reader: HTTPMessageReader, _ descriptor: Int32) {
        let isFaulty = bodies.count == plan.faultAt
        bodies.append(reader.body)
        heads.append(reader.firstLine)
        connections[descriptor]?.reader = HTTPMessageReader(isAnswer: false)
        let isHead = reader.firstLine.hasPrefix("HEAD ")
        let pieces =
            isHead
            ? Pieces.cut(Array(plan.pieces.joined().prefix(plan.headBytes)), .max)
            : plan.pieces
        switch isFaulty ? plan.fault : nil {
        case .closeAtOnce: drop(descriptor)
        case .closeInHead: send(Array(plan.pieces.joined().prefix(10)), thenClose: descriptor)
        case .closeInBody:
            let half = plan.headBytes + (plan.pieces.joined().count - plan.headBytes) / 2
            send(Array(plan.pieces.joined().prefix(half)), thenClose: descriptor)
        case .holdUntilLeft: connections[descriptor]?.isHeld = true
        case nil: connections[descriptor]?.pieces = pieces
        }
    }

    private func send(_ bytes: [UInt8], thenClose descriptor: Int32) {
        connections[descriptor]?.pieces = [bytes]
        connections[descriptor]?.closesAtEnd = true
    }

    private func sendPiece(_ descriptor: Int32) {
        guard let piece = connections[descriptor]?.pieces.first else { return }
        let sent = LocalSocket.send(descriptor, piece)
        guard sent >= 0 else { return drop(descriptor) }
        if sent == piece.count {
            connections[descriptor]?.pieces.removeFirst()
        } else {
            connections[descriptor]?.pieces[0] = Array(piece[sent...])
        }
        if connections[descriptor]?.pieces.isEmpty == true,
            connections[descriptor]?.closesAtEnd == true
        {
            drop(descriptor)
        }
    }
}

/// Sockets of this machine, without blocking.
enum LocalSocket {
    enum Received { case nothing, closed, bytes([UInt8]) }

    static func listen() -> (descriptor: Int32, port: UInt16)? {
        let descriptor = gwx_socket(AF_INET)
        var address = sockaddr_storage()
        let length = gwx_address_parse("127.0.0.1", 0, &address)
        guard descriptor >= 0, gwx_bind(descriptor, &address, length) == 0,
            gwx_listen(descriptor, 64) == 0, gwx_local_address(descriptor, &address) == 0
        else { return nil }
        return (descriptor, gwx_address_port(&address))
    }

    /// A port that nobody listens on now.
    static func freePort() -> UInt16? {
        guard let (descriptor, port) = listen() else { return nil }
        close(descriptor)
        return port
    }

    static func connect(_ port: UInt16) -> Int32? {
        let descriptor = gwx_socket(AF_INET)
        var address = sockaddr_storage()
        let length = gwx_address_parse("127.0.0.1", port, &address)
        let status = gwx_connect(descriptor, &address, length)
        guard status == 0 || status == -EINPROGRESS else {
            close(descriptor)
            return nil
        }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&waiting, 1, 1000)
        guard gwx_socket_error(descriptor) == 0 else {
            close(descriptor)
            return nil
        }
        _ = gwx_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return descriptor
    }

    static func accept(_ listener: Int32) -> Int32? {
        var peer = sockaddr_storage()
        let descriptor = gwx_accept(listener, &peer)
        guard descriptor >= 0 else { return nil }
        _ = gwx_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return descriptor
    }

    static func receive(_ descriptor: Int32) -> Received {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { gwx_recv(descriptor, $0, bytes.count) } ?? 0
        }
        if count == -Int(EAGAIN) { return .nothing }
        return count <= 0 ? .closed : .bytes(Array(buffer[..<count]))
    }

    /// - Returns: Bytes that were taken, or -1 when the peer is gone.
    static func send(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
        let count = bytes.withUnsafeBytes { source in
            source.baseAddress.map { gwx_send(descriptor, $0, source.count, 0) } ?? 0
        }
        if count == -Int(EAGAIN) { return 0 }
        return count < 0 ? -1 : count
    }

    static func close(_ descriptor: Int32) { _ = gwx_close(descriptor) }
}
