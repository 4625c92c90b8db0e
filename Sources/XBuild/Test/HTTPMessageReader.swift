// Reads HTTP/1.1 messages of the gateway under test, as they come.

/// A message that is being read: a request on the upstream's side, an answer on the client's.
struct HTTPMessageReader {
    enum State: Equatable {
        case head, body, complete
        /// No message of HTTP/1.1.
        case broken
    }

    private enum Framing { case none, length(Int), chunked, untilEnd }

    /// The answer to a HEAD has no body, whatever its fields say.
    var isAnswerToHead = false
    let isAnswer: Bool
    private(set) var state = State.head
    /// Of the first line: the status of an answer.
    private(set) var status = 0
    private(set) var firstLine = ""
    private(set) var fields: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    private var rest: [UInt8] = []
    private var framing = Framing.none

    init(isAnswer: Bool, isAnswerToHead: Bool = false) {
        self.isAnswer = isAnswer
        self.isAnswerToHead = isAnswerToHead
    }

    func field(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    mutating func read(_ bytes: some Sequence<UInt8>) {
        rest += bytes
        while step() {}
    }

    /// The peer closed the connection.
    mutating func end() {
        if state == .body, case .untilEnd = framing { state = .complete }
    }

    private mutating func step() -> Bool {
        switch state {
        case .head: return readHead()
        case .body: return readBody()
        case .complete, .broken: return false
        }
    }

    private mutating func readHead() -> Bool {
        guard let end = Self.find([13, 10, 13, 10], in: rest) else { return false }
        let text = String(decoding: rest[..<end], as: UTF8.self)
        rest.removeFirst(end + 4)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        firstLine = lines.popFirst().map(String.init) ?? ""
        fields = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmed : "")
        }
        if isAnswer {
            let parts = firstLine.split(separator: " ")
            guard parts.count > 1, let number = Int(parts[1]) else {
                state = .broken
                return false
            }
            status = number
            // An interim answer is followed by the final one.
            if status >= 100, status < 200 { return true }
        }
        framing = findFraming()
        if case .none = framing { state = .complete } else { state = .body }
        return state == .body
    }

    private func findFraming() -> Framing {
        if isAnswer, isAnswerToHead || status == 204 || status == 304 { return .none }
        if field("transfer-encoding")?.lowercased() == "chunked" { return .chunked }
        if let length = field("content-length").flatMap({ Int($0) }) {
            return length == 0 ? .none : .length(length)
        }
        return isAnswer ? .untilEnd : .none
    }

    private mutating func readBody() -> Bool {
        switch framing {
        case .none: return false
        case .untilEnd:
            body += rest
            rest = []
        case .length(let length):
            let taken = min(length - body.count, rest.count)
            body += rest[..<taken]
            rest.removeFirst(taken)
            if body.count == length { state = .complete }
        case .chunked: return readChunk()
        }
        return false
    }

    private mutating func readChunk() -> Bool {
        guard let line = Self.find([13, 10], in: rest) else { return false }
        let digits = String(decoding: rest[..<line].prefix { $0 != 0x3b }, as: UTF8.self)
        guard let size = Int(digits, radix: 16) else {
            state = .broken
            return false
        }
        if size == 0 {
            // Trailers end with an empty line.
            let tail = Array(rest[line...])
            guard Self.find([13, 10, 13, 10], in: tail) != nil else { return false }
            rest = []
            state = .complete
            return false
        }
        guard rest.count >= line + 2 + size + 2 else { return false }
        body += rest[(line + 2)..<(line + 2 + size)]
        rest.removeFirst(line + 2 + size + 2)
        return true
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...(bytes.count - pattern.count)).first { start in
            bytes[start..<(start + pattern.count)].elementsEqual(pattern)
        }
    }
}
