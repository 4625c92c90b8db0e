// Server-sent events that tell a dashboard that something has changed.
import PluginSDK
import Synchronization

/// One open stream. Belongs to an exchange and runs on its worker; only `changed` comes from
/// elsewhere.
final class EventStream: @unchecked Sendable {
    /// Streams of one cache file, all workers together.
    static let countMax = 32
    /// Changes that come together are told together.
    private static let pauseNanoseconds: UInt64 = 200_000_000
    private static let heartbeatNanoseconds: UInt64 = 15_000_000_000

    private let request: RequestReference
    private let core: ResolverCore
    private let worker: Worker
    private let isTold = Atomic<Bool>(false)
    private var timer: Timer?
    private var hasNews = false
    private var isBlocked = false
    private var isOver = false

    init(_ request: RequestReference, _ core: ResolverCore, _ worker: Worker) {
        self.request = request
        self.core = core
        self.worker = worker
    }

    /// - Returns: Whether there is room for it.
    func open(_ scope: Scope) -> Bool {
        let isOpen = core.watch(self, max: Self.countMax) { [weak self] in self?.changed() }
        guard isOpen else { return false }
        let timer = Timer(scope: scope, worker: worker) { [unowned self] in tick() }
        self.timer = timer
        schedule(Self.heartbeatNanoseconds)
        return true
    }

    /// The first event; a client reads the state after it.
    func greet() { write("retry: 2000\nevent: change\ndata: {}\n\n", .flush) }

    /// The client has read enough to go on.
    func resume() {
        isBlocked = false
        if hasNews { tell() }
    }

    /// The server stops: the stream ends between two events.
    func end() {
        guard !isOver else { return }
        write("event: end\ndata: {}\n\n", [.flush, .end])
        close()
    }

    /// The exchange is over.
    func close() {
        isOver = true
        timer?.stop()
        timer = nil
        core.unwatch(self)
    }

    /// [any]
    private func changed() {
        guard isTold.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
        else { return }
        try? worker.post { [self] in
            guard !isOver else { return }
            hasNews = true
            schedule(Self.pauseNanoseconds)
        }
    }

    private func tick() {
        guard hasNews else {
            write(":\n\n", .flush)
            return schedule(Self.heartbeatNanoseconds)
        }
        if !isBlocked { tell() }
    }

    private func tell() {
        hasNews = false
        isTold.store(false, ordering: .relaxed)
        write("event: change\ndata: {}\n\n", .flush)
        schedule(Self.heartbeatNanoseconds)
    }

    private func write(_ text: String, _ options: WriteOptions) {
        guard !isOver, !isBlocked || options.contains(.end) else { return }
        let status = text.withBytes { bytes in
            request.with { request in try? request.write(bytes, options) }
        }
        guard let status else { return close() }
        isBlocked = status == .again
    }

    private func schedule(_ delay: UInt64) {
        guard !isOver else { return }
        try? timer?.start(afterNanoseconds: delay)
    }
}
