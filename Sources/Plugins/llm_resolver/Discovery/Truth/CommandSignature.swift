// A command line without what changes when the same thing is started again.

/// Two starts of one program have the same signature although they listen on other ports: numbers
/// that may be ports stand as "#", a version in parentheses behind a title is left out.
struct CommandSignature: Hashable, Sendable {
    let text: String

    /// - Parameter arguments: As in a candidate.
    init(_ arguments: String) {
        var result: [UInt8] = []
        var digits: [UInt8] = []
        var mayBePort = true
        func endNumber() {
            let isPort = mayBePort && (2...5).contains(digits.count)
            if isPort { result.append(UInt8(ascii: "#")) } else { result += digits }
            digits = []
        }
        for byte in Self.withoutVersion(arguments).utf8 {
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                digits.append(byte)
                continue
            }
            // "app2", "1.5" and "v18" are names; "--port=3000" and "127.0.0.1:3000" hold ports.
            let isName = Self.belongsToName(byte)
            if !digits.isEmpty {
                if isName { mayBePort = false }
                endNumber()
            }
            mayBePort = !isName
            result.append(byte)
        }
        if !digits.isEmpty { endNumber() }
        text = String(decoding: result, as: UTF8.self)
    }

    private static func belongsToName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "-"), 0x80...:
            true
        default: false
        }
    }

    /// "next-server (v15.1.0)" is the same after an update.
    private static func withoutVersion(_ text: String) -> String {
        guard text.hasSuffix(")"), let open = text.lastIndex(of: "("),
            text[text.index(after: open)...].hasPrefix("v")
        else { return text }
        return CommandLine.cleaned(String(text[..<open]))
    }
}
