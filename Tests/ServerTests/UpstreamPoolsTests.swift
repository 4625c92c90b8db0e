// Handles of upstream pools, their ends, and room for those that only requests name.
import Base
import Synchronization
import Testing

@testable import Server

@Suite struct UpstreamPoolsTests {
    private let pools = UpstreamPools(dynamicMax: 4)

    private func open(_ dial: String) throws -> UpstreamPool {
        try pools.open(UpstreamSpec(dial: dial, target: try #require(DialTarget(dial))))
    }

    private func openLike(_ pool: UpstreamPool, _ dial: String) throws
        -> (pool: UpstreamPool?, evicted: UpstreamPool?)
    {
        pools.open(like: pool, dial: dial, target: try #require(DialTarget(dial)))
    }

    @Test func equalSpecsShareAPoolUntilTheLastScopeEnds() throws {
        let first = try open("a:1")
        let second = try open("a:1")
        #expect(first === second)
        #expect(!pools.release(first))
        #expect(pools.pool(first.id) === first)
        #expect(pools.release(second))
        #expect(pools.count == 0)
    }

    @Test func aHandleThatOutlivedItsPoolFindsNothing() throws {
        let old = try open("a:1")
        _ = pools.release(old)
        #expect(pools.pool(old.id) == nil)
        let new = try open("b:1")
        #expect(new.slot == old.slot)
        #expect(new.id != old.id)
        #expect(pools.pool(old.id) == nil)
        #expect(pools.pool(new.id) === new)
        let isClosed = old.isClosed.load(ordering: .relaxed)
        #expect(isClosed)
    }

    @Test func noHandleIsZero() throws {
        #expect(try open("a:1").id != 0)
        #expect(pools.pool(0) == nil)
    }

    @Test func beyondTheLimitOneThatIsIdleMakesRoom() throws {
        let like = try open("a:1")
        var named: [UpstreamPool] = []
        for port in 1...4 { named.append(try #require(openLike(like, "b:\(port)").pool)) }
        let (made, evicted) = try openLike(like, "b:5")
        #expect(made != nil)
        let gone = try #require(evicted)
        #expect(named.contains { $0 === gone })
        #expect(pools.pool(gone.id) == nil)
        #expect(pools.count == 5)
    }

    @Test func thoseWithCallsUnderWayStay() throws {
        let like = try open("a:1")
        for port in 1...4 {
            try #require(openLike(like, "b:\(port)").pool).active.add(1, ordering: .relaxed)
        }
        let (made, evicted) = try openLike(like, "b:5")
        #expect(made == nil)
        #expect(evicted == nil)
        #expect(pools.pool(like.id) === like)
    }

    @Test func thoseThatAreWantedOutliveThoseThatAreNot() throws {
        let like = try open("a:1")
        let wanted = try #require(openLike(like, "wanted:1").pool)
        wanted.noteWanted()
        for port in 1...100 {
            _ = try openLike(like, "b:\(port)")
            wanted.noteWanted()
        }
        #expect(pools.pool(wanted.id) === wanted)
    }

    @Test func configuredOnesAreNeverEvicted() throws {
        let like = try open("a:1")
        let shared = try #require(openLike(like, "b:1").pool)
        #expect(try open("b:1") === shared)
        for port in 2...100 { #expect(try openLike(like, "b:\(port)").pool != nil) }
        #expect(pools.pool(shared.id) === shared)
    }

    @Test func unwantedOnesGoAfterAWhile() throws {
        let like = try open("a:1")
        let kept = try #require(openLike(like, "b:1").pool)
        _ = try openLike(like, "b:2")
        kept.noteWanted()
        #expect(pools.evictUnwanted().map(\.spec.dial) == ["b:2"])
        #expect(pools.pool(kept.id) === kept)
        #expect(pools.evictUnwanted().map(\.spec.dial) == ["b:1"])
        #expect(pools.pool(like.id) === like)
    }
}

@Suite struct DescriptorBudgetTests {
    @Test(arguments: [(256, 224), (1024, 922), (20_000, 18_000), (10, 2)])
    func keepsATenthInReserve(limit: Int, expected: Int) {
        #expect(DescriptorBudget(limit: limit).max == expected)
    }

    @Test func clientsThatAreServedCountForTheirUpstreamsToo() {
        let budget = DescriptorBudget(limit: 256)
        for _ in 0..<111 { budget.addClient() }
        #expect(budget.room(idleClients: 0) == 0)
        budget.addClient()
        #expect(budget.room(idleClients: 0) < 0)
        #expect(budget.room(idleClients: 100) > 0)
    }

    @Test func keptUpstreamConnectionsCount() {
        let budget = DescriptorBudget(limit: 256)
        for _ in 0..<223 { budget.addUpstream() }
        #expect(budget.room(idleClients: 0) == 0)
        budget.removeUpstream()
        #expect(budget.room(idleClients: 0) == 1)
    }
}
