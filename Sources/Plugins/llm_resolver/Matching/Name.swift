// A name as its words: "orderTracker", "order-tracker" and "order_tracker" are the same.

/// A name of a directory, a service, a program or a part of a host. Whole words count: nothing here
/// compares parts of words or tolerates a wrong letter.
struct Name: Hashable {
    /// Lower case.
    let words: [String]
    /// The words written together.
    let joined: String
    /// Without "service" or "app" behind it, and singular.
    let stem: String

    init(_ text: some StringProtocol) { self.init(words: Words.split(text)) }

    init(words: [String]) {
        self.words = words
        joined = words.count == 1 ? words[0] : words.joined()
        stem = Words.stem(of: words, joined: joined)
    }

    static func == (one: Name, other: Name) -> Bool { one.joined == other.joined }
    func hash(into hasher: inout Hasher) { hasher.combine(joined) }

    var isEmpty: Bool { joined.isEmpty }

    /// The number that the whole name is.
    var number: UInt16? { words.count == 1 ? UInt16(joined) : nil }

    /// Without the name of what it is a part of: "shop-api" of shop is "api".
    func part(of whole: Name) -> Name {
        guard words.count > whole.words.count, words.starts(with: whole.words) else { return self }
        return Name(words: Array(words.dropFirst(whole.words.count)))
    }

    static func + (one: Name, other: Name) -> Name { Name(words: one.words + other.words) }
}

/// How alike two names are; more is better.
enum Likeness: Int, Comparable {
    /// Written in another way: a plural, "-service" or "-app" behind it.
    case form
    case exact

    static func < (one: Likeness, other: Likeness) -> Bool { one.rawValue < other.rawValue }
}

extension Name {
    func likeness(to other: Name) -> Likeness? {
        if joined == other.joined { return isEmpty ? nil : .exact }
        return stem == other.stem && !stem.isEmpty ? .form : nil
    }
}

/// Splitting texts into words.
enum Words {
    static func split(_ text: some StringProtocol) -> [String] {
        text.utf8.allSatisfy({ $0 < 0x80 }) ? splitASCII(text) : splitUnicode(text)
    }

    private static func splitASCII(_ text: some StringProtocol) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            guard isWordByte(byte) else {
                close(&word, &words)
                continue
            }
            if isUpper(byte), index > 0, !word.isEmpty {
                let next = index + 1 < bytes.count ? bytes[index + 1] : 0
                if !isUpper(bytes[index - 1]) || isLower(next) { close(&word, &words) }
            }
            word.append(isUpper(byte) ? byte | 0x20 : byte)
        }
        close(&word, &words)
        return words
    }

    private static func close(_ word: inout [UInt8], _ words: inout [String]) {
        guard !word.isEmpty else { return }
        words.append(String(decoding: word, as: UTF8.self))
        word.removeAll(keepingCapacity: true)
    }

    private static func splitUnicode(_ text: some StringProtocol) -> [String] {
        var words: [String] = []
        var word = ""
        var previous: Character?
        for character in text {
            if character.unicodeScalars.allSatisfy({ $0.isASCII && !isWordByte(UInt8($0.value)) }) {
                if !word.isEmpty { words.append(word) }
                word = ""
                previous = nil
                continue
            }
            if let previous, previous.isLowercase, character.isUppercase {
                words.append(word)
                word = ""
            }
            word += fold(character)
            previous = character
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// Lower case; the final sigma is a sigma. Equality of texts is canonical equivalence, so
    /// composed and decomposed letters need nothing.
    private static func fold(_ character: Character) -> String {
        character == "ς" ? "σ" : character.lowercased()
    }

    private static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
    private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
    private static func isWordByte(_ byte: UInt8) -> Bool {
        isUpper(byte) || isLower(byte) || (byte >= 0x30 && byte <= 0x39)
    }

    /// Words that change nothing at the end of a name.
    private static let silentEndings: Set<String> = ["service", "services", "app", "svc"]

    static func stem(of words: [String], joined: String) -> String {
        switch joined.utf8.last {
        case UInt8(ascii: "s"), UInt8(ascii: "e"), UInt8(ascii: "p"), UInt8(ascii: "c"): break
        default: return joined
        }
        var count = words.count
        while count > 1, silentEndings.contains(words[count - 1]) { count -= 1 }
        var stem = count == words.count ? joined : words[..<count].joined()
        if count == words.count, words.count == 1 { stem = withoutWrittenEnding(stem) }
        return singular(stem)
    }

    private static func withoutWrittenEnding(_ word: String) -> String {
        for (ending, rest) in [("service", 3), ("app", 4)]
        where word.hasSuffix(ending) && word.utf8.count >= ending.utf8.count + rest {
            return String(word.dropLast(ending.utf8.count))
        }
        return word
    }

    private static func singular(_ word: String) -> String {
        guard word.utf8.count > 3, word.hasSuffix("s"), !word.hasSuffix("ss") else { return word }
        if word.utf8.count > 4, word.hasSuffix("ies") { return word.dropLast(3) + "y" }
        for ending in ["sses", "xes", "zes", "ches", "shes"] where word.hasSuffix(ending) {
            return String(word.dropLast(2))
        }
        return String(word.dropLast())
    }
}
