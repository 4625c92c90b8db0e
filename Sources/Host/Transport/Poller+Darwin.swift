// kqueue behind the interface that the event loop uses; Poller+Linux.swift is the same for epoll.
#if os(macOS)
private import CSystem
private import Darwin

/// What a descriptor is watched for, and what happened to it.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: UInt32(GWX_WATCH_READ))
    package static let writable = Readiness(rawValue: UInt32(GWX_WATCH_WRITE))
    /// The peer has closed its sending side, or the connection is broken.
    package static let hangup = Readiness([.leaving, .broken])
    /// The connection is gone in both directions.
    package static let broken = Readiness(rawValue: UInt32(GWX_WATCH_BROKEN))
    /// Watches for the peer's leaving while nothing is read.
    package static let leaving = Readiness(rawValue: UInt32(GWX_WATCH_LEAVING))
}

/// Level-triggered readiness of many descriptors. Reading and writing are events of their own, so
/// that one turn may announce a descriptor twice.
struct Poller: ~Copyable {
    static let eventsPerTurn = 256
    private let queue: Int32
    private let events: UnsafeMutablePointer<kevent>

    init() throws(SystemError) {
        queue = try SystemError.check(gwx_kqueue_create(), "kqueue")
        events = .allocate(capacity: Self.eventsPerTurn)
    }

    deinit {
        events.deallocate()
        _ = gwx_close(queue)
    }

    func add(_ fd: Int32, _ interest: Readiness, _ token: UnsafeMutableRawPointer)
        throws(SystemError)
    {
        _ = try SystemError.check(
            gwx_kqueue_watch(queue, fd, interest.rawValue, token), "kevent")
    }

    /// Changes what a registered descriptor is watched for; cannot fail for a live descriptor.
    func modify(_ fd: Int32, _ interest: Readiness, _ token: UnsafeMutableRawPointer) {
        _ = gwx_kqueue_watch(queue, fd, interest.rawValue, token)
    }

    func remove(_ fd: Int32) { _ = gwx_kqueue_watch(queue, fd, 0, nil) }

    /// Waits for events, at most `timeoutMilliseconds` (-1: without bound); gives how many.
    func wait(_ timeoutMilliseconds: Int32) -> Int {
        let count = gwx_kqueue_wait(queue, events, Int32(Self.eventsPerTurn), timeoutMilliseconds)
        // A descriptor that is watched for its end alone may report bytes, which nobody asked for.
        var kept = 0
        for index in 0..<max(0, Int(count)) where gwx_kqueue_readiness(events + index) != 0 {
            events[kept] = events[index]
            kept += 1
        }
        return kept
    }

    func event(_ index: Int) -> (token: UnsafeMutableRawPointer, readiness: Readiness) {
        let event = events + index
        return (
            gwx_kqueue_token(event), Readiness(rawValue: gwx_kqueue_readiness(event))
        )
    }
}
#endif
