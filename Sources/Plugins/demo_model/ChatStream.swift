// A reply as server-sent events, one word every 20 ms, no faster than the client reads.
import PluginSDK

/// Belongs to one exchange; its worker's thread only.
final class ChatStream {
    private static let paceNanoseconds: UInt64 = 20_000_000
    private let reply: ChatReply
    private let request: RequestReference
    private let scope: Scope
    private let worker: Worker
    private var timer: Timer?
    private var next = 0
    private var isBlocked = false

    init(_ reply: ChatReply, to request: RequestReference, scope: Scope, worker: Worker) {
        self.reply = reply
        self.request = request
        self.scope = scope
        self.worker = worker
    }

    func begin() throws(Status) {
        let timer = Timer(scope: scope, worker: worker) { [unowned self] in send() }
        self.timer = timer
        try timer.start(afterNanoseconds: Self.paceNanoseconds)
    }

    /// The client has read enough to go on.
    func resume() {
        guard isBlocked else { return }
        isBlocked = false
        schedule()
    }

    func stop() {
        timer?.stop()
        timer = nil
    }

    private func send() {
        let isLast = next >= reply.words.count
        let text = isLast ? reply.lastEvents : reply.event(next)
        let status = write(text, isLast ? [.end, .flush] : .flush)
        next += 1
        guard let status, !isLast else { return stop() }
        isBlocked = status == .again
        if !isBlocked { schedule() }
    }

    /// - Returns: nil when the exchange is over.
    private func write(_ text: String, _ options: WriteOptions) -> Status? {
        text.withBytes { bytes in
            request.with { request in try? request.write(bytes, options) }
        }
    }

    /// Without a timer the stream cannot go on, so the client is told.
    private func schedule() {
        do throws(Status) {
            try timer?.start(afterNanoseconds: Self.paceNanoseconds)
        } catch {
            request.with { request in request.abort() }
        }
    }
}
