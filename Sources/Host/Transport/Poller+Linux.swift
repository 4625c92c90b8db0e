// epoll behind the interface that the event loop uses; Poller+Darwin.swift is the same for kqueue.
#if os(Linux)
private import CSystem
private import Glibc

/// What a descriptor is watched for, and what happened to it.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer has closed its sending side, or the connection is broken.
    package static let hangup = Readiness(
        rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)
    /// The connection is gone in both directions.
    package static let broken = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
    /// Watches for the peer's leaving while nothing is read.
    package static let leaving = Readiness(rawValue: EPOLLRDHUP.rawValue)
}

/// Level-triggered readiness of many descriptors.
struct Poller: ~Copyable {
    static let eventsPerTurn = 256
    private let epoll: Int32
    private let events: UnsafeMutablePointer<epoll_event>

    init() throws(SystemError) {
        epoll = try SystemError.check(gwx_epoll_create(), "epoll_create")
        events = .allocate(capacity: Self.eventsPerTurn)
    }

    deinit {
        events.deallocate()
        _ = gwx_close(epoll)
    }

    func add(_ fd: Int32, _ interest: Readiness, _ token: UnsafeMutableRawPointer)
        throws(SystemError)
    {
        _ = try SystemError.check(
            gwx_epoll_control(epoll, EPOLL_CTL_ADD, fd, interest.rawValue, token), "epoll_ctl")
    }

    /// Changes what a registered descriptor is watched for; cannot fail for a live descriptor.
    func modify(_ fd: Int32, _ interest: Readiness, _ token: UnsafeMutableRawPointer) {
        _ = gwx_epoll_control(epoll, EPOLL_CTL_MOD, fd, interest.rawValue, token)
    }

    func remove(_ fd: Int32) {
        _ = gwx_epoll_control(epoll, EPOLL_CTL_DEL, fd, 0, nil)
    }

    /// Waits for events, at most `timeoutMilliseconds` (-1: without bound); gives how many.
    func wait(_ timeoutMilliseconds: Int32) -> Int {
        max(0, Int(gwx_epoll_wait(epoll, events, Int32(Self.eventsPerTurn), timeoutMilliseconds)))
    }

    func event(_ index: Int) -> (token: UnsafeMutableRawPointer, readiness: Readiness) {
        let event = events[index]
        return (event.data.ptr.unsafelyUnwrapped, Readiness(rawValue: event.events))
    }
}
#endif
