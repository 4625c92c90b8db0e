// Which names say that a value grants access.

/// Names of fields, parameters, variables and options whose values are credentials: they stay out
/// of logs and messages, are compared in constant time, and must not be empty by accident.
///
/// Told by the words in the name, because every model provider has a field of its own
/// (`X-Api-Key`, `X-Goog-Api-Key`, `Ocp-Apim-Subscription-Key`, `X-Amz-Security-Token`). The SDK
/// has the same rule for directives (`Token.requireCredential`).
package enum CredentialNames {
    /// - Parameter name: Any bytes; case does not count, words are parted by `-` and `_`. Allocates nothing.
    package static func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        has("authorization", in: name) || has("cookie", in: name) || has("token", in: name)
            || has("secret", in: name) || has("password", in: name) || has("credential", in: name)
            || has("apikey", in: name) || hasWord("key", in: name) || hasWord("keys", in: name)
    }

    package static func contains(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { contains(UnsafeRawBufferPointer($0)) }
    }

    private static func has(_ part: StaticString, in name: UnsafeRawBufferPointer) -> Bool {
        guard name.count >= part.utf8CodeUnitCount else { return false }
        return (0...(name.count - part.utf8CodeUnitCount)).contains {
            stands(part, in: name, at: $0)
        }
    }

    /// A part that stands alone between hyphens, so that `X-Keywords` is none.
    private static func hasWord(_ word: StaticString, in name: UnsafeRawBufferPointer) -> Bool {
        let count = word.utf8CodeUnitCount
        guard name.count >= count else { return false }
        return (0...(name.count - count)).contains { start in
            stands(word, in: name, at: start)
                && (start == 0 || isSeparator(name[start - 1]))
                && (start + count == name.count || isSeparator(name[start + count]))
        }
    }

    private static func stands(
        _ part: StaticString, in name: UnsafeRawBufferPointer, at start: Int
    ) -> Bool {
        for index in 0..<part.utf8CodeUnitCount
        where asciiLowercased(name[start + index]) != part.utf8Start[index] { return false }
        return true
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
