// gw.regex/1: RE2 for plugins.
internal import Base
package import CGateway
private import Synchronization

/// Builds the table of `gw.regex/1`.
package enum RegexInterface {
    /// Registers what runs when a scope ends; false when the scope is gone already.
    package typealias OnRelease =
        @Sendable (OpaquePointer, @escaping @Sendable () -> Void) -> Bool
    /// Bytes with the lifetime of an exchange, nil when it has too many.
    package typealias Allocate =
        @convention(c) (UnsafeMutablePointer<gw_req>, Int) -> UnsafeMutableRawPointer?

    fileprivate struct Host: Sendable {
        nonisolated(unsafe) let core: UnsafePointer<gw_host_core>
        let onRelease: OnRelease
        let allocate: Allocate
    }

    fileprivate static let host = Mutex<Host?>(nil)
    /// `allocate` again, for the loops, which take no lock.
    fileprivate static let allocator = Atomic<UInt>(0)
    fileprivate static let table = RegexTable()

    /// Makes the table; valid as long as the process lives. Once, before plugins are loaded.
    ///
    /// - Parameter core: For `fail` and `out_write`; valid as long as the process lives.
    package static func makeTable(
        core: UnsafePointer<gw_host_core>, onRelease: @escaping OnRelease,
        allocate: @escaping Allocate
    ) -> UnsafePointer<gw_host_regex> {
        let host = Host(core: core, onRelease: onRelease, allocate: allocate)
        Self.host.withLock { $0 = host }
        allocator.store(
            UInt(bitPattern: unsafeBitCast(allocate, to: UnsafeRawPointer.self)),
            ordering: .releasing)
        return HostTable.make(
            gw_host_regex(
                struct_size: UInt32(MemoryLayout<gw_host_regex>.size), rev: 1,
                compile: compileRegex, match: matchRegex, replace: replaceMatches,
                replace_in: replaceMatchesInArena))
    }
}

private func compileRegex(
    _ scope: OpaquePointer, _ pattern: gw_view, _ out: UnsafeMutablePointer<gw_regex>
) -> gw_status {
    out.pointee = 0
    guard let host = RegexInterface.host.withLock({ $0 }) else { return GW_E_UNSUPPORTED }
    guard pattern.isSensible, pattern.len <= Limits.regexPatternBytesMax else {
        return host.fail(scope, "the pattern has \(pattern.len) bytes", GW_E_CONFIG)
    }
    let compiled: RE2Pattern
    do throws(RE2Error) {
        compiled = try RE2Pattern(bytes: Array(pattern.bytes))
    } catch {
        let text = String(decoding: pattern.bytes, as: UTF8.self)
        return host.fail(
            scope, "invalid regular expression \"\(text)\": \(error.description)", GW_E_CONFIG)
    }
    guard let handle = RegexInterface.table.add(compiled) else {
        return host.fail(scope, "more than \(Limits.regexesMax) regular expressions", GW_E_LIMIT)
    }
    guard host.onRelease(scope, { RegexInterface.table.remove(handle) }) else {
        RegexInterface.table.remove(handle)
        return GW_E_STALE
    }
    out.pointee = handle
    return GW_OK
}

private func matchRegex(
    _ regex: gw_regex, _ text: gw_view, _ groups: UnsafeMutablePointer<gw_view>?, _ count: UInt32
) -> Int32 {
    let views = UnsafeMutableBufferPointer(start: groups, count: groups == nil ? 0 : Int(count))
    views.update(repeating: gw_view(ptr: nil, len: 0))
    guard let pattern = RegexInterface.table.find(regex), text.isSensible else { return 0 }
    return pattern._withUnsafeGuaranteedRef { pattern in
        if views.isEmpty { return pattern.matches(text.bytes) ? 1 : 0 }
        let wanted = min(views.count, pattern.groupCount + 1)
        return withUnsafeTemporaryAllocation(of: RE2Pattern.Group.self, capacity: wanted) { found in
            found.initialize(repeating: nil)
            guard pattern.firstMatch(in: text.bytes, groups: found) else { return 0 }
            for index in found.indices {
                guard let range = found[index], let base = text.ptr else { continue }
                views[index] = gw_view(ptr: base + range.lowerBound, len: range.count)
            }
            return 1
        }
    }
}

private func replaceMatches(
    _ regex: gw_regex, _ text: gw_view, _ replacement: gw_view, _ out: OpaquePointer
) -> Int32 {
    guard let pattern = RegexInterface.table.find(regex), text.isSensible, replacement.isSensible
    else { return GW_E_INVALID }
    guard let host = RegexInterface.host.withLock({ $0 }) else { return GW_E_UNSUPPORTED }
    let write = host.core.pointee.out_write
    return pattern._withUnsafeGuaranteedRef { pattern in
        let count = pattern.replace(in: text.bytes, with: replacement.bytes) { piece in
            piece.isEmpty || write(out, gw_view(ptr: piece.baseAddress, len: piece.count)) == GW_OK
        }
        return count.map { Int32(clamping: $0) } ?? GW_E_LIMIT
    }
}

/// Measures first, then writes: nothing is allocated but what stays.
private func replaceMatchesInArena(
    _ regex: gw_regex, _ request: UnsafeMutablePointer<gw_req>, _ text: gw_view,
    _ replacement: gw_view, _ out: UnsafeMutablePointer<gw_view>
) -> Int32 {
    out.pointee = text
    guard let pattern = RegexInterface.table.find(regex), text.isSensible, replacement.isSensible
    else { return GW_E_INVALID }
    let address = RegexInterface.allocator.load(ordering: .acquiring)
    guard let address = UnsafeRawPointer(bitPattern: address) else { return GW_E_UNSUPPORTED }
    let allocate = unsafeBitCast(address, to: RegexInterface.Allocate.self)
    return pattern._withUnsafeGuaranteedRef { pattern in
        guard pattern.matches(text.bytes) else { return 0 }
        var size = 0
        _ = pattern.replace(in: text.bytes, with: replacement.bytes) { piece in
            size += piece.count
            return true
        }
        guard let memory = allocate(request, max(size, 1)) else { return GW_E_LIMIT }
        var end = memory
        let count = pattern.replace(in: text.bytes, with: replacement.bytes) { piece in
            if let start = piece.baseAddress {
                end.copyMemory(from: start, byteCount: piece.count)
                end += piece.count
            }
            return true
        }
        out.pointee = gw_view(ptr: memory.assumingMemoryBound(to: UInt8.self), len: size)
        return Int32(clamping: count ?? 0)
    }
}

extension RegexInterface.Host {
    /// Reports under the scope's module and gives the code back.
    fileprivate func fail(_ scope: OpaquePointer, _ message: String, _ code: gw_status) -> gw_status
    {
        var message = message
        message.withUTF8 { bytes in
            var diag = gw_diag()
            diag.struct_size = UInt32(MemoryLayout<gw_diag>.size)
            diag.rev = 1
            diag.code = code
            diag.message = gw_view(ptr: bytes.baseAddress, len: bytes.count)
            core.pointee.fail(scope, &diag)
        }
        return code
    }
}
