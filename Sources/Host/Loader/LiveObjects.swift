// Objects whose addresses plugins hold: only addresses that are alive are ever followed.
private import Synchronization

/// A set of live objects by address. [any]
struct LiveObjects<Object: AnyObject>: ~Copyable, Sendable {
    private struct Reference: @unchecked Sendable {
        unowned(unsafe) let object: Object
    }

    private let references = Mutex<[UInt: Reference]>([:])

    /// Until `remove`, which the object's `deinit` calls at the latest.
    func insert(_ object: Object, at address: UInt) {
        let reference = Reference(object: object)
        references.withLock { $0[address] = reference }
    }

    func remove(_ address: UInt) {
        _ = references.withLock { $0.removeValue(forKey: address) }
    }

    /// The object at that address, nil when there is none (any more).
    func find(_ address: UInt) -> Object? {
        references.withLock { $0[address]?.object }
    }
}
