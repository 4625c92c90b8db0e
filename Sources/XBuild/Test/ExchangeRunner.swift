// One request through the gateway under test, client and upstream in one loop on one thread.
import CSystem

import Glibc

/// What the client does.
struct ClientPlan {
    /// When the client leaves in the middle.
    enum Leaving: Equatable {
        case afterPieces(Int)
        case afterUpstreamRequest(Int)
        case afterAnswerBytes(Int)
        case afterMilliseconds(UInt64)
    }

    var pieces: [[UInt8]]
    var isHead = false
    var leaving: Leaving?

    init(_ request: TestFile.Request, pieceBytes: Int = .max, isChunked: Bool = false) {
        let body = Array(request.body.utf8)
        var head = "\(request.method) \(request.uri) HTTP/1.1\r\n"
        if !request.fields.keys.contains(where: { $0.lowercased() == "host" }) {
            head += "Host: 127.0.0.1\r\n"
        }
        for (name, value) in request.fields.sorted(by: { $0.key < $1.key }) {
            head += "\(name): \(value)\r\n"
        }
        if isChunked {
            head += "Transfer-Encoding: chunked\r\nTrailer: X-Check\r\n"
        } else if !body.isEmpty {
            head += "Content-Length: \(body.count)\r\n"
        }
        var content: [UInt8] = []
        if isChunked {
            for piece in Pieces.cut(body, min(pieceBytes, 4096)) {
                content += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10]
            }
            content += Array("0\r\nX-Check: 1\r\n\r\n".utf8)
        } else {
            content = body
        }
        // The head in one piece, unless everything is cut to bytes: heads are the host's business.
        pieces = [Array((head + "\r\n").utf8)] + Pieces.cut(content, pieceBytes)
        isHead = request.method == "HEAD"
    }
}

/// What came of it.
struct ExchangeOutcome: Equatable {
    enum End: Equatable {
        case answered
        /// The gateway closed the connection before an answer was complete.
        case cut
        case left
        case timedOut
        case refused
    }

    var end: End
    var status = 0
    var fields: [String: String] = [:]
    var body: [UInt8] = []
    var upstreamBodies: [[UInt8]] = []
    /// Requests that reached the upstream.
    var upstreamRequests = 0

    var summary: String {
        switch end {
        case .answered: "\(status) with \(body.count) bytes"
        case .cut: "a broken connection after \(body.count) bytes"
        case .left: "the client left"
        case .timedOut: "no end within \(ExchangeRunner.secondsMax) s"
        case .refused: "no connection"
        }
    }
}

/// Runs exchanges against one gateway.
struct ExchangeRunner {
    static let secondsMax: UInt64 = 10

    let port: UInt16
    let upstream: FakeUpstream
    /// Between two pieces, so that they arrive as pieces.
    private static let pause: UInt64 = 400_000

    func run(_ plan: ClientPlan, _ answer: UpstreamPlan) -> ExchangeOutcome {
        upstream.begin(answer)
        guard let client = LocalSocket.connect(port) else { return ExchangeOutcome(end: .refused) }
        var turn = Turn(client, plan)
        let start = gwx_monotonic_ns()
        while turn.end == nil {
            let now = gwx_monotonic_ns()
            if now - start > Self.secondsMax * 1_000_000_000 { turn.end = .timedOut }
            if case .afterMilliseconds(let milliseconds) = plan.leaving,
                now - start > milliseconds * 1_000_000
            {
                turn.end = .left
            }
            step(&turn, now)
        }
        LocalSocket.close(client)
        if turn.end == .left { settle() }
        return outcome(turn)
    }

    private struct Turn {
        let client: Int32
        let plan: ClientPlan
        var reader: HTTPMessageReader
        var sentPieces = 0
        /// Of the piece that is being sent.
        var sentBytes = 0
        var nextPiece: UInt64 = 0
        var answerBytes = 0
        var end: ExchangeOutcome.End?

        init(_ client: Int32, _ plan: ClientPlan) {
            self.client = client
            self.plan = plan
            reader = HTTPMessageReader(isAnswer: true, isAnswerToHead: plan.isHead)
        }
    }

    private func step(_ turn: inout Turn, _ now: UInt64) {
        let wantsToSend = turn.sentPieces < turn.plan.pieces.count && now >= turn.nextPiece
        let events = POLLIN | (wantsToSend ? POLLOUT : 0)
        var watched =
            [pollfd(fd: turn.client, events: Int16(events), revents: 0)] + upstream.watched
        _ = poll(&watched, nfds_t(watched.count), 1)
        upstream.serve(Array(watched.dropFirst()))
        if watched[0].revents & Int16(POLLOUT) != 0 { send(&turn, now) }
        if watched[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { receive(&turn) }
        switch turn.plan.leaving {
        case .afterPieces(let count) where turn.sentPieces >= count: turn.end = .left
        case .afterUpstreamRequest(let count) where upstream.bodies.count >= count: turn.end = .left
        case .afterAnswerBytes(let count) where turn.answerBytes >= count: turn.end = .left
        case _: break
        }
    }

    private func send(_ turn: inout Turn, _ now: UInt64) {
        let piece = turn.plan.pieces[turn.sentPieces]
        let sent = LocalSocket.send(turn.client, Array(piece[turn.sentBytes...]))
        // A gateway may answer and close before the request is complete: the answer tells.
        guard sent >= 0 else {
            turn.sentPieces = turn.plan.pieces.count
            return
        }
        turn.sentBytes += sent
        guard turn.sentBytes == piece.count else { return }
        turn.sentBytes = 0
        turn.sentPieces += 1
        turn.nextPiece = now + Self.pause
    }

    private func receive(_ turn: inout Turn) {
        switch LocalSocket.receive(turn.client) {
        case .nothing: return
        case .closed:
            turn.reader.end()
            if turn.end == nil { turn.end = turn.reader.state == .complete ? .answered : .cut }
        case .bytes(let bytes):
            turn.answerBytes += bytes.count
            turn.reader.read(bytes)
            if turn.reader.state == .complete { turn.end = .answered }
            if turn.reader.state == .broken { turn.end = .cut }
        }
    }

    /// The client is gone: the gateway notices, then the upstream answers what it held back.
    private func settle() {
        serve(milliseconds: 20)
        if upstream.isHolding {
            upstream.release()
            serve(milliseconds: 20)
        }
    }

    private func serve(milliseconds: UInt64) {
        let end = gwx_monotonic_ns() + milliseconds * 1_000_000
        while gwx_monotonic_ns() < end {
            var watched = upstream.watched
            _ = poll(&watched, nfds_t(watched.count), 2)
            upstream.serve(watched)
        }
    }

    private func outcome(_ turn: Turn) -> ExchangeOutcome {
        ExchangeOutcome(
            end: turn.end ?? .timedOut, status: turn.reader.status,
            fields: Dictionary(
                turn.reader.fields.map { ($0.name, $0.value) },
                uniquingKeysWith: { first, _ in first }),
            body: turn.reader.body, upstreamBodies: upstream.bodies,
            upstreamRequests: upstream.bodies.count)
    }
}
