// Endpoints that ask the resolver something, off the loop.
import PluginSDK

extension AdminSurface {
    /// `POST /_api/resolve`: what would be decided for a host and why, among the candidates that
    /// there are or those of the body. Stores nothing and asks no model.
    func resolve(_ body: [UInt8], _ request: inout Request) throws(Status) -> Verdict {
        let asked: DryQuestion
        do throws(EditError) {
            asked = try DryQuestion(body)
        } catch {
            return try error.reply.give(to: &request, names)
        }
        let ticket = try request.wait()
        do throws(Status) {
            try resolver.scope.submit(
                { [resolver] in resolver.dryDecision(asked) },
                done: { [names] decision in
                    try? ticket.resume { (request) throws(Status) in
                        try Reply.json(200, decision.json).give(to: &request, names)
                    }
                })
        } catch {
            return try Reply.error(503, "busy", "too many questions at once")
                .adding(.retryAfter, "1").give(to: &request, names)
        }
        return .wait
    }

    /// `POST /_api/refresh/{key}`: decides a name anew and keeps the answer.
    func refresh(
        _ key: String, _ request: inout Request
    ) throws(Status) -> Verdict {
        if let problem = MappingKey.problem(key, hosts) {
            return try Reply.error(
                422, "invalid_key", "nothing was asked", fields: ["key": problem]
            ).give(to: &request, names)
        }
        let parts = key.split(separator: ":", maxSplits: 1)
        var question = Question(
            host: String(parts[0]), service: parts.count > 1 ? String(parts[1]) : nil)
        question.isForced = true
        let ticket = try request.wait(
            deadlineNanoseconds: resolver.options.timeoutNanoseconds)
        let (resolver, names) = (resolver, names)
        resolver.resolve(question) { outcome in
            try? ticket.resume { (request) throws(Status) in
                try Self.reply(outcome, key, resolver).give(to: &request, names)
            }
        }
        return .wait
    }

    /// `POST /_api/model`: exactly what a model would be sent for a host, but for the key.
    func preview(_ body: [UInt8]) -> Reply {
        do throws(EditError) {
            let asked = try DryQuestion(body)
            guard let model = resolver.tieBreaker as? ModelTieBreaker else {
                return .error(404, "no_model", "no model is asked")
            }
            let candidates =
                asked.candidates
                ?? resolver.policy.offered(resolver.source.snapshot).map(\.candidate)
            let question = Question(host: asked.host, service: asked.service)
            return .json(
                200, model.endpoint.preview(model.question(question, among: candidates)))
        } catch {
            return error.reply
        }
    }

    private static func reply(_ outcome: Resolution, _ key: String, _ resolver: Resolver) -> Reply {
        switch outcome {
        case .found:
            let mapping = resolver.core.store[key]?.json ?? .null
            return .json(200, ["mapping": mapping])
        case .starting(let mapping):
            return .json(200, ["mapping": mapping.json, "state": "waiting"])
        case .unknown(let decision):
            return .json(
                200,
                [
                    "mapping": .null, "by": .string(decision.by),
                    "reason": .string(decision.reason),
                ])
        case .busy:
            return .error(503, "busy", "too many questions at once").adding(.retryAfter, "1")
        case .failed:
            return .error(502, "resolver_failed", "the model gave no answer; the log says why")
        }
    }
}

/// The body of `POST /_api/resolve`.
struct DryQuestion: Sendable {
    static let candidateCountMax = 2000

    let host: String
    let service: String?
    /// nil: those that there are.
    let candidates: [Candidate]?

    init(_ body: [UInt8]) throws(EditError) {
        guard let value = try? JSONValue(parsing: body), let members = value.object else {
            throw EditError(reply: .text(400, "Invalid JSON"))
        }
        var problems: [String: String] = [:]
        host = members["host"]?.string ?? ""
        if host.isEmpty || host.utf8.count > 1000 { problems["host"] = "expected a host" }
        service = members["service"]?.string
        var read: [Candidate]?
        switch members["candidates"] {
        case nil, .null: read = nil
        case .array(let values) where values.count <= Self.candidateCountMax:
            var list: [Candidate] = []
            for (index, value) in values.enumerated() {
                do throws(CandidateError) {
                    list.append(try Candidate(json: value))
                } catch {
                    problems["candidates[\(index)]"] = error.message
                }
            }
            if Set(list.map(\.id)).count < list.count {
                problems["candidates"] = "an id occurs twice"
            }
            read = list
        default:
            problems["candidates"] = "expected a list of at most \(Self.candidateCountMax)"
        }
        candidates = read
        guard problems.isEmpty else {
            throw EditError(
                reply: .error(422, "invalid_question", "nothing was asked", fields: problems))
        }
    }
}

extension Resolver {
    /// What names say; nothing is kept. [work]
    func dryDecision(_ asked: DryQuestion) -> Decision {
        let candidates = asked.candidates ?? policy.offered(source.snapshot).map(\.candidate)
        // A host that names no service of ours is asked for as it stands.
        let question = Question(host: asked.host, service: asked.service)
        return decide(question, candidates, source.snapshot)
    }
}
