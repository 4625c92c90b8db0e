// Fuzzes the host resolver: the reply of a model, and hosts with texts of candidates.
// modules: LLMResolverParts   seeds: Tests/Fixtures/resolver/README.md
@testable import LLMResolverParts

private let offered = [
    Candidate(id: "p1", kind: .process, port: 3000),
    Candidate(id: "p2", kind: .process, port: 3001),
]
private let question = ModelQuestion(host: "shop.localhost", candidates: offered, salt: 1)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    if let answer = try? ModelReply.answer(input, to: question) {
        precondition(offered.contains { $0.id == answer }, "an answer that was not offered")
    }
    let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    let host = lines.first ?? ""
    var candidates: [Candidate] = []
    for (index, text) in lines.dropFirst().prefix(16).enumerated() {
        var candidate = Candidate(
            id: String(index), kind: .process, port: UInt16(3000 + index), arguments: text)
        candidate.workingDirectory = index % 2 == 0 ? text : "/home/dev/" + text
        if index % 3 == 0 {
            candidate.kind = .container
            candidate.container = .init(name: text, image: text, composeProject: text)
        }
        candidates.append(candidate)
        _ = Redaction.commandLine(text)
    }
    let decision = NameMatcher.decide(host: host, candidates: candidates)
    precondition(
        decision == NameMatcher.decide(host: host, candidates: candidates.reversed()),
        "the order of the candidates decided")
    return 0
}
