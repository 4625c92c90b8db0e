// The mappings of one cache file, shared by every handler that names it and kept across reloads.
import PluginSDK
import Synchronization

/// Changes take effect at once and reach the file from the work pool. What another process wrote
/// meanwhile is merged in: for a name that both changed, the last writer wins. [any]
final class MappingStore: Sendable {
    private struct State {
        var list = MappingList()
        /// Not in the file yet; nil: deleted.
        var changes: [String: Mapping?] = [:]
        /// Of the file as it was last read or written.
        var stamp: FileStamp?
        var isLoaded = false
        /// Grows with every change.
        var version: UInt64 = 1
    }

    /// What happened to the file, for the log.
    enum Event: Sendable {
        case loaded(count: Int)
        case changedOutside
        case unreadable(reason: String, keptAs: String)
        case skipped(String)
    }

    /// nil: kept in memory only.
    let file: MappingFile?
    private let state = Mutex(State())
    /// One at a time reads or writes the file.
    private let fileLock = Mutex(())

    init(file: MappingFile?) { self.file = file }

    var version: UInt64 { state.withLock { $0.version } }
    var list: MappingList { state.withLock { $0.list } }
    var mappings: [String: Mapping] { state.withLock { $0.list.mappings } }

    subscript(_ key: String) -> Mapping? { state.withLock { $0.list.mappings[key] } }

    /// nil deletes. `save` has to follow.
    func set(_ key: String, to mapping: Mapping?) {
        state.withLock { state in
            state.list.apply([key: mapping])
            if file != nil { state.changes[key] = .some(mapping) }
            state.version += 1
        }
    }

    // MARK: The file. Blocks: [config] or on the work pool

    /// Reads the file for the first time; later calls find it read.
    func load() throws(FileError) -> [Event] {
        guard let file, !state.withLock({ $0.isLoaded }) else { return [] }
        try file.prepare()
        return try refresh()
    }

    /// Reads the file when it is another one than before.
    func refresh() throws(FileError) -> [Event] {
        guard let file else { return [] }
        return try fileLock.withLock { (_) throws(FileError) in
            let (known, isLoaded) = state.withLock { ($0.stamp, $0.isLoaded) }
            guard !isLoaded || file.stamp() != known else { return [] }
            var events = try take(file)
            if isLoaded { events.append(.changedOutside) }
            return events
        }
    }

    /// Writes what has changed since the last call.
    func save() throws(FileError) -> [Event] {
        guard let file else { return [] }
        return try fileLock.withLock { (_) throws(FileError) in
            guard state.withLock({ !$0.changes.isEmpty }) else { return [] }
            return try file.locked { () throws(FileError) in
                let known = state.withLock { $0.stamp }
                let events = file.stamp() != known ? try take(file) : []
                let (bytes, written) = state.withLock { ($0.list.bytes, $0.changes) }
                let stamp = try file.write(bytes)
                state.withLock { state in
                    state.stamp = stamp
                    // What changed during the write stays for the next one.
                    for (key, mapping) in written where state.changes[key] == .some(mapping) {
                        state.changes[key] = nil
                    }
                }
                return events
            }
        }
    }

    /// Takes the content of the file, with the changes that are not in it yet.
    private func take(_ file: MappingFile) throws(FileError) -> [Event] {
        var events: [Event] = []
        var list = MappingList()
        var stamp: FileStamp?
        if let found = try file.read() {
            stamp = found.stamp
            var problems: [String] = []
            do throws(PluginError) {
                list = try MappingList(parsing: found.bytes, problems: &problems)
            } catch {
                let aside = try file.setAside(at: Int64(Clock.wall / 1_000_000_000))
                events.append(.unreadable(reason: error.message, keptAs: aside))
                stamp = nil
            }
            events += problems.map(Event.skipped)
        }
        let count = list.mappings.count
        state.withLock { state in
            list.apply(state.changes)
            if list != state.list { state.version += 1 }
            state.list = list
            state.stamp = stamp
            state.isLoaded = true
        }
        return events + [.loaded(count: count)]
    }
}
