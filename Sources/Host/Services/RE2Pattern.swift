// Regular expressions of RE2 syntax, in linear time.
internal import Base
private import CRE2

/// Why a pattern is not an expression.
package struct RE2Error: Error, Equatable, CustomStringConvertible {
    /// RE2's own words.
    package let description: String
}

/// A compiled expression. Immutable; matches on any thread.
package final class RE2Pattern: Sendable {
    /// One group of a match: a range of the text, nil when the group took no part.
    package typealias Group = Range<Int>?

    private nonisolated(unsafe) let compiled: OpaquePointer
    /// Without the whole match.
    package let groupCount: Int
    private static let stackGroups = 16

    /// - Throws: `RE2Error` when the pattern is wrong or above `Limits.regexPatternBytesMax`.
    package convenience init(_ pattern: String) throws(RE2Error) {
        try self.init(bytes: Array(pattern.utf8))
    }

    package init(bytes pattern: [UInt8]) throws(RE2Error) {
        guard pattern.count <= Limits.regexPatternBytesMax else {
            throw RE2Error(
                description: "the pattern has \(pattern.count) bytes, "
                    + "expected at most \(Limits.regexPatternBytesMax)")
        }
        var message = [CChar](repeating: 0, count: 512)
        let compiled = cre2_compile(
            pattern, pattern.count, Limits.regexMemoryBytesMax, &message, message.count)
        guard let compiled else {
            let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw RE2Error(description: String(decoding: text, as: UTF8.self))
        }
        self.compiled = compiled
        groupCount = Int(cre2_group_count(compiled))
    }

    deinit {
        cre2_free(compiled)
    }

    /// The number of a named group, nil when there is none of that name.
    package func groupNumber(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
        let number = cre2_group_number(compiled, name.baseAddress, name.count)
        return number > 0 ? Int(number) : nil
    }

    /// Whether it matches anywhere in the text.
    package func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        cre2_match(compiled, text.baseAddress, text.count, 0, nil, 0) == 1
    }

    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches($0) }
    }

    /// Finds the first match at `start` or behind it.
    ///
    /// - Parameter groups: Gets the whole match and its groups, as many as fit.
    package func firstMatch(
        in text: UnsafeBufferPointer<UInt8>, from start: Int = 0,
        groups: UnsafeMutableBufferPointer<Group>
    ) -> Bool {
        let count = min(groups.count, groupCount + 1)
        return withUnsafeTemporaryAllocation(of: cre2_group.self, capacity: max(count, 1)) {
            found in
            let matched = cre2_match(
                compiled, text.baseAddress, text.count, start, found.baseAddress, UInt32(count))
            for index in groups.indices {
                groups[index] = index < count ? range(found[index], in: text) : nil
            }
            return matched == 1
        }
    }

    private func range(_ group: cre2_group, in text: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        guard let start = group.ptr, let base = text.baseAddress else { return nil }
        return (start - base)..<(start - base + group.len)
    }
}
