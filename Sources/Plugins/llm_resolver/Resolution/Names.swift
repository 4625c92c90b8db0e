// The step "name": what names, folders and labels say.

enum Names {
    static func decide(_ question: Question, _ candidates: [Candidate]) -> Decision {
        Decision(candidate: nil, by: "name", reason: "no candidate is a confident match")
    }
}
