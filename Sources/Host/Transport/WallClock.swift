// The clock on the wall, and the monotonic one outside of loops.
private import CSystem

package enum WallClock {
    /// Nanoseconds since 1970, UTC.
    package static func nanoseconds() -> UInt64 { gwx_wall_ns() }
    /// Nanoseconds of a clock that never goes back.
    package static func monotonicNanoseconds() -> UInt64 { gwx_monotonic_ns() }
}
