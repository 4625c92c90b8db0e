// The conformance corpus' raw bytes through the parsers, without a server around them.
import CGateway
import Foundation
import Testing

@testable import HTTP

/// One line of Tests/Fixtures/http1/cases.jsonl; its format is described by the corpus' checker.
struct CorpusCase: Decodable, Sendable, CustomStringConvertible {
    enum Piece: Decodable, Sendable {
        case text(String)
        case repeated(String, Int)
        case delay

        private enum Key: CodingKey { case `repeat`, times }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self = .text(text)
                return
            }
            let object = try decoder.container(keyedBy: Key.self)
            guard let text = try object.decodeIfPresent(String.self, forKey: .repeat) else {
                self = .delay
                return
            }
            self = .repeated(text, try object.decode(Int.self, forKey: .times))
        }

        var bytes: [UInt8] {
            switch self {
            case .text(let text): octets(text)
            case .repeated(let text, let times): octets(String(repeating: text, count: times))
            case .delay: []
            }
        }
    }

    struct Count: Decodable, Sendable {
        let range: ClosedRange<Int>
        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let one = try? value.decode(Int.self) {
                range = one...one
            } else {
                let ends = try value.decode([Int].self)
                range = ends[0]...ends[1]
            }
        }
    }

    struct TextOrList: Decodable, Sendable {
        let texts: [String]
        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            texts = try (try? value.decode(String.self)).map { [$0] } ?? value.decode([String].self)
        }
    }

    struct Upstream: Decodable, Sendable {
        var method: String?
        var target: String?
        var targets: [String]?
        var host: String?
        var body: String?
        var body_len: Int?
        var headers: [String: TextOrList]?
        var lacks: [String]?
        var value_lacks: [String: String]?
    }

    struct Outcome: Decodable, Sendable {
        var up_n: Count?
        var status: [[Int]]?
        var up: [Upstream]?
        var silent: Bool?
        var hang: Bool?
    }

    var id: String
    var group: String
    var raw: [Piece]
    var upstream: [Piece]?
    var methods: [String]?
    var expect: [Outcome]
    var strict: [Outcome]?

    var description: String { id }
    var outcomes: [Outcome] { strict ?? expect }

    static let all: [CorpusCase] = load()

    static func inGroups(_ groups: Set<String>, without ids: Set<String> = []) -> [CorpusCase] {
        all.filter { groups.contains($0.group) && !ids.contains($0.id) }
    }

    private static func load() -> [CorpusCase] {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/http1/cases.jsonl")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap {
            do {
                return try JSONDecoder().decode(CorpusCase.self, from: Data($0.utf8))
            } catch {
                Issue.record("corpus line does not decode: \(error)")
                return nil
            }
        }
    }
}

@Suite struct CorpusTests {
    @Test func holdsTheWholeCorpus() {
        #expect(CorpusCase.all.count == 181)
    }

    /// Max-Forwards, Via and X-Forwarded-For are the server's and the proxy's business.
    @Test(
        arguments: CorpusCase.inGroups(
            [
                "line", "target", "host", "field", "length", "coding", "chunk", "hop", "expect",
                "conn",
                "alien",
            ],
            without: ["hop-06", "hop-07", "hop-08", "hop-09"]))
    func readsRequestsAsTheCorpusSays(_ corpusCase: CorpusCase) {
        let raw = corpusCase.raw.flatMap(\.bytes)
        for arrival in Arrival.all {
            var reader = RequestReader()
            for piece in arrival.pieces(raw) { reader.feed(piece) }
            let error = reader.error
            let isIdle = reader.isIdle
            let complete = reader.complete
            let reasons = corpusCase.outcomes.map { mismatch($0, complete, error, isIdle) }
            #expect(
                reasons.contains(nil),
                "\(arrival): \(String(describing: error)), \(complete.count) complete, \(reasons)"
            )
        }
    }

    @Test(arguments: CorpusCase.inGroups(["resp"]))
    func readsResponsesAsTheCorpusSays(_ corpusCase: CorpusCase) throws {
        let raw = try #require(corpusCase.upstream).flatMap(\.bytes)
        let method: UInt8 =
            corpusCase.methods?.first == "HEAD" ? UInt8(GW_METHOD_HEAD) : UInt8(GW_METHOD_GET)
        let statuses = Set(corpusCase.outcomes.flatMap { $0.status?.first ?? [] })
        for arrival in Arrival.all {
            let status = readFinalStatus(arrival.pieces(raw), method) ?? 502
            #expect(statuses.contains(Int(status)), "\(arrival)")
        }
    }

    /// - Returns: The status of the final head, nil when there is none or it is malformed.
    private func readFinalStatus(_ pieces: [ArraySlice<UInt8>], _ method: UInt8) -> UInt16? {
        var input: [UInt8] = []
        var parser = ResponseHeadParser()
        let fields = UnsafeMutablePointer<gw_field>.allocate(capacity: 256)
        defer { fields.deallocate() }
        for piece in pieces {
            input += piece
            var head = ResponseHead()
            while !input.isEmpty {
                guard
                    let isRead = try? parser.parse(
                        input, count: input.count, requestMethodID: method, fields: fields,
                        into: &head)
                else { return nil }
                if !isRead { break }
                if !head.isInterim { return head.status }
                input.removeFirst(head.headBytes)
                parser = ResponseHeadParser()
            }
        }
        return nil
    }

    /// - Returns: Why this outcome is not what happened; nil when it is.
    private func mismatch(
        _ outcome: CorpusCase.Outcome, _ complete: [SeenRequest], _ error: HTTPError?,
        _ isIdle: Bool
    ) -> String? {
        let expectedCount = outcome.up_n?.range ?? 0...0
        guard expectedCount.contains(complete.count) else { return "\(complete.count) complete" }
        if outcome.hang == true { return error == nil && !isIdle ? nil : "did not hang" }
        let statuses = outcome.status ?? []
        if let error {
            guard statuses.count == complete.count + 1 else { return "\(error) was not expected" }
            guard statuses[complete.count].contains(Int(error.status)) else {
                return "status \(error.status)"
            }
        } else if statuses.count != complete.count {
            return "no error"
        }
        for (check, seen) in zip(outcome.up ?? [], complete) {
            if let reason = mismatch(check, seen) { return reason }
        }
        return nil
    }

    private func mismatch(_ check: CorpusCase.Upstream, _ seen: SeenRequest) -> String? {
        if let method = check.method, method != seen.method { return "method \(seen.method)" }
        let targets = check.targets ?? check.target.map { [$0] }
        if let targets, !targets.contains(seen.uri) { return "target \(seen.uri)" }
        if let host = check.host,
            seen.host.split(separator: ":").first.map(String.init) != host
        {
            return "host \(seen.host)"
        }
        if let body = check.body, octets(body) != seen.body { return "body \(latin1(seen.body))" }
        if let count = check.body_len, count != seen.body.count { return "\(seen.body.count)" }
        for (name, allowed) in check.headers ?? [:] {
            let value = seen.values(name).joined(separator: ", ")
            if !allowed.texts.contains(value) { return "\(name): \(value)" }
        }
        for name in check.lacks ?? [] where !seen.values(name).isEmpty { return "has \(name)" }
        for (name, text) in check.value_lacks ?? [:]
        where seen.values(name).joined(separator: ", ").contains(text) {
            return "\(name) has \(text)"
        }
        return nil
    }
}
