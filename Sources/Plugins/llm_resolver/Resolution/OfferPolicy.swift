// Which of the candidates may be an answer at all.

/// The operator's rules on top of what was found. Whatever is not offered cannot be reached by any
/// name, by no decision, model or edit.
struct OfferPolicy: Sendable {
    var deniedPorts: Set<UInt16> = []
    /// Commands, container names and compose services.
    var deniedNames: Set<String> = []
    /// The compose project of the gateway itself.
    var composeProject = ""
    /// Of what is found; those that the operator wants all the same are not in it.
    var hiddenMarks = Marks.usual

    /// Why something is not offered; nil when it is.
    func refusal(of service: DiscoveredService) -> String? {
        let marks = service.marks.intersection(hiddenMarks.union(.never))
        return marks.reasons.first ?? refusal(of: service.candidate)
    }

    func refusal(of candidate: Candidate) -> String? {
        if deniedPorts.contains(candidate.port) { return "port \(candidate.port) is in deny_ports" }
        for port in candidate.container?.publishedPorts ?? []
        where port.container == candidate.port && deniedPorts.contains(port.host) {
            return "port \(port.host) is in deny_ports"
        }
        let names = [
            candidate.command, candidate.container?.name, candidate.container?.composeService,
        ]
        for name in names {
            if let name, deniedNames.contains(name) { return "\(name) is in deny_names" }
        }
        if !composeProject.isEmpty, candidate.container?.composeProject == composeProject {
            return "it belongs to the compose project \(composeProject)"
        }
        return nil
    }

    func offered(_ snapshot: DiscoverySnapshot) -> [DiscoveredService] {
        snapshot.services.filter { refusal(of: $0) == nil }
    }
}
