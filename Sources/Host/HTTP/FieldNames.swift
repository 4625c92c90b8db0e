// Field names as small numbers: the ones of the ABI, and those that a configuration names.
import Base
import CGateway
import Synchronization

/// The process-wide table of field names. Names never go away, so an id stays good in every
/// generation and every plugin; the table is bounded by `Limits.fieldNamesMax`.
package enum FieldNames {
    static let table = FieldNameTable()
    private static let writer = Mutex<UInt16>(UInt16(GW_FIELD_KNOWN_MAX))

    /// Gives a name its id, the same for every spelling of case. Control plane only.
    ///
    /// - Returns: 0 when the name is no token (RFC 9110 §5.1), is too long, or ids have run out.
    package static func intern(_ name: UnsafeBufferPointer<UInt8>) -> UInt16 {
        guard let start = name.baseAddress, !name.isEmpty,
            name.count <= Limits.fieldNameBytesMax, all(start, name.count, are: ByteClass.token)
        else { return 0 }
        return writer.withLock { last in
            let known = table.lookup(start, name.count)
            if known != 0 { return known }
            guard Int(last) + 1 < Limits.fieldNamesMax else { return 0 }
            last += 1
            table.insert(id: last, start, name.count)
            return last
        }
    }

    package static func intern(_ name: String) -> UInt16 {
        var name = name
        return name.withUTF8 { intern($0) }
    }

    /// - Returns: The id of a name, 0 when it has none. Any thread, no lock.
    @inline(__always)
    package static func lookup(_ name: UnsafePointer<UInt8>, _ count: Int) -> UInt16 {
        table.lookup(name, count)
    }

    /// The spelling that a name was interned with; empty for an id that nobody was given.
    package static func spelling(_ id: UInt16) -> UnsafeBufferPointer<UInt8> {
        guard id != 0 && Int(id) < Limits.fieldNamesMax else { return .init(start: nil, count: 0) }
        let entry = table.entries[Int(id)]
        return .init(start: entry.spelling, count: Int(entry.count))
    }
}

/// Open addressing over atomic slots: readers take no lock, the one writer (held by a mutex)
/// fills an entry before it publishes its id. Nothing is ever moved or freed.
struct FieldNameTable: @unchecked Sendable {
    /// One name. Names of up to 16 octets are equal when count, head and tail are.
    struct Entry {
        var head: UInt64
        var tail: UInt64
        var spelling: UnsafePointer<UInt8>?
        var count: UInt32
    }

    private static let slotCount = Limits.fieldNamesMax * 2
    let entries: UnsafeMutablePointer<Entry>
    /// 0 is free; else the upper half of the hash and the id.
    private let slots: UnsafeMutablePointer<Atomic<UInt32>>

    init() {
        entries = .allocate(capacity: Limits.fieldNamesMax)
        entries.initialize(
            repeating: Entry(head: 0, tail: 0, spelling: nil, count: 0),
            count: Limits.fieldNamesMax)
        slots = .allocate(capacity: Self.slotCount)
        for slot in 0..<Self.slotCount { (slots + slot).initialize(to: Atomic(0)) }
        for (index, name) in knownFieldNames.enumerated() {
            insert(id: UInt16(index + 1), name.utf8Start, name.utf8CodeUnitCount)
        }
    }

    @inline(__always)
    func lookup(_ name: UnsafePointer<UInt8>, _ count: Int) -> UInt16 {
        let (head, tail) = Self.ends(name, count)
        let hash = Self.hash(head, tail, count)
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while true {
            let word = slots[slot].load(ordering: .acquiring)
            if word == 0 { return 0 }
            if word >> 16 == UInt32(truncatingIfNeeded: hash >> 48) {
                let id = UInt16(truncatingIfNeeded: word)
                let entry = entries + Int(id)
                if entry.pointee.head == head && entry.pointee.tail == tail
                    && entry.pointee.count == UInt32(truncatingIfNeeded: count)
                    && (count <= 16 || hasSpelling(entry, name, count))
                {
                    return id
                }
            }
            slot = (slot &+ 1) & (Self.slotCount - 1)
        }
    }

    func insert(id: UInt16, _ name: UnsafePointer<UInt8>, _ count: Int) {
        let spelling = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        spelling.initialize(from: name, count: count)
        let (head, tail) = Self.ends(name, count)
        entries[Int(id)] = Entry(
            head: head, tail: tail, spelling: UnsafePointer(spelling), count: UInt32(count))
        let hash = Self.hash(head, tail, count)
        var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
        while slots[slot].load(ordering: .relaxed) != 0 {
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        slots[slot].store(
            UInt32(truncatingIfNeeded: hash >> 48) << 16 | UInt32(id), ordering: .releasing)
    }

    @inline(never)
    private func hasSpelling(
        _ entry: UnsafeMutablePointer<Entry>, _ name: UnsafePointer<UInt8>, _ count: Int
    ) -> Bool {
        guard let spelling = entry.pointee.spelling else { return false }
        return equalsIgnoringCase(spelling, name, count)
    }

    /// The first and the last eight octets, small letters; they overlap in short names.
    @inline(__always)
    private static func ends(_ name: UnsafePointer<UInt8>, _ count: Int) -> (UInt64, UInt64) {
        if count >= 8 {
            return (lowercasedWord(loadWord(name)), lowercasedWord(loadWord(name + (count - 8))))
        }
        var word: UInt64 = 0
        for index in 0..<count { word = word << 8 | UInt64(name[index]) }
        return (lowercasedWord(word), 0)
    }

    @inline(__always)
    private static func hash(_ head: UInt64, _ tail: UInt64, _ count: Int) -> UInt64 {
        let mixed =
            (head ^ (tail << 23 | tail >> 41) ^ UInt64(truncatingIfNeeded: count))
            &* 0x9e37_79b9_7f4a_7c15
        return mixed ^ mixed >> 32
    }
}

/// In the order of the GW_FIELD_* ids, from 1.
private let knownFieldNames: [StaticString] = [
    "Host", "Connection", "Content-Length", "Transfer-Encoding", "TE", "Trailer", "Upgrade",
    "Keep-Alive", "Proxy-Connection", "Expect", "Content-Type", "Content-Encoding", "Date",
    "Server", "Via", "Authorization", "Proxy-Authorization", "Proxy-Authenticate",
    "WWW-Authenticate", "Cookie", "Set-Cookie", "Location", "Accept", "Accept-Encoding",
    "Accept-Language", "User-Agent", "Referer", "Origin", "Range", "X-Forwarded-For",
    "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Cache-Control", "ETag",
    "Last-Modified", "If-None-Match", "If-Modified-Since", "Alt-Svc", "Retry-After", "Vary",
]

/// The ids that this module gives a meaning.
package enum FieldID {
    package static var host: UInt16 { UInt16(GW_FIELD_HOST) }
    package static var connection: UInt16 { UInt16(GW_FIELD_CONNECTION) }
    package static var contentLength: UInt16 { UInt16(GW_FIELD_CONTENT_LENGTH) }
    package static var transferEncoding: UInt16 { UInt16(GW_FIELD_TRANSFER_ENCODING) }
    package static var te: UInt16 { UInt16(GW_FIELD_TE) }
    package static var trailer: UInt16 { UInt16(GW_FIELD_TRAILER) }
    package static var upgrade: UInt16 { UInt16(GW_FIELD_UPGRADE) }
    package static var keepAlive: UInt16 { UInt16(GW_FIELD_KEEP_ALIVE) }
    package static var proxyConnection: UInt16 { UInt16(GW_FIELD_PROXY_CONNECTION) }
    package static var expect: UInt16 { UInt16(GW_FIELD_EXPECT) }
    package static var server: UInt16 { UInt16(GW_FIELD_SERVER) }
    package static var via: UInt16 { UInt16(GW_FIELD_VIA) }
    package static var xForwardedFor: UInt16 { UInt16(GW_FIELD_X_FORWARDED_FOR) }
    package static var xForwardedProto: UInt16 { UInt16(GW_FIELD_X_FORWARDED_PROTO) }
    package static var xForwardedHost: UInt16 { UInt16(GW_FIELD_X_FORWARDED_HOST) }
    package static var date: UInt16 { UInt16(GW_FIELD_DATE) }
    package static var proxyAuthorization: UInt16 { UInt16(GW_FIELD_PROXY_AUTHORIZATION) }
    package static var proxyAuthenticate: UInt16 { UInt16(GW_FIELD_PROXY_AUTHENTICATE) }
}
