// The questions of Tests/Fixtures/resolver: every one is answered right, whatever the order of the
// candidates and the look of their ids.
import Foundation
import PluginSDK
import Testing

@testable import LLMResolverParts

/// One line of Tests/Fixtures/resolver/*.jsonl.
struct ResolverCase: CustomTestStringConvertible {
    let id: String
    let host: String
    let candidates: [Candidate]
    let expected: String?
    let alsoRight: [String]
    let why: String

    var testDescription: String { "\(id) \(host)" }

    init(line: Substring) throws {
        let bytes = ConstantText(Array(line.utf8))
        guard case .object(let members) = try JSONValue(parsing: bytes.bytes),
            case .string(let id) = members["id"], case .string(let host) = members["host"],
            case .array(let candidates) = members["candidates"],
            case .string(let why) = members["why"]
        else { throw CandidateError(message: "no case") }
        self.id = id
        self.host = host
        self.why = why
        self.candidates = try candidates.map { try Candidate(json: $0) }
        expected = if case .string(let id) = members["expect"] { id } else { nil }
        alsoRight =
            if case .array(let ids) = members["also_ok"] {
                ids.compactMap { if case .string(let id) = $0 { id } else { nil } }
            } else { [] }
    }

    func isRight(_ id: String?) -> Bool {
        id == expected || id.map(alsoRight.contains) ?? false
    }

    static func read(_ name: String) throws -> [ResolverCase] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fixtures/resolver/\(name).jsonl")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            try ResolverCase(line: $0)
        }
    }
}

@Suite struct CaseTests {
    static let files = ["sample", "machines", "own"]

    @Test(arguments: files) func answersEveryQuestion(file: String) throws {
        let cases = try ResolverCase.read(file)
        #expect(cases.count >= 30)
        for question in cases {
            let decision = NameMatcher.decide(host: question.host, candidates: question.candidates)
            #expect(
                question.isRight(decision.candidate),
                "\(question.id) \(question.host): \(decision), expected \(question.why)")
            #expect(!decision.reason.isEmpty)
        }
    }

    @Test(arguments: files) func ordersAndIDsMeanNothing(file: String) throws {
        var generator = SystemRandomNumberGenerator()
        for question in try ResolverCase.read(file) {
            let usual = NameMatcher.decide(host: question.host, candidates: question.candidates)
            for _ in 0..<4 {
                var shuffled = question.candidates.shuffled(using: &generator)
                var old: [String: String] = [:]
                for index in shuffled.indices {
                    let id = String(generator.next(upperBound: UInt64.max), radix: 36)
                    old[id] = shuffled[index].id
                    shuffled[index].id = id
                }
                let decision = NameMatcher.decide(host: question.host, candidates: shuffled)
                #expect(
                    decision.candidate.flatMap { old[$0] } == usual.candidate, "\(question.id)")
                #expect(decision.reason == usual.reason)
            }
        }
    }
}
