// What the calling thread is for, as the thread tags of the plugin ABI name it.
private import CSystem

/// The role of a thread. Whoever starts a thread sets its role first.
package enum ThreadRole: Sendable, Equatable, CustomStringConvertible {
    case unknown
    /// The loader, before any configuration.
    case load
    /// The control thread.
    case config
    /// The event loop with that index.
    case loop(UInt32)
    /// A thread of the work pool.
    case work

    /// The role of the calling thread.
    package static var current: ThreadRole {
        get { ThreadRole(word: gwx_thread_role()) }
        set { gwx_set_thread_role(newValue.word) }
    }

    package var description: String {
        switch self {
        case .unknown: "an unknown thread"
        case .load: "the loader"
        case .config: "the control thread"
        case .loop(let index): "worker \(index)"
        case .work: "the work pool"
        }
    }

    private var word: UInt64 {
        switch self {
        case .unknown: 0
        case .load: 1
        case .config: 2
        case .work: 3
        case .loop(let index): 4 | UInt64(index) << 32
        }
    }

    private init(word: UInt64) {
        switch word & 0xff {
        case 1: self = .load
        case 2: self = .config
        case 3: self = .work
        case 4: self = .loop(UInt32(truncatingIfNeeded: word >> 32))
        default: self = .unknown
        }
    }
}

/// On whose behalf the calling thread runs: an address that means something to whoever set it.
package enum ThreadSubject {
    package static var current: UnsafeRawPointer? {
        get { gwx_thread_subject() }
        set { gwx_set_thread_subject(newValue) }
    }
}

/// Clocks, in nanoseconds.
package enum SystemClock {
    /// Never goes back.
    package static var monotonic: UInt64 { gwx_monotonic_ns() }
    /// Since 1970 (UTC).
    package static var wall: UInt64 { gwx_wall_ns() }
}
