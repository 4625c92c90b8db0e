// What processes say about themselves, read once and again from time to time.

#if os(Linux)
/// Used by one thread at a time.
struct FactsCache {
    private struct Entry {
        var facts: ProcessFacts
        var firstRead: UInt64
        var lastRead: UInt64
    }

    private let files: ProcessFiles
    private var entries: [Int32: Entry] = [:]

    init(_ files: ProcessFiles) {
        self.files = files
    }

    /// nil when the process has ended.
    mutating func facts(of process: Int32, now: UInt64) -> ProcessFacts? {
        if let entry = entries[process] {
            let isYoung = now &- entry.firstRead < DiscoveryLimits.youngFor
            if !isYoung, now &- entry.lastRead < DiscoveryLimits.factsFor { return entry.facts }
        }
        guard let facts = files.facts(of: process) else {
            entries[process] = nil
            return nil
        }
        let known = entries[process]
        let isSame = known?.facts.startTime == facts.startTime
        entries[process] = Entry(
            facts: facts, firstRead: isSame ? known?.firstRead ?? now : now, lastRead: now)
        return facts
    }

    mutating func forget(allBut processes: Set<Int32>) {
        entries = entries.filter { processes.contains($0.key) }
    }
}
#endif
