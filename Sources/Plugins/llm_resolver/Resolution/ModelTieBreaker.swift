// The step "model": what names leave open, a language model may decide.
import PluginSDK

final class ModelTieBreaker: TieBreaker {
    let endpoint: ModelEndpoint
    private let redacts: Bool
    /// Ids in a question cannot be known before it is asked.
    private let salt: UInt64

    /// [config]
    init(_ options: ResolverOptions, scope: Scope) throws(PluginError) {
        var settings = ModelSettings(url: options.apiURL, model: options.model)
        settings.key = options.apiKey
        settings.isLocalOnly = options.isLocalOnly
        settings.callsPerHourMax = options.callsPerHour
        settings.timeoutNanoseconds = options.modelTimeoutNanoseconds
        settings.negativeNanoseconds = options.negativeTTLNanoseconds
        endpoint = try ModelEndpoint(settings, scope: scope)
        redacts = options.redacts
        salt = .random(in: .min ... .max)
    }

    func choose(
        _ question: Question, among candidates: [Candidate], _ done: @escaping (TieBreak) -> Void
    ) {
        let asked = self.question(question, among: candidates)
        // Called on the worker that runs the task.
        nonisolated(unsafe) let done = done
        Worker.current.run { [endpoint] in
            let answer = await endpoint.ask(asked) { Clock.monotonic }
            done(TieBreak(answer))
        }
    }

    /// What would be asked, with the likeliest candidates only.
    func question(_ question: Question, among candidates: [Candidate]) -> ModelQuestion {
        let host = question.service.map { "\($0).\(question.host)" } ?? question.host
        let likely = NameMatcher.shortlist(host: host, candidates: candidates)
        return ModelQuestion(
            host: host, candidates: likely.map(\.candidate), salt: salt, redacts: redacts)
    }
}

extension TieBreak {
    fileprivate init(_ answer: Result<Decision, ModelFailure>) {
        switch answer {
        case .success(let decision): self = .decided(decision)
        case .failure(let failure):
            switch failure {
            case .noMatch, .nothingToChoose, .budget, .remembered:
                self = .none(reason: failure.description)
            case .resting, .unreachable, .timeout, .cancelled, .unauthorized, .rateLimited,
                .serverError, .refused, .noCompletion, .unclear, .foreign:
                self = .failed(reason: failure.description)
            }
        }
    }
}
