// The bounded table: what it keeps, what it forgets.
import Base
import Testing

@Suite struct RecentlyUsedTests {
    @Test func forgetsWhatWasNotUsedForTheLongestTime() {
        var table = RecentlyUsed<String, Int>(entriesMax: 2)
        #expect(table.insert(1, for: "a") == nil)
        #expect(table.insert(2, for: "b") == nil)
        #expect(table.use("a") == 1)
        #expect(table.insert(3, for: "c")?.key == "b")
        #expect(table.peek("a") == 1 && table.peek("b") == nil && table.peek("c") == 3)
        #expect(table.leastRecent?.key == "a")
    }

    @Test func replacingCountsAsUse() {
        var table = RecentlyUsed<String, Int>(entriesMax: 2)
        _ = table.insert(1, for: "a")
        _ = table.insert(2, for: "b")
        #expect(table.insert(10, for: "a") == nil)
        #expect(table.count == 2 && table.leastRecent?.key == "b")
    }

    /// Against a plain list that does the same slowly.
    @Test func behavesLikeAList() {
        var generator = SystemRandomNumberGenerator()
        var table = RecentlyUsed<Int, Int>(entriesMax: 8)
        var list: [(key: Int, value: Int)] = []
        for step in 0..<5000 {
            let key = Int.random(in: 0..<16, using: &generator)
            let index = list.firstIndex { $0.key == key }
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                #expect(table.use(key) == index.map { list[$0].value })
                if let index { list.append(list.remove(at: index)) }
            case 1:
                let dropped = table.insert(step, for: key)
                if let index { list.remove(at: index) }
                list.append((key, step))
                #expect(dropped?.key == (list.count > 8 ? list.removeFirst().key : nil))
            case _:
                table.remove(key)
                if let index { list.remove(at: index) }
            }
            #expect(table.count == list.count)
            #expect(table.leastRecent?.key == list.first?.key)
        }
    }
}
