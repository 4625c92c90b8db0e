// What other threads wake a loop with: an eventfd on Linux, a pipe elsewhere.
private import CSystem

/// A descriptor that is readable from `signal` to `clear`. The loop owns it.
struct Wakeup: ~Copyable {
    /// For the loop to watch.
    let descriptor: Int32
    private let signalled: Int32

    init() throws(SystemError) {
        #if os(Linux)
        descriptor = try SystemError.check(gwx_eventfd(), "eventfd")
        signalled = descriptor
        #else
        (descriptor, signalled) = try Socket.pipe(capacity: 0)
        #endif
    }

    deinit {
        _ = gwx_close(descriptor)
        if signalled != descriptor { _ = gwx_close(signalled) }
    }

    /// A signal more than once before `clear` is as good as one. [any thread]
    func signal() {
        var one: UInt64 = 1
        _ = gwx_write(signalled, &one, MemoryLayout<UInt64>.size)
    }

    /// [loop]
    func clear() {
        var counter: UInt64 = 0
        _ = gwx_read(descriptor, &counter, MemoryLayout<UInt64>.size)
    }
}
