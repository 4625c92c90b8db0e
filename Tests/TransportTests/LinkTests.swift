// Links over a pair of sockets with small buffers: partial writes, flushing, ways of ending.
import Foundation
import Testing

@testable import Transport

@Suite struct LinkTests {
    @Test func whatThePeerDoesNotTakeWaitsAndLeavesInOrder() throws {
        let (loop, ends) = (try EventLoop(), try Ends(bufferBytes: 4096))
        let owner = LinkOwner(try ends.takeNear(), loop)
        let sent = pattern(200_000)
        owner.link.send(sent[..<50_000])
        #expect(owner.link.hasPendingOutput)
        owner.link.send(sent[50_000...])
        var received: [UInt8] = []
        while received.count < sent.count {
            received += ends.read()
            loop.turn(0)
        }
        #expect(received == sent)
        #expect(!owner.link.hasPendingOutput)
    }

    @Test(arguments: [0, 1, 2_000, 60_000, 199_999, 200_000])
    func twoPiecesStayTogetherHoweverFewBytesAreTaken(_ split: Int) throws {
        let (loop, ends) = (try EventLoop(), try Ends(bufferBytes: 4096))
        let owner = LinkOwner(try ends.takeNear(), loop)
        let sent = pattern(200_000)
        owner.link.send(sent[..<split], sent[split...])
        var received: [UInt8] = []
        while received.count < sent.count {
            received += ends.read()
            loop.turn(0)
        }
        #expect(received == sent)
    }

    @Test func writingToALeftPeerBreaksTheLinkAndNothingElse() throws {
        let (loop, ends) = (try EventLoop(), try Ends())
        let owner = LinkOwner(try ends.takeNear(), loop)
        ends.closeFar()
        owner.link.send(pattern(10)[...])
        #expect(owner.link.isBroken)
        #expect(!owner.link.hasPendingOutput)
        owner.link.send(pattern(10)[...])
        #expect(!owner.link.hasPendingOutput)
    }

    @Test func readingIsAnnouncedOnlyWhileItIsWanted() throws {
        let (loop, ends) = (try EventLoop(), try Ends())
        let owner = LinkOwner(try ends.takeNear(), loop)
        owner.link.setReading(false)
        ends.write("hello")
        loop.turn(0)
        #expect(owner.events.isEmpty)
        owner.link.setReading(true)
        loop.turn(0)
        #expect(owner.events.count == 1)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 1)
        defer { buffer.deallocate() }
        #expect(owner.link.receive(buffer) == 5)
        #expect(owner.link.receive(buffer) == Errno.wouldBlock)
    }

    @Test func theEndOfTheOtherSideIsAnnouncedWhileReadingIsPaused() throws {
        let (loop, ends) = (try EventLoop(), try Ends())
        let owner = LinkOwner(try ends.takeNear(), loop)
        owner.link.setReading(false)
        ends.shutdownFar()
        loop.turn(0)
        #expect(owner.events.count == 1)
        #expect(owner.events.first.map { !$0.isDisjoint(with: .hangup) } == true)
        owner.link.ignoreLeaving()
        loop.turn(0)
        #expect(owner.events.count == 1)
    }

    @Test(arguments: [false, true])
    func anAbortedLinkIsResetAndAClosedOneEnds(_ isAborted: Bool) throws {
        let loop = try EventLoop()
        let (near, far) = try connectedPair()
        defer { close(far) }
        let owner = LinkOwner(near, loop)
        owner.link.send(pattern(100)[...])
        owner.link.close(abort: isAborted)
        owner.link.close(abort: !isAborted)
        var buffer = [UInt8](repeating: 0, count: 1_000)
        var result = recv(far, &buffer, buffer.count, 0)
        if result == 100 { result = recv(far, &buffer, buffer.count, 0) }
        if isAborted {
            #expect(result == -1 && errno == ECONNRESET)
        } else {
            #expect(result == 0)
        }
    }

    private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }

    /// Two connected TCP sockets of this machine; the second one blocks.
    private func connectedPair() throws -> (Int32, Int32) {
        let address = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
        let listener = try Socket.listen(address, isShared: false)
        defer { Socket.close(listener) }
        let far = Socket.connect(to: Socket.localAddress(listener))
        try #require(far >= 0)
        _ = fcntl(Int32(far), F_SETFL, 0)
        var ready = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        try #require(poll(&ready, 1, 5_000) == 1)
        var peer = SocketAddress()
        let near = Socket.accept(listener, peer: &peer)
        try #require(near >= 0)
        return (Int32(near), Int32(far))
    }
}

extension Link {
    fileprivate func send(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { send($0) }
    }

    fileprivate func send(_ first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>) {
        first.withUnsafeBytes { first in second.withUnsafeBytes { send(first, $0) } }
    }
}

/// Flushes when the loop says so and notes the rest.
private final class LinkOwner {
    let link: Link
    var events: [Readiness] = []

    init(_ fd: Int32, _ loop: EventLoop) {
        link = Link(fd: fd, loop: loop)
        try? link.open(.readable, Unmanaged.passUnretained(self).toOpaque()) { context, events in
            let owner = Unmanaged<LinkOwner>.fromOpaque(context).takeUnretainedValue()
            let events = Readiness(rawValue: events)
            if events.contains(.writable) {
                owner.link.flush()
            } else {
                owner.events.append(events)
            }
        }
    }
}
