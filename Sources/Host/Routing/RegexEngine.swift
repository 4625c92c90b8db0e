// Regular expressions as the router sees them: a handful of C functions that the server supplies.
package import CGateway

/// The engine behind the regexp matchers. Expressions are opaque to the router.
package struct RegexEngine: Sendable {
    /// Compiles `length` bytes of pattern. On failure returns nil and writes a message of at most
    /// `capacity` bytes, whose length goes to the last argument.
    package typealias Compile =
        @convention(c) (
            _ pattern: UnsafePointer<UInt8>?, _ length: Int,
            _ message: UnsafeMutablePointer<UInt8>?,
            _ capacity: Int, _ messageLength: UnsafeMutablePointer<Int>
        ) -> UnsafeMutableRawPointer?
    /// Searches `length` bytes of text. Returns the number of groups written to `groups`, the
    /// whole match first and at most `capacity`, or -1 without a match. A group that took no part
    /// has `off` `UInt32.max`. Reentrant: every worker uses the same expression.
    package typealias Match =
        @convention(c) (
            _ expression: UnsafeMutableRawPointer, _ text: UnsafePointer<UInt8>?, _ length: Int,
            _ groups: UnsafeMutablePointer<gw_ref>, _ capacity: Int
        ) -> Int
    /// Index of the group with this name, or -1.
    package typealias GroupIndex =
        @convention(c) (
            _ expression: UnsafeMutableRawPointer, _ name: UnsafePointer<UInt8>?, _ length: Int
        ) -> Int
    package typealias Free = @convention(c) (UnsafeMutableRawPointer) -> Void

    package let compile: Compile
    package let match: Match
    package let groupIndex: GroupIndex
    package let free: Free

    package init(
        compile: @escaping Compile, match: @escaping Match, groupIndex: @escaping GroupIndex,
        free: @escaping Free
    ) {
        self.compile = compile
        self.match = match
        self.groupIndex = groupIndex
        self.free = free
    }
}

/// One compiled expression; frees it when the last generation that uses it is gone.
package final class CompiledRegex: @unchecked Sendable {
    /// Groups that are kept as placeholders, the whole match included.
    static let groupsMax = 16

    private let engine: RegexEngine
    private let expression: UnsafeMutableRawPointer

    package init(_ pattern: String, engine: RegexEngine, at location: String) throws(RoutingError) {
        let bytes = Array(pattern.utf8)
        var message = [UInt8](repeating: 0, count: 256)
        var messageLength = 0
        let capacity = message.count
        let compiled = bytes.withUnsafeBufferPointer { text in
            message.withUnsafeMutableBufferPointer { out in
                engine.compile(
                    text.baseAddress, text.count, out.baseAddress, capacity, &messageLength)
            }
        }
        guard let compiled else {
            let cause = String(
                decoding: message.prefix(min(messageLength, capacity)), as: UTF8.self)
            throw RoutingError("invalid regular expression \"\(pattern)\": \(cause)", at: location)
        }
        self.engine = engine
        expression = compiled
    }

    deinit {
        engine.free(expression)
    }

    /// - Returns: The number of groups written, nil without a match.
    func match(_ text: Bytes, into groups: UnsafeMutablePointer<gw_ref>) -> Int? {
        let found = engine.match(
            expression, text.assumingMemoryBound(to: UInt8.self).baseAddress, text.count, groups,
            Self.groupsMax)
        return found < 0 ? nil : min(found, Self.groupsMax)
    }

    func groupIndex(_ name: Bytes) -> Int? {
        let index = engine.groupIndex(
            expression, name.assumingMemoryBound(to: UInt8.self).baseAddress, name.count)
        return index < 0 ? nil : index
    }
}
