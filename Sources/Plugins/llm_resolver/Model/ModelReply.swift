// Reading the model's reply: generous about what surrounds the answer, strict about the answer.
import PluginSDK

enum ModelReply {
    static let bytesMax = 256 << 10
    /// Braces that are tried as the beginning of the answer; each may cost a pass over the text.
    static let triesMax = 16

    /// The candidate that a completion chooses.
    ///
    /// - Returns: The id of a candidate that was offered; nil for "none".
    static func answer(
        _ body: [UInt8], to question: ModelQuestion
    ) throws(ModelFailure) -> String? {
        let text = try content(body)
        let named = try id(in: text, question)
        if named == "none" { return nil }
        guard let candidate = question.answers[named] else { throw .foreign }
        return candidate
    }

    /// The text of the first choice: a string, or the text parts of a list.
    static func content(_ body: [UInt8]) throws(ModelFailure) -> String {
        guard body.count <= bytesMax, case .object(let reply) = parse(body),
            case .array(let choices) = reply["choices"], case .object(let choice) = choices.first,
            case .object(let message) = choice["message"]
        else { throw .noCompletion }
        switch message["content"] {
        case .string(let text): return text
        case .array(let parts):
            return parts.map { part in
                if case .object(let members) = part, case .string(let text) = members["text"] {
                    text
                } else {
                    ""
                }
            }.joined()
        default: throw .noCompletion
        }
    }

    /// The one id that a text gives.
    private static func id(
        in text: String, _ question: ModelQuestion
    ) throws(ModelFailure) -> String {
        let text = withoutThoughts(text)
        if let word = bare(text), word == "none" || question.answers[word] != nil { return word }
        var ids: Set<String> = []
        for object in objects(in: text) {
            guard case .object(let members) = parse(object), let value = members["id"] else {
                continue
            }
            switch value {
            case .string(let id): ids.insert(trimmed(id).lowercased())
            case .null: ids.insert("none")
            case .int(let number): ids.insert(String(number))
            default: throw .unclear
            }
        }
        guard ids.count == 1, let id = ids.first else { throw .unclear }
        return id
    }

    /// What stands behind the thoughts that some models write down first.
    private static func withoutThoughts(_ text: String) -> String {
        let end = Array("</think>".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count >= end.count else { return text }
        for start in (0...(bytes.count - end.count)).reversed()
        where bytes[start] == end[0] && bytes[start..<start + end.count].elementsEqual(end) {
            return String(decoding: bytes[(start + end.count)...], as: UTF8.self)
        }
        return text
    }

    /// A reply that is one word, perhaps in quotes.
    private static func bare(_ text: String) -> String? {
        let word = trimmed(text).lowercased()
        return word.utf8.count <= 16 && !word.contains("{") ? word : nil
    }

    private static func trimmed(_ text: String) -> String {
        func isAround(_ character: Character) -> Bool {
            character.isWhitespace || character == "\"" || character == "`" || character == "."
        }
        var rest = text[...]
        while let first = rest.first, isAround(first) { rest.removeFirst() }
        while let last = rest.last, isAround(last) { rest.removeLast() }
        return String(rest)
    }

    /// The outermost objects in a text, in code fences or not.
    private static func objects(in text: String) -> [[UInt8]] {
        let bytes = Array(text.utf8.prefix(bytesMax))
        var objects: [[UInt8]] = []
        var position = 0
        var tries = 0
        while position < bytes.count, tries < triesMax {
            guard bytes[position] == UInt8(ascii: "{") else {
                position += 1
                continue
            }
            tries += 1
            let end = end(of: bytes, from: position)
            if let end { objects.append(Array(bytes[position...end])) }
            position = (end ?? position) + 1
        }
        return objects
    }

    /// The closing brace of an object; nil when it is not closed.
    private static func end(of bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0
        var isText = false
        var isEscaped = false
        for index in start..<bytes.count {
            let byte = bytes[index]
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
        }
        return nil
    }

    private static func parse(_ bytes: [UInt8]) -> JSONValue? {
        bytes.withUnsafeBytes { try? JSONValue(parsing: Bytes($0)) }
    }
}
