// Why the model gave no answer; each with a code that stays.

enum ModelFailure: Error, Hashable, Sendable {
    /// The hour's calls are used up.
    case budget
    /// The endpoint asked to be left alone, or failed before; for so many seconds more.
    case resting(seconds: UInt64)
    /// The same question failed a moment ago.
    case remembered
    /// The model said that no candidate is meant.
    case noMatch
    case nothingToChoose
    case unreachable
    case timeout
    /// Whoever asked has left.
    case cancelled
    case unauthorized
    case rateLimited
    case serverError(UInt16)
    /// Another status than 200.
    case refused(UInt16)
    /// The reply is no completion.
    case noCompletion
    /// The completion holds no answer, or several.
    case unclear
    /// It names something that was not offered.
    case foreign

    /// For logs, metrics and the API.
    var code: String {
        switch self {
        case .budget: "budget"
        case .resting: "resting"
        case .remembered: "remembered"
        case .noMatch: "no_match"
        case .nothingToChoose: "nothing_to_choose"
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .cancelled: "cancelled"
        case .unauthorized: "unauthorized"
        case .rateLimited: "rate_limited"
        case .serverError: "server_error"
        case .refused: "refused"
        case .noCompletion: "no_completion"
        case .unclear: "unclear"
        case .foreign: "foreign"
        }
    }

    /// For a person.
    var description: String {
        switch self {
        case .budget: "the model was asked as often as it may be in an hour"
        case .resting(let seconds): "the model is left alone for \(seconds) s"
        case .remembered: "the model had no answer to this a moment ago"
        case .noMatch: "the model found no match"
        case .nothingToChoose: "there is nothing that a model could choose from"
        case .unreachable: "the model could not be reached"
        case .timeout: "the model took too long"
        case .cancelled: "whoever asked has left"
        case .unauthorized: "the model refused the key"
        case .rateLimited: "the model asked for fewer calls"
        case .serverError(let status): "the model failed with status \(status)"
        case .refused(let status): "the model refused the question with status \(status)"
        case .noCompletion: "the model's reply is no completion"
        case .unclear: "the model's reply holds no answer, or several"
        case .foreign: "the model named something that was not offered"
        }
    }
}
