// What the model is shown: the host and the candidates as data, capped and without secrets.
import PluginSDK

/// A question with its possible answers. Ids are made for it alone, so that no text of a candidate
/// can know which one is its own.
struct ModelQuestion: Sendable {
    let host: String
    /// The same for the same host and candidates; remembers what had no answer.
    let memoryKey: String
    let data: JSONValue
    /// From the ids that the model sees to those of the candidates.
    let answers: [String: String]

    static let candidatesMax = 12
    static let argumentBytesMax = 240
    static let textBytesMax = 120

    /// - Parameter salt: Any number that nobody outside knows.
    /// - Parameter redacts: Whether what looks secret is left out; only the operator may say no.
    init(host: String, candidates: [Candidate], salt: UInt64, redacts: Bool = true) {
        let candidates = candidates.prefix(Self.candidatesMax)
        self.host = Self.clean(host, Self.textBytesMax)
        var generator = IDGenerator(state: salt)
        var answers: [String: String] = [:]
        var list: [JSONValue] = []
        var key = self.host
        for candidate in candidates {
            var id = generator.next()
            while answers[id] != nil { id = generator.next() }
            answers[id] = candidate.id
            let members = Self.members(candidate, redacts)
            key += "\u{0}" + JSONValue.object(members).serialized
            list.append(.object(members.merging(["id": .string(id)]) { _, last in last }))
        }
        self.answers = answers
        memoryKey = key
        data = ["host": .string(self.host), "candidates": .array(list)]
    }

    /// Never labels, reasons or environment.
    private static func members(
        _ candidate: Candidate, _ redacts: Bool
    ) -> [String: JSONValue] {
        var members: [String: JSONValue] = [
            "kind": .string(candidate.kind.rawValue), "port": .int(Int64(candidate.port)),
        ]
        func put(_ name: String, _ text: String?) {
            guard let text, !text.isEmpty else { return }
            let shown = redacts ? Redaction.text(text) : text
            members[name] = .string(clean(shown, textBytesMax))
        }
        put("command", candidate.command)
        put("directory", candidate.workingDirectory)
        put("package", candidate.packageName)
        if let arguments = candidate.arguments {
            let text = clean(arguments, 4 * argumentBytesMax)
            let shown = redacts ? Redaction.commandLine(text) : text
            members["arguments"] = .string(clean(shown, argumentBytesMax))
        }
        if let container = candidate.container {
            put("name", container.name)
            put("image", container.image)
            put("compose_project", container.composeProject)
            put("compose_service", container.composeService)
        }
        return members
    }

    /// At most so many bytes, without control and format characters.
    static func clean(_ text: String, _ bytesMax: Int) -> String {
        var clean = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            count += scalar.utf8.count
            if count > bytesMax { return String(clean) + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .privateUse, .surrogate, .lineSeparator, .paragraphSeparator,
                .unassigned:
                clean.append(" ")
            default: clean.append(scalar)
            }
        }
        return String(clean)
    }
}

/// Short ids without vowels, so that none is a word.
private struct IDGenerator {
    var state: UInt64
    private static let letters = Array("bcdfghjkmnpqrstvwxz")

    init(state: UInt64) { self.state = state }

    /// SplitMix64.
    mutating func next() -> String {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        value ^= value >> 31
        var id = ""
        for _ in 0..<5 {
            id.append(Self.letters[Int(value % UInt64(Self.letters.count))])
            value /= UInt64(Self.letters.count)
        }
        return id
    }
}
