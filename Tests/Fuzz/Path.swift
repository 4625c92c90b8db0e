// Fuzzes what matchers make of paths: a pattern, a line feed, and the path of a request.
// modules: Routing   seeds: Tests/Fuzz/seeds/path
import Base

@testable import Routing

nonisolated(unsafe) private let arena = Arena()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let input = UnsafeBufferPointer(start: bytes, count: count)
    let end = input.firstIndex(of: UInt8(ascii: "\n")) ?? count
    let pattern = String(decoding: input[..<end], as: UTF8.self)
    let path = UnsafeRawBufferPointer(
        UnsafeBufferPointer(rebasing: input[min(end + 1, count)...]))
    defer { arena.reset() }
    for (merges, keeps) in [(true, false), (false, false), (true, true), (false, true)] {
        check(path, PathReading(mergesSlashes: merges, keepsEscapedSlashes: keeps))
    }
    guard let compiled = try? PathPattern(pattern, at: "fuzzed"),
        let normalized = normalizePath(path, compiled.reading, in: arena)
    else { return 0 }
    _ = compiled.matches(normalized)
    return 0
}

/// No dot segment, and no doubled slash where they are merged, gets past a guard.
private func check(_ path: UnsafeRawBufferPointer, _ reading: PathReading) {
    guard let read = normalizePath(path, reading, in: arena) else { return }
    precondition(read.bytes.count <= path.count + 1)
    precondition(read.escaped.isEmpty || read.escaped.count == read.bytes.count)
    guard read.bytes.first == UInt8(ascii: "/") else { return }
    let isSlash = read.bytes.indices.map { index in
        read.bytes[index] == UInt8(ascii: "/") && (read.escaped.isEmpty || read.escaped[index] == 0)
    }
    var segment: [UInt8] = []
    for index in read.bytes.indices {
        if isSlash[index] {
            precondition(segment != [0x2e] && segment != [0x2e, 0x2e], "a dot segment is left")
            let isDoubled = index > 0 && isSlash[index - 1]
            precondition(!(isDoubled && reading.mergesSlashes), "a doubled slash is left")
            segment = []
        } else {
            segment.append(read.bytes[index])
        }
    }
    precondition(segment != [0x2e] && segment != [0x2e, 0x2e], "a dot segment is left")
}
