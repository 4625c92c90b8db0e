// Many timers at millisecond precision: a hierarchical wheel with intrusive nodes.

/// A timer's place in a wheel. The owner allocates it once and frees it after `cancel`.
package struct TimerNode {
    fileprivate var next: UnsafeMutablePointer<TimerNode>?
    fileprivate var previous: UnsafeMutablePointer<TimerNode>?
    /// Tick at which it fires; meaningful while armed.
    fileprivate var tick: UInt64 = 0
    fileprivate var slot: Int32 = -1
    package let fire: @convention(c) (UnsafeMutableRawPointer) -> Void
    package let context: UnsafeMutableRawPointer

    package init(
        context: UnsafeMutableRawPointer,
        fire: @escaping @convention(c) (UnsafeMutableRawPointer) -> Void
    ) {
        self.context = context
        self.fire = fire
    }

    package var isArmed: Bool { slot >= 0 }
}

/// Four levels of 64 slots over ticks of one millisecond; farther timers wait in the last level and
/// are sorted in again when their time comes near. One thread owns it. Time comes in as a parameter.
package struct TimerWheel: ~Copyable {
    package typealias Node = UnsafeMutablePointer<TimerNode>
    private static let levels = 4
    private static let slotBits = 6
    private static let slotsPerLevel = 1 << slotBits
    private static let nanosecondsPerTick: UInt64 = 1_000_000

    private let slots: UnsafeMutablePointer<Node?>
    private var occupied: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var now: UInt64
    package private(set) var count = 0

    package init(nowNanoseconds: UInt64) {
        slots = .allocate(capacity: Self.levels * Self.slotsPerLevel)
        slots.initialize(repeating: nil, count: Self.levels * Self.slotsPerLevel)
        now = nowNanoseconds / Self.nanosecondsPerTick
    }

    deinit { slots.deallocate() }

    /// Arms a timer, or moves it when it is armed. It fires at or after `deadline`.
    package mutating func arm(_ node: Node, deadlineNanoseconds deadline: UInt64) {
        cancel(node)
        let isBetweenTicks = deadline % Self.nanosecondsPerTick != 0
        let tick = deadline / Self.nanosecondsPerTick + (isBetweenTicks ? 1 : 0)
        node.pointee.tick = max(now + 1, tick)
        insert(node)
    }

    package mutating func cancel(_ node: Node) {
        guard node.pointee.slot >= 0 else { return }
        let slot = Int(node.pointee.slot)
        if let previous = node.pointee.previous {
            previous.pointee.next = node.pointee.next
        } else {
            slots[slot] = node.pointee.next
            if node.pointee.next == nil { mark(slot, occupied: false) }
        }
        node.pointee.next?.pointee.previous = node.pointee.previous
        node.pointee.next = nil
        node.pointee.previous = nil
        node.pointee.slot = -1
        count -= 1
    }

    /// Milliseconds until `advance` has something to do; -1 when there is no timer.
    package func millisecondsToNext(nowNanoseconds: UInt64) -> Int32 {
        guard count > 0 else { return -1 }
        var best = UInt64.max
        for level in 0..<Self.levels {
            let bits = word(level)
            guard bits != 0 else { continue }
            let shift = UInt64(level * Self.slotBits)
            let position = Int((now >> shift) & 63)
            // The slots behind the current position, nearest first.
            let rotated = (bits &>> UInt64(position)) | (bits &<< UInt64((64 - position) & 63))
            let distance = UInt64(rotated.trailingZeroBitCount)
            let boundary = ((now >> shift) + distance) << shift
            best = min(best, boundary)
        }
        let dueNanoseconds = best &* Self.nanosecondsPerTick
        guard dueNanoseconds > nowNanoseconds else { return 0 }
        let milliseconds =
            (dueNanoseconds - nowNanoseconds + Self.nanosecondsPerTick - 1)
            / Self.nanosecondsPerTick
        return Int32(clamping: milliseconds)
    }

    /// Fires what is due. A fired timer is disarmed first and may be armed again by its callback.
    ///
    /// `take` hands one due timer out at a time, because callbacks arm and cancel others.
    package mutating func takeDue(nowNanoseconds: UInt64) -> Node? {
        let target = nowNanoseconds / Self.nanosecondsPerTick
        while true {
            if let node = slots[Int(now & 63)], node.pointee.tick <= now {
                cancel(node)
                return node
            }
            guard now < target else { return nil }
            if count == 0 {
                now = target
                return nil
            }
            now += 1
            cascade()
        }
    }

    /// Sorts the timers of the coarser slots that begin at this tick into finer ones.
    private mutating func cascade() {
        for level in 1..<Self.levels {
            let shift = UInt64(level * Self.slotBits)
            guard now & ((1 << shift) - 1) == 0 else { return }
            let slot = level * Self.slotsPerLevel + Int((now >> shift) & 63)
            var node = slots[slot]
            slots[slot] = nil
            mark(slot, occupied: false)
            while let current = node {
                node = current.pointee.next
                current.pointee.next = nil
                current.pointee.previous = nil
                current.pointee.slot = -1
                count -= 1
                insert(current)
            }
        }
    }

    private mutating func insert(_ node: Node) {
        let distance = node.pointee.tick > now ? node.pointee.tick - now : 0
        var level = 0
        while level < Self.levels - 1, distance >= 1 << UInt64((level + 1) * Self.slotBits) {
            level += 1
        }
        let shift = UInt64(level * Self.slotBits)
        let horizon = now + (63 << shift)
        let position = Int((min(node.pointee.tick, horizon) >> shift) & 63)
        let slot = level * Self.slotsPerLevel + position
        node.pointee.slot = Int32(slot)
        node.pointee.previous = nil
        node.pointee.next = slots[slot]
        slots[slot]?.pointee.previous = node
        slots[slot] = node
        mark(slot, occupied: true)
        count += 1
    }

    private func word(_ level: Int) -> UInt64 {
        switch level {
        case 0: occupied.0
        case 1: occupied.1
        case 2: occupied.2
        default: occupied.3
        }
    }

    private mutating func mark(_ slot: Int, occupied isOccupied: Bool) {
        let bit: UInt64 = 1 << UInt64(slot & 63)
        func change(_ word: inout UInt64) { if isOccupied { word |= bit } else { word &= ~bit } }
        switch slot >> 6 {
        case 0: change(&occupied.0)
        case 1: change(&occupied.1)
        case 2: change(&occupied.2)
        default: change(&occupied.3)
        }
    }
}
