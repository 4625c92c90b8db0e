// Handles of compiled expressions: numbers for plugins, read without a lock.
internal import Base
private import Synchronization

/// Slots for compiled expressions. A handle is a slot and its generation, so that a stale one is
/// found out as long as its slot was not used 4,095 times since.
///
/// Adding and removing are the control thread's; finding is every thread's. A pattern may be
/// removed only when nobody uses it any more, which the end of its owner's scope says.
final class RegexTable: Sendable {
    private static let slotBits = 20
    private static let pointerBits = 48

    private struct Bookkeeping {
        var free: [Int] = []
        var used = 1
        var generations: [Int: UInt32] = [:]
    }

    /// Each word: the generation above 48 bits of the pattern's address; 0 when empty. Slot 0 stays
    /// empty, as handle 0 is none.
    private nonisolated(unsafe) let slots: UnsafeMutablePointer<Atomic<UInt>>
    private let bookkeeping = Mutex(Bookkeeping())

    init() {
        slots = .allocate(capacity: Limits.regexesMax)
        for index in 0..<Limits.regexesMax { (slots + index).initialize(to: Atomic(0)) }
    }

    deinit {
        for index in 0..<Limits.regexesMax {
            if let pattern = Self.pattern(slots[index].load(ordering: .relaxed)) {
                pattern.release()
            }
        }
        slots.deinitialize(count: Limits.regexesMax)
        slots.deallocate()
    }

    /// - Returns: The handle, nil when all `Limits.regexesMax` are in use.
    func add(_ pattern: RE2Pattern) -> UInt32? {
        bookkeeping.withLock { state in
            let slot: Int
            if let free = state.free.popLast() {
                slot = free
            } else if state.used < Limits.regexesMax {
                slot = state.used
                state.used += 1
            } else {
                return nil
            }
            let generation = state.generations[slot, default: 0] % 4095 + 1
            state.generations[slot] = generation
            let address = UInt(bitPattern: Unmanaged.passRetained(pattern).toOpaque())
            slots[slot].store(
                UInt(generation) << Self.pointerBits | address, ordering: .releasing)
            return generation << Self.slotBits | UInt32(slot)
        }
    }

    func remove(_ handle: UInt32) {
        bookkeeping.withLock { state in
            guard find(handle) != nil else { return }
            let slot = Self.slot(handle)
            let word = slots[slot].exchange(0, ordering: .acquiringAndReleasing)
            Self.pattern(word)?.release()
            state.free.append(slot)
        }
    }

    /// The pattern of a handle, nil when it is stale or was never one. [any]
    func find(_ handle: UInt32) -> Unmanaged<RE2Pattern>? {
        let slot = Self.slot(handle)
        guard slot < Limits.regexesMax else { return nil }
        let word = slots[slot].load(ordering: .acquiring)
        guard word >> Self.pointerBits == UInt(handle >> Self.slotBits) else { return nil }
        return Self.pattern(word)
    }

    private static func slot(_ handle: UInt32) -> Int { Int(handle & (1 << slotBits - 1)) }

    private static func pattern(_ word: UInt) -> Unmanaged<RE2Pattern>? {
        UnsafeRawPointer(bitPattern: word & (1 << pointerBits - 1)).map {
            Unmanaged.fromOpaque($0)
        }
    }
}
