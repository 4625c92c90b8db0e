// A bounded dictionary that forgets what was not used for the longest time.

/// Every operation takes constant time. One owner at a time.
package struct RecentlyUsed<Key: Hashable, Value> {
    private struct Entry {
        let key: Key
        var value: Value
        /// Neighbours in the order of use, -1 at the ends.
        var older: Int
        var newer: Int
    }

    private let entriesMax: Int
    private var places: [Key: Int] = [:]
    private var entries: [Entry?] = []
    private var free: [Int] = []
    private var oldest = -1
    private var newest = -1

    package init(entriesMax: Int) { self.entriesMax = max(1, entriesMax) }

    package var count: Int { places.count }

    /// The entry that the next insertion into a full table pushes out.
    package var leastRecent: (key: Key, value: Value)? {
        guard oldest >= 0, let entry = entries[oldest] else { return nil }
        return (entry.key, entry.value)
    }

    /// A value without a change of the order.
    package func peek(_ key: Key) -> Value? { places[key].flatMap { entries[$0]?.value } }

    /// A value, which is the most recent one now.
    package mutating func use(_ key: Key) -> Value? {
        guard let place = places[key], let entry = entries[place] else { return nil }
        if place != newest {
            unlink(place)
            link(place)
        }
        return entry.value
    }

    /// - Returns: What had to go.
    package mutating func insert(_ value: Value, for key: Key) -> (key: Key, value: Value)? {
        if let place = places[key] {
            entries[place]?.value = value
            _ = use(key)
            return nil
        }
        var dropped: (Key, Value)?
        if places.count >= entriesMax, let last = leastRecent {
            dropped = last
            remove(last.key)
        }
        let entry = Entry(key: key, value: value, older: -1, newer: -1)
        let place = free.popLast() ?? entries.count
        if place == entries.count { entries.append(entry) } else { entries[place] = entry }
        places[key] = place
        link(place)
        return dropped
    }

    package mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        entries[place] = nil
        free.append(place)
    }

    private mutating func link(_ place: Int) {
        entries[place]?.older = newest
        entries[place]?.newer = -1
        if newest >= 0 { entries[newest]?.newer = place } else { oldest = place }
        newest = place
    }

    private mutating func unlink(_ place: Int) {
        guard let entry = entries[place] else { return }
        if entry.older >= 0 {
            entries[entry.older]?.newer = entry.newer
        } else {
            oldest = entry.newer
        }
        if entry.newer >= 0 {
            entries[entry.newer]?.older = entry.older
        } else {
            newest = entry.older
        }
    }
}
