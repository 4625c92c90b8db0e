// The step "name": what names, folders and labels say.

enum Names {
    /// A service of a host is asked for as a name of the host's own project: of "web.shop.localhost"
    /// the service "api" is "api.shop.localhost", and of "shop.localhost" as well.
    static func decide(_ question: Question, _ candidates: [Candidate]) -> Decision {
        guard let service = question.service else {
            return NameMatcher.decide(host: question.host, candidates: candidates)
        }
        let labels = question.host.split(separator: ".")
        let inside = NameMatcher.decide(
            host: "\(service).\(question.host)", candidates: candidates)
        guard inside.candidate == nil, labels.count > 2 else { return inside }
        let project = labels.dropFirst().joined(separator: ".")
        return NameMatcher.decide(host: "\(service).\(project)", candidates: candidates)
    }
}
