// All upstream pools of the process, by handle and by what they connect to.
import Base
import Synchronization

/// Equal specs share one pool. A pool ends with the last scope that opened it; those that only
/// requests name are at most `Limits.dynamicPoolsMax`: beyond them one that is idle makes room.
///
/// Control threads and, for upstreams that requests name, workers change it. Whoever closes a pool
/// tells the workers (`Workers.drop`). A handle is a slot and a count of its uses, so that one that
/// outlived its pool finds nothing.
package final class UpstreamPools: Sendable {
    private struct Slot {
        var pool: UpstreamPool?
        var uses: UInt16 = 0
    }

    private struct State {
        var bySpec: [UpstreamSpec: UpstreamPool] = [:]
        /// Slot 0 stays empty: no handle is 0.
        var slots = [Slot()]
        var free: [Int] = []
        /// Pools that no scope has opened.
        var dynamicCount = 0
        /// Where the search for a pool to evict goes on.
        var hand = 0
    }

    private let state = Mutex(State())
    private let dynamicMax: Int

    package init(dynamicMax: Int = Limits.dynamicPoolsMax) { self.dynamicMax = dynamicMax }

    /// The pool for a spec, made when there is none yet; `release` gives it back. [control thread]
    package func open(_ given: UpstreamSpec) throws -> UpstreamPool {
        var spec = given
        spec.tls?.filesDigest = try given.tls?.digestOfFiles() ?? 0
        if let known = state.withLock({ Self.retain(spec, &$0) }) { return known }
        let tls = try spec.tls.map { try UpstreamTLS($0) }
        let pool = state.withLock { state -> UpstreamPool? in
            if let known = Self.retain(spec, &state) { return known }
            let made = Self.add(spec, tls, &state)
            _ = made?.noteOpened()
            return made
        }
        guard let pool else { throw ServerError("more than \(Int(UInt16.max)) upstreams") }
        return pool
    }

    /// A scope is done with a pool that it opened.
    ///
    /// - Returns: Whether it was the last one: the workers are to drop the pool.
    package func release(_ pool: UpstreamPool) -> Bool {
        state.withLock { state in
            guard pool.noteReleased() else { return false }
            Self.remove(pool, &state)
            return true
        }
    }

    /// A pool like another that dials elsewhere; nil when there are too many. [any thread]
    ///
    /// - Returns: The pool, and one that made room for it: the workers are to drop that.
    package func open(
        like pool: UpstreamPool, dial: String, target: DialTarget
    ) -> (pool: UpstreamPool?, evicted: UpstreamPool?) {
        let spec = Self.spec(like: pool, dial: dial, target: target)
        var tls = pool.tls
        if let known = tls, let name = spec.tls?.serverName, name != pool.spec.tls?.serverName {
            guard let renamed = try? UpstreamTLS(like: known, serverName: name) else {
                return (nil, nil)
            }
            tls = renamed
        }
        return state.withLock { state in
            if let known = state.bySpec[spec] {
                known.noteWanted()
                return (known, nil)
            }
            var evicted: UpstreamPool?
            if state.dynamicCount >= dynamicMax {
                evicted = Self.evictOne(&state)
                if evicted == nil { return (nil, nil) }
            }
            let made = Self.add(spec, tls, &state)
            if made != nil { state.dynamicCount += 1 }
            return (made, evicted)
        }
    }

    private static func spec(like pool: UpstreamPool, dial: String, target: DialTarget)
        -> UpstreamSpec
    {
        var spec = pool.spec
        spec.dial = dial
        spec.target = target
        if case .host(let host, _) = target, pool.spec.tls != nil,
            case .host(let oldHost, _) = pool.spec.target, pool.spec.tls?.serverName == oldHost
        {
            spec.tls?.serverName = host
        }
        return spec
    }

    /// Takes away the pools that only requests named and that nobody wanted since the last call.
    ///
    /// - Returns: Those, for the workers to drop. [control thread]
    package func evictUnwanted() -> [UpstreamPool] {
        state.withLock { state in
            let unwanted = state.slots.compactMap(\.pool).filter { pool in
                pool.isEvictable && pool.idle.load(ordering: .relaxed) == 0
                    && !pool.isWanted.exchange(false, ordering: .relaxed)
            }
            for pool in unwanted { Self.remove(pool, &state) }
            state.dynamicCount -= unwanted.count
            return unwanted
        }
    }

    /// The pool with a handle that `gw.upstream` gave out; nil when it has ended. [any thread]
    package func pool(_ id: UInt32) -> UpstreamPool? {
        state.withLock { state in
            let slot = UpstreamPool.slot(of: id)
            guard slot < state.slots.count, let pool = state.slots[slot].pool, pool.id == id
            else { return nil }
            return pool
        }
    }

    /// How many there are.
    package var count: Int { state.withLock { $0.bySpec.count } }

    // MARK: Under the lock

    private static func retain(_ spec: UpstreamSpec, _ state: inout State) -> UpstreamPool? {
        guard let known = state.bySpec[spec] else { return nil }
        if known.noteOpened() { state.dynamicCount -= 1 }
        return known
    }

    private static func add(_ spec: UpstreamSpec, _ tls: UpstreamTLS?, _ state: inout State)
        -> UpstreamPool?
    {
        let slot: Int
        if let free = state.free.popLast() {
            slot = free
        } else {
            guard state.slots.count <= Int(UInt16.max) else { return nil }
            slot = state.slots.count
            state.slots.append(Slot())
        }
        let id = UInt32(state.slots[slot].uses) << 16 | UInt32(slot)
        let pool = UpstreamPool(id: id, spec: spec, tls: tls)
        state.slots[slot].pool = pool
        state.bySpec[spec] = pool
        return pool
    }

    private static func remove(_ pool: UpstreamPool, _ state: inout State) {
        pool.isClosed.store(true, ordering: .releasing)
        state.bySpec[pool.spec] = nil
        state.slots[pool.slot].pool = nil
        state.slots[pool.slot].uses &+= 1
        state.free.append(pool.slot)
    }

    /// Takes away the first pool that can go and was not wanted since the last time around; the
    /// hand forgets on its way what was wanted, so that it finds one in the second round at last.
    private static func evictOne(_ state: inout State) -> UpstreamPool? {
        for _ in 0..<2 * state.slots.count {
            state.hand = (state.hand + 1) % state.slots.count
            guard let pool = state.slots[state.hand].pool, pool.isEvictable,
                !pool.isWanted.exchange(false, ordering: .relaxed)
            else { continue }
            remove(pool, &state)
            state.dynamicCount -= 1
            return pool
        }
        return nil
    }
}

extension UpstreamSpec.TLS {
    /// The files that it names.
    var files: [String] { authorityFiles + [certificateFile, keyFile].filter { !$0.isEmpty } }

    fileprivate func digestOfFiles() throws(FileError) -> Int {
        var hasher = Hasher()
        for file in files { hasher.combine(try ControlFiles.read(file)) }
        return hasher.finalize()
    }
}
