// The tickets of one worker: 64-bit names of suspended exchanges that can grow stale.
import CGateway

/// Slots with generations. A ticket is worker (8 bits), slot (24 bits) and generation (32 bits).
/// One thread owns it.
struct TicketTable {
    private struct Slot {
        var generation: UInt32 = 0
        /// Its completion waits for the top of the loop.
        var isDue = false
        unowned(unsafe) var exchange: Exchange?
    }

    /// A completion that waits for the top of the loop.
    struct Due {
        var ticket: UInt64
        var verdict: gw_verdict
        var callback: ResumeCallback?
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private var due: [Due] = []

    var hasDue: Bool { !due.isEmpty }

    static func worker(of ticket: UInt64) -> Int { Int(ticket >> 56) }

    mutating func begin(_ exchange: Exchange, worker: Int) -> UInt64 {
        let index: UInt32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = UInt32(slots.count)
            slots.append(Slot())
        }
        slots[Int(index)].generation &+= 1
        if slots[Int(index)].generation == 0 { slots[Int(index)].generation = 1 }
        slots[Int(index)].exchange = exchange
        slots[Int(index)].isDue = false
        return UInt64(worker) << 56 | UInt64(index) << 32 | UInt64(slots[Int(index)].generation)
    }

    /// The exchange of a live ticket; nil when it is stale.
    func find(_ ticket: UInt64) -> Exchange? {
        let index = Int(ticket >> 32 & 0xFF_FFFF)
        guard index < slots.count, slots[index].generation == UInt32(truncatingIfNeeded: ticket)
        else { return nil }
        return slots[index].exchange
    }

    /// Queues a completion; false when the ticket is stale or was completed before.
    mutating func complete(_ completion: Due) -> Bool {
        guard find(completion.ticket) != nil else { return false }
        let index = Int(completion.ticket >> 32 & 0xFF_FFFF)
        guard !slots[index].isDue else { return false }
        slots[index].isDue = true
        due.append(completion)
        return true
    }

    /// Exchanges what is due with an empty list, whose memory is used from then on.
    mutating func takeDue(_ list: inout [Due]) { swap(&due, &list) }

    mutating func invalidate(_ ticket: UInt64) {
        let index = Int(ticket >> 32 & 0xFF_FFFF)
        guard index < slots.count, slots[index].generation == UInt32(truncatingIfNeeded: ticket),
            slots[index].exchange != nil
        else { return }
        slots[index].exchange = nil
        slots[index].generation &+= 1
        free.append(UInt32(index))
    }
}

/// What a plugin wants to be called with when its ticket is completed (`gw_host_loop.resume_with`).
struct ResumeCallback {
    typealias OnResume =
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<gw_req>) ->
        gw_verdict
    typealias OnGone = @convention(c) (UnsafeMutableRawPointer?) -> Void

    var onResume: OnResume
    var onGone: OnGone?
    var argument: UnsafeMutableRawPointer?
}
