// The question whether a name may have a certificate (`on_demand_tls { ask URL }`).
import Base
import CGateway
import HTTP
import Transport

/// One GET on the loop of the worker that needs the answer. Redirects are not followed: anything
/// but 2xx is a no.
final class PermissionCall: UpstreamConsumer {
    enum Answer {
        case allowed
        case denied
        case unreachable(String)
    }

    private unowned(unsafe) let worker: Worker
    private let pool: UpstreamPool
    private let target: [UInt8]
    private let onAnswer: (Answer) -> Void
    private let block = MessageBlock()
    private let requestBlock = MessageBlock()
    private let res: UnsafeMutablePointer<gw_res>
    private let fields: UnsafeMutablePointer<gw_fields>
    private let timer: TimerWheel.Node
    private var stream: UpstreamStream?
    private var received = 0
    /// Itself until the answer is there: nobody else keeps it.
    private var keepAlive: PermissionCall?

    /// - Parameter onAnswer: Called once, on the worker.
    init(
        worker: Worker, pool: UpstreamPool, url: AskURL, name: String,
        onAnswer: @escaping (Answer) -> Void
    ) {
        self.worker = worker
        self.pool = pool
        self.onAnswer = onAnswer
        target = Array(url.target(for: name).utf8)
        res = .allocate(capacity: 1)
        res.initialize(to: gw_res())
        fields = .allocate(capacity: 1)
        fields.initialize(to: gw_fields())
        timer = .allocate(capacity: 1)
        super.init()
        timer.initialize(
            to: TimerNode(context: Unmanaged.passUnretained(self).toOpaque()) { context in
                Unmanaged<PermissionCall>.fromOpaque(context).takeUnretainedValue()
                    .finish(.unreachable("no answer in time"))
            })
    }

    deinit {
        timer.deallocate()
        res.deallocate()
        fields.deallocate()
    }

    func start() {
        keepAlive = self
        worker.loop.arm(timer, deadline: worker.loop.now &+ Limits.onDemandAskTimeout)
        let call = worker.pool(pool).call(self, needsFresh: false)
        if keepAlive != nil, stream == nil { stream = call }
    }

    private func finish(_ answer: Answer) {
        guard keepAlive != nil else { return }
        worker.loop.cancel(timer)
        let stream = self.stream
        self.stream = nil
        stream?.cancel()
        onAnswer(answer)
        keepAlive = nil
    }

    private func finishByStatus() {
        finish((200..<300).contains(res.pointee.status) ? .allowed : .denied)
    }

    // MARK: UpstreamConsumer

    override func upstreamReady(_ stream: UpstreamStream) {
        self.stream = stream
        guard (try? requestBlock.register(fields)) != nil else {
            return finish(.unreachable("out of memory"))
        }
        let size = target.withUnsafeBufferPointer { target in
            pool.hostText.withUnsafeBufferPointer { host in
                Self.get.withUTF8Buffer { method in
                    RequestHeadWriter(
                        method: method, target: target, host: host, framing: .none,
                        connection: .none
                    ).write(
                        fields, to: worker.writeBuffer.baseAddress.unsafelyUnwrapped,
                        capacity: worker.writeBuffer.count)
                }
            }
        }
        guard size <= worker.writeBuffer.count else {
            return finish(.unreachable("the question is too long"))
        }
        stream.send(
            head: UnsafeRawBufferPointer(rebasing: worker.writeBuffer[..<size]),
            body: BodyPiece(bytes: UnsafeRawBufferPointer(start: nil, count: 0), isLast: true),
            framing: .none)
    }

    private static let get: StaticString = "GET"

    override func upstreamInterim(status: UInt16, fields: UnsafePointer<gw_fields>) {}

    override func upstreamHead(_ stream: UpstreamStream, body: ResponseBody) {}

    /// The body is of no interest, but a short one leaves the connection fit for the next question.
    override func upstreamBody(_ bytes: UnsafeRawBufferPointer) {
        received += bytes.count
        if received > Limits.bufferedBytesMax { finishByStatus() }
    }

    override func upstreamEnded(trailers: UnsafePointer<gw_fields>?) {
        stream = nil
        finishByStatus()
    }

    override func upstreamFailed(_ failure: UpstreamFailure) {
        stream = nil
        let detail = failure.detail.isEmpty ? "" : ": \(failure.detail)"
        finish(.unreachable("\(failure.message)\(detail)"))
    }

    override func upstreamDrained() {}
    override func upstreamFlush() {}
    override var responseBlock: MessageBlock { block }
    override var response: UnsafeMutablePointer<gw_res> { res }
    override var isRepeatable: Bool { false }
    override var upstreamMethodID: UInt8 {
        Self.get.withUTF8Buffer { bytes in
            bytes.baseAddress.map { methodID($0, bytes.count) } ?? 0
        }
    }
}
