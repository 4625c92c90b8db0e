// Tickets of suspended exchanges: found while they live, stale for ever afterwards.
import Testing

@testable import Server

@Suite struct TicketTableTests {
    private let fixture: ExchangeFixture
    private let first: Exchange
    private let second: Exchange

    init() throws {
        fixture = try ExchangeFixture()
        first = try fixture.exchange()
        second = try fixture.exchange()
    }

    @Test func aTicketFindsItsExchangeAndWorker() {
        var table = TicketTable()
        let (one, two) = (table.begin(first, worker: 3), table.begin(second, worker: 3))
        #expect(table.find(one) === first)
        #expect(table.find(two) === second)
        #expect(TicketTable.worker(of: one) == 3)
        #expect(one != 0 && one != two)
    }

    @Test func aTicketThatEndedStaysStaleWhenItsPlaceIsTakenAgain() {
        var table = TicketTable()
        var old: [UInt64] = []
        for _ in 0..<1_000 {
            let ticket = table.begin(first, worker: 0)
            #expect(table.find(ticket) === first)
            table.invalidate(ticket)
            old.append(ticket)
        }
        let live = table.begin(second, worker: 0)
        #expect(Set(old).count == 1_000)
        for ticket in old {
            #expect(table.find(ticket) == nil)
            table.invalidate(ticket)
        }
        #expect(table.find(live) === second)
    }

    @Test func aTicketIsCompletedOnceUntilItsPlaceIsTakenAgain() {
        var table = TicketTable()
        let (one, two) = (table.begin(first, worker: 0), table.begin(second, worker: 0))
        let taken = [two, one, two, one].map { complete($0, in: &table) }
        #expect(taken == [true, true, false, false])
        var due: [TicketTable.Due] = []
        table.takeDue(&due)
        #expect(due.map(\.ticket) == [two, one])
        let hasMore = table.hasDue
        #expect(!hasMore)
        table.invalidate(one)
        let isStale = !complete(one, in: &table)
        #expect(isStale)
        let isNew = complete(table.begin(first, worker: 0), in: &table)
        #expect(isNew)
    }

    private func complete(_ ticket: UInt64, in table: inout TicketTable) -> Bool {
        table.complete(.init(ticket: ticket, verdict: 0))
    }

    @Test(arguments: [0, 1, 1 << 32, 5 << 32 | 1, .max] as [UInt64])
    func numbersThatNeverWereTicketsFindNothing(_ ticket: UInt64) {
        var table = TicketTable()
        #expect(table.find(ticket) == nil)
        table.invalidate(ticket)
        let live = table.begin(first, worker: 0)
        table.invalidate(live)
        #expect(table.find(ticket) == nil)
    }
}
