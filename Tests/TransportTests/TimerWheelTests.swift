// The timer wheel against a list that is searched: order, boundaries, distances, moving time.
import Testing

@testable import Transport

@Suite struct TimerWheelTests {
    static let millisecond: UInt64 = 1_000_000

    @Test(arguments: [
        1, 2, 62, 63, 64, 65, 127, 128, 4_031, 4_032, 4_033, 4_095, 4_096, 4_097, 262_143, 262_145,
    ])
    func firesAtItsTickAndNotBefore(_ milliseconds: UInt64) {
        for start in [0, 1, 63, 64, 4_095, 4_096, 262_143] as [UInt64] {
            var wheel = TimerWheel(nowNanoseconds: start * Self.millisecond)
            let timers = TestTimers(1)
            let due = (start + milliseconds) * Self.millisecond
            wheel.arm(timers[0], deadlineNanoseconds: due)
            #expect(wheel.takeDue(nowNanoseconds: due - 1) == nil, "from \(start)")
            #expect(timers[0].pointee.isArmed)
            #expect(wheel.takeDue(nowNanoseconds: due) == timers[0], "from \(start)")
            #expect(!timers[0].pointee.isArmed)
            #expect(wheel.count == 0)
        }
    }

    @Test func aTimerBeyondTheWheelFiresAtItsTick() {
        var wheel = TimerWheel(nowNanoseconds: 0)
        let timers = TestTimers(1)
        let due = 16_777_217 * Self.millisecond
        wheel.arm(timers[0], deadlineNanoseconds: due)
        #expect(wheel.takeDue(nowNanoseconds: due - 1) == nil)
        #expect(wheel.takeDue(nowNanoseconds: due) == timers[0])
    }

    @Test func aDeadlineBetweenTicksIsRoundedUp() {
        var wheel = TimerWheel(nowNanoseconds: 0)
        let timers = TestTimers(1)
        wheel.arm(timers[0], deadlineNanoseconds: 5 * Self.millisecond + 1)
        #expect(wheel.takeDue(nowNanoseconds: 5 * Self.millisecond + 1) == nil)
        #expect(wheel.takeDue(nowNanoseconds: 6 * Self.millisecond) == timers[0])
    }

    @Test func aDeadlineInThePastFiresAtTheNextTick() {
        var wheel = TimerWheel(nowNanoseconds: 100 * Self.millisecond)
        let timers = TestTimers(1)
        wheel.arm(timers[0], deadlineNanoseconds: 0)
        #expect(wheel.takeDue(nowNanoseconds: 100 * Self.millisecond) == nil)
        #expect(wheel.takeDue(nowNanoseconds: 101 * Self.millisecond) == timers[0])
    }

    @Test func theFarthestDeadlineNeverFires() {
        var wheel = TimerWheel(nowNanoseconds: 0)
        let timers = TestTimers(1)
        wheel.arm(timers[0], deadlineNanoseconds: .max)
        #expect(wheel.takeDue(nowNanoseconds: 100_000 * Self.millisecond) == nil)
        #expect(timers[0].pointee.isArmed)
        wheel.cancel(timers[0])
    }

    @Test func armingAgainMovesATimer() {
        var wheel = TimerWheel(nowNanoseconds: 0)
        let timers = TestTimers(2)
        wheel.arm(timers[0], deadlineNanoseconds: 10 * Self.millisecond)
        wheel.arm(timers[1], deadlineNanoseconds: 10 * Self.millisecond)
        wheel.arm(timers[0], deadlineNanoseconds: 5_000 * Self.millisecond)
        #expect(wheel.count == 2)
        #expect(wheel.takeDue(nowNanoseconds: 4_999 * Self.millisecond) == timers[1])
        #expect(wheel.takeDue(nowNanoseconds: 4_999 * Self.millisecond) == nil)
        #expect(wheel.takeDue(nowNanoseconds: 5_000 * Self.millisecond) == timers[0])
    }

    @Test func aTimerArmedWhileOthersFireKeepsItsOwnTime() {
        var wheel = TimerWheel(nowNanoseconds: 0)
        let timers = TestTimers(2)
        wheel.arm(timers[0], deadlineNanoseconds: 3 * Self.millisecond)
        #expect(wheel.takeDue(nowNanoseconds: 100 * Self.millisecond) == timers[0])
        wheel.arm(timers[1], deadlineNanoseconds: 101 * Self.millisecond)
        #expect(wheel.takeDue(nowNanoseconds: 100 * Self.millisecond) == nil)
        #expect(wheel.takeDue(nowNanoseconds: 101 * Self.millisecond) == timers[1])
    }

    @Test func withoutTimersThereIsNothingToWaitFor() {
        var wheel = TimerWheel(nowNanoseconds: 0)
        let timers = TestTimers(1)
        #expect(wheel.millisecondsToNext(nowNanoseconds: 0) == -1)
        wheel.arm(timers[0], deadlineNanoseconds: Self.millisecond)
        wheel.cancel(timers[0])
        wheel.cancel(timers[0])
        #expect(wheel.millisecondsToNext(nowNanoseconds: 0) == -1)
    }

    /// Waiting as long as the wheel says, again and again, meets every deadline in the millisecond
    /// that it falls into, and takes only a few wake-ups, however far the timer is.
    @Test(arguments: [5, 63, 64, 100, 4_096, 5_000, 262_144, 300_000])
    func waitingAsToldMeetsTheDeadline(_ milliseconds: UInt64) {
        for start in [0, 1, 63, 100, 4_095, 5_003] as [UInt64] {
            var now = start * Self.millisecond
            var wheel = TimerWheel(nowNanoseconds: now)
            let timers = TestTimers(1)
            wheel.arm(timers[0], deadlineNanoseconds: (start + milliseconds) * Self.millisecond)
            var turns = 0
            while turns < 100 {
                now += UInt64(wheel.millisecondsToNext(nowNanoseconds: now)) * Self.millisecond
                if wheel.takeDue(nowNanoseconds: now) != nil { break }
                turns += 1
            }
            #expect(now == (start + milliseconds) * Self.millisecond)
            #expect(turns <= 8, "woke up \(turns) times")
        }
    }

    @Test(arguments: 0..<20)
    func behavesLikeAListThatIsSearched(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var now = UInt64.random(in: 0..<1_000_000_000_000, using: &random)
        var wheel = TimerWheel(nowNanoseconds: now)
        let timers = TestTimers(60)
        var deadlines: [Int: UInt64] = [:]
        let reach = Self.millisecond << UInt64.random(in: 3..<16, using: &random)
        for _ in 0..<300 {
            let index = Int.random(in: 0..<60, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let deadline = now + UInt64.random(in: 0..<reach, using: &random)
                wheel.arm(timers[index], deadlineNanoseconds: deadline)
                deadlines[index] = max(deadline, now / Self.millisecond * Self.millisecond + 1)
            case 5..<7:
                wheel.cancel(timers[index])
                deadlines[index] = nil
            default:
                now += UInt64.random(in: 0..<reach / 8, using: &random)
                fireAll(&wheel, timers, now, &deadlines)
            }
            expectWakeUp(wheel.millisecondsToNext(nowNanoseconds: now), now, deadlines)
            #expect(wheel.count == deadlines.count)
        }
    }

    /// Takes what is due and compares it with the deadlines whose tick has begun.
    private func fireAll(
        _ wheel: inout TimerWheel, _ timers: TestTimers, _ now: UInt64,
        _ deadlines: inout [Int: UInt64]
    ) {
        var fired: [Int] = []
        while let node = wheel.takeDue(nowNanoseconds: now) { fired.append(timers.index(of: node)) }
        let ticks = fired.map { tick(deadlines[$0] ?? 0) }
        #expect(ticks == ticks.sorted(), "timers fire in order")
        let expected = deadlines.filter { tick($0.value) <= now / Self.millisecond }.keys
        #expect(Set(fired) == Set(expected))
        for index in fired { deadlines[index] = nil }
    }

    private func tick(_ deadline: UInt64) -> UInt64 {
        (deadline + Self.millisecond - 1) / Self.millisecond
    }

    private func expectWakeUp(_ wait: Int32, _ now: UInt64, _ deadlines: [Int: UInt64]) {
        guard let next = deadlines.values.map(tick).min() else {
            #expect(wait == -1)
            return
        }
        #expect(wait >= 0)
        #expect(now + UInt64(max(0, wait)) * Self.millisecond < (next + 1) * Self.millisecond)
    }
}

/// Nodes whose context is their number.
private final class TestTimers {
    private let nodes: TimerWheel.Node
    private let count: Int

    init(_ count: Int) {
        self.count = count
        nodes = .allocate(capacity: count)
        for index in 0..<count {
            (nodes + index).initialize(
                to: TimerNode(context: UnsafeMutableRawPointer(nodes)) { _ in })
        }
    }

    deinit { nodes.deallocate() }

    subscript(index: Int) -> TimerWheel.Node { nodes + index }

    func index(of node: TimerWheel.Node) -> Int { node - nodes }
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
