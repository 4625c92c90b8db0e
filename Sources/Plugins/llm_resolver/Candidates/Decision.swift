// Which candidate a name means, and why.

/// The outcome of one question. Explained either way, for the log and the dashboard.
struct Decision: Hashable, Sendable {
    /// Id of the candidate; nil when none is a confident match.
    var candidate: String?
    /// The step that decided: "cache", "name", "model", ….
    var by: String
    /// For a person.
    var reason: String
}
