private import CSystem

// Signals as a queue that the control thread reads.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

/// What a signal asks for.
enum SignalRequest: Equatable {
    case reload(String)
    case stop(String)
    case quit

    init?(number: Int32) {
        switch number {
        case SIGHUP: self = .reload("SIGHUP")
        case SIGUSR1: self = .reload("SIGUSR1")
        case SIGTERM: self = .stop("SIGTERM")
        case SIGINT: self = .stop("SIGINT")
        case SIGQUIT: self = .quit
        case _: return nil
        }
    }
}

/// Owns the process's signals. Create it before any thread starts: threads inherit what is
/// blocked.
final class SignalQueue: Sendable {
    private static let numbers = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1]
    #if !os(macOS)
    private let descriptor: Int32
    #endif

    init() {
        signal(SIGUSR2, SIG_IGN)
        gwx_block_signals(Self.numbers, Self.numbers.count)
        #if !os(macOS)
        descriptor = gwx_signalfd(Self.numbers, Self.numbers.count)
        precondition(descriptor >= 0, "no descriptor for signals")
        #endif
    }

    /// The next signal's request, nil when none came in time.
    ///
    /// - Parameter timeoutMilliseconds: -1 waits without end.
    func next(timeoutMilliseconds: Int32) -> SignalRequest? {
        SignalRequest(number: nextNumber(timeoutMilliseconds))
    }

    /// Calls a closure from a thread of its own when another signal asks for an end.
    func watchForSecond(_ body: @escaping @Sendable () -> Void) {
        let watch = Unmanaged.passRetained(SecondSignal(queue: self, body: body))
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, watchThread, watch.toOpaque())
        guard result == 0 else { return watch.release() }
        pthread_detach(thread)
    }

    #if os(macOS)
    private func nextNumber(_ timeoutMilliseconds: Int32) -> Int32 {
        var pending = sigset_t()
        var waited: Int32 = 0
        while timeoutMilliseconds < 0 || waited < timeoutMilliseconds {
            sigpending(&pending)
            for number in Self.numbers where sigismember(&pending, number) == 1 {
                var set = sigset_t()
                sigemptyset(&set)
                sigaddset(&set, number)
                var taken: Int32 = 0
                if sigwait(&set, &taken) == 0 { return taken }
            }
            usleep(50_000)
            waited += 50
        }
        return 0
    }
    #else
    private func nextNumber(_ timeoutMilliseconds: Int32) -> Int32 {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, timeoutMilliseconds) > 0 else { return 0 }
        return gwx_signalfd_read(descriptor)
    }
    #endif
}

private final class SecondSignal: Sendable {
    let queue: SignalQueue
    let body: @Sendable () -> Void

    init(queue: SignalQueue, body: @escaping @Sendable () -> Void) {
        self.queue = queue
        self.body = body
    }

    /// Reloads make no sense any more.
    func wait() {
        while true {
            switch queue.next(timeoutMilliseconds: -1) {
            case .stop, .quit: return body()
            case .reload, nil: continue
            }
        }
    }
}

private func watchThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<SecondSignal>.fromOpaque(context).takeRetainedValue().wait()
    return nil
}
