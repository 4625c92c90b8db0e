// The event loop: jobs of other threads, descriptors that end inside callbacks, timers.
import Foundation
import Testing

@testable import Transport

@Suite struct EventLoopTests {
    @Test func jobsOfOneThreadRunInOrderOnTheLoop() throws {
        let loop = try EventLoop()
        let recorder = Recorder()
        let poster = Thread {
            for number in 0..<1_000 { loop.post(recorder.job(number)) }
            loop.stop()
        }
        poster.start()
        loop.run()
        #expect(recorder.numbers == Array(0..<1_000))
    }

    @Test func jobsOfManyThreadsAllRun() throws {
        let loop = try EventLoop()
        let recorder = Recorder()
        let posters = DispatchGroup()
        for thread in 0..<4 {
            DispatchQueue.global().async(group: posters) {
                for number in 0..<500 { loop.post(recorder.job(thread * 500 + number)) }
            }
        }
        posters.notify(queue: .global()) { loop.stop() }
        loop.run()
        #expect(recorder.numbers.sorted() == Array(0..<2_000))
    }

    @Test func aJobMayPostAnother() throws {
        let loop = try EventLoop()
        let chain = Chain(loop: loop)
        loop.post(chain.job)
        loop.run()
        #expect(chain.count == 100)
    }

    @Test func aSourceUnwatchedByAnotherInTheSameTurnIsNotCalled() throws {
        let loop = try EventLoop()
        let (first, second) = (try Ends(), try Ends())
        let pair = MutualEnd(loop: loop)
        pair.sources = [
            try loop.watch(first.near, .readable, pair.context, MutualEnd.callback),
            try loop.watch(second.near, .readable, pair.context, MutualEnd.callback),
        ]
        first.write("x")
        second.write("x")
        loop.turn(1_000)
        loop.turn(0)
        #expect(pair.calls == 1)
    }

    @Test func interestDecidesWhatIsAnnounced() throws {
        let loop = try EventLoop()
        let ends = try Ends()
        let events = Events()
        let source = try loop.watch(ends.near, .readable, events.context, Events.callback)
        loop.turn(0)
        #expect(events.seen.isEmpty)
        loop.setInterest(source, .writable)
        ends.write("x")
        loop.turn(0)
        #expect(events.seen.map { Readiness(rawValue: $0) } == [.writable])
        loop.setInterest(source, .readable)
        loop.turn(0)
        loop.turn(0)
        #expect(events.seen.count == 3, "readiness is announced as long as it lasts")
        loop.setInterest(source, .leaving)
        loop.turn(0)
        #expect(events.seen.count == 3)
        ends.closeFar()
        loop.turn(1_000)
        #expect(events.seen.count == 4)
        #expect(!Readiness(rawValue: events.seen[3]).isDisjoint(with: .hangup))
        loop.unwatch(source)
        loop.unwatch(source)
    }

    @Test func timersFireInOrderAndStopWhenCancelled() throws {
        let loop = try EventLoop()
        let fired = Fired(loop: loop, count: 3)
        let start = loop.now
        loop.arm(fired.nodes + 0, deadline: start + 20_000_000)
        loop.arm(fired.nodes + 1, deadline: start + 10_000_000)
        loop.arm(fired.nodes + 2, deadline: start + 15_000_000)
        loop.cancel(fired.nodes + 2)
        loop.run()
        #expect(fired.order == [1, 0])
        #expect(loop.now >= start + 20_000_000)
    }

    @Test func aLongTurnDoesNotDelayTheNextTimer() throws {
        let loop = try EventLoop()
        let fired = Fired(loop: loop, count: 1)
        let start = loop.now
        loop.arm(fired.nodes, deadline: start + 60_000_000)
        loop.post(
            EventLoop.Job(argument: nil) { _ in
                let busy = WallClock.monotonicNanoseconds() + 50_000_000
                while WallClock.monotonicNanoseconds() < busy {}
            })
        loop.run()
        #expect(loop.now < start + 100_000_000, "took \((loop.now - start) / 1_000_000) ms")
    }
}

/// Notes the numbers of the jobs that ran.
private final class Recorder: @unchecked Sendable {
    private let numbersAddress: UnsafeMutablePointer<[Int]>

    init() {
        numbersAddress = .allocate(capacity: 1)
        numbersAddress.initialize(to: [])
    }

    var numbers: [Int] { numbersAddress.pointee }

    func job(_ number: Int) -> EventLoop.Job {
        let entry = Unmanaged.passRetained(Entry(self, number)).toOpaque()
        return EventLoop.Job(argument: entry) { argument in
            let entry = Unmanaged<Entry>.fromOpaque(argument!).takeRetainedValue()
            entry.recorder.numbersAddress.pointee.append(entry.number)
        }
    }

    private final class Entry {
        let recorder: Recorder
        let number: Int

        init(_ recorder: Recorder, _ number: Int) {
            self.recorder = recorder
            self.number = number
        }
    }
}

/// Posts itself until it ran a hundred times.
private final class Chain {
    let loop: EventLoop
    var count = 0

    init(loop: EventLoop) { self.loop = loop }

    var job: EventLoop.Job {
        EventLoop.Job(argument: Unmanaged.passUnretained(self).toOpaque()) { argument in
            let chain = Unmanaged<Chain>.fromOpaque(argument!).takeUnretainedValue()
            chain.count += 1
            if chain.count < 100 { chain.loop.post(chain.job) } else { chain.loop.stop() }
        }
    }
}

/// Whichever source is called first ends both.
private final class MutualEnd {
    let loop: EventLoop
    var sources: [EventLoop.Source] = []
    var calls = 0

    init(loop: EventLoop) { self.loop = loop }

    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    static let callback: EventLoop.Callback = { context, _ in
        let pair = Unmanaged<MutualEnd>.fromOpaque(context).takeUnretainedValue()
        pair.calls += 1
        for source in pair.sources { pair.loop.unwatch(source) }
    }
}

private final class Events {
    var seen: [Readiness.RawValue] = []

    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    static let callback: EventLoop.Callback = { context, events in
        Unmanaged<Events>.fromOpaque(context).takeUnretainedValue().seen.append(events)
    }
}

/// Timers that note their order; the last one ends the loop.
private final class Fired {
    let loop: EventLoop
    let nodes: TimerWheel.Node
    var order: [Int] = []

    init(loop: EventLoop, count: Int) {
        self.loop = loop
        nodes = .allocate(capacity: count)
        for index in 0..<count {
            let entry = Entry(self, index)
            entries.append(entry)
            (nodes + index).initialize(
                to: TimerNode(context: Unmanaged.passUnretained(entry).toOpaque()) { context in
                    let entry = Unmanaged<Entry>.fromOpaque(context).takeUnretainedValue()
                    entry.fired.order.append(entry.index)
                    if entry.index == 0 { entry.fired.loop.stop() }
                })
        }
    }

    private var entries: [Entry] = []

    deinit { nodes.deallocate() }

    private final class Entry {
        unowned let fired: Fired
        let index: Int

        init(_ fired: Fired, _ index: Int) {
            self.fired = fired
            self.index = index
        }
    }
}
