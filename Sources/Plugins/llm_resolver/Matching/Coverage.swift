// Whether a reading of a host describes a candidate: every word of the host must be accounted for.

/// How a candidate answers to a reading.
struct Coverage {
    /// How a qualifier is met, the best last.
    enum Grade: Int, Comparable {
        /// By the part that the candidate plays.
        case role
        /// By a short form, or by what its program is for.
        case shortForm
        /// By a name written in another way.
        case form
        /// By its very name, or its port.
        case exact

        static func < (one: Grade, other: Grade) -> Bool { one.rawValue < other.rawValue }
    }

    /// How firmly the candidate bears the project's name, the best last.
    enum Level: Int, Comparable {
        /// The project's name with the word for a part behind it: "shop-web".
        case part
        /// Its program is called that.
        case program
        /// A part of another project is called that.
        case service
        case project

        static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }
    }

    let facts: CandidateFacts
    var level: Level
    var likeness: Likeness
    /// Of the worst qualifier.
    var grade: Grade = .exact
    /// The same for all candidates of the project.
    var root: String
    /// The steps below the project that the host does not name.
    var leftovers: [Step] = []
    /// Whether another name stands right below the project's, as that of one project among many.
    var isBelowAnotherName = false
    /// Whether the host names the part itself, not only its project or branch.
    var isNamedItself = false
    var evidence: PlaceChain.Evidence
    /// The candidate's own words for what was met, for the reason.
    var words: [String] = []
    var role: Role = .app
}

extension Coverage {
    /// By a label that routes a host.
    init(routed facts: CandidateFacts) {
        self.init(
            facts: facts, level: .project, likeness: .exact, root: "", isNamedItself: true,
            evidence: .container)
    }

    /// Better evidence of the same candidate.
    func isBetter(than other: Coverage) -> Bool {
        (grade.rawValue, likeness.rawValue, level.rawValue, -leftovers.count)
            > (
                other.grade.rawValue, other.likeness.rawValue, other.level.rawValue,
                -other.leftovers.count
            )
    }
}
