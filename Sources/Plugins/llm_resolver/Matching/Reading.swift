// The ways to read a host: which part is the project, which parts are a service, a branch, a port.

/// One way to read a host.
struct Reading {
    let project: Name
    /// Services, branches and numbers, the nearest to the project first.
    let qualifiers: [Name]
}

extension Reading {
    /// The readings of a host, the likeliest group first. Readings of one group are equally good.
    static func groups(of labels: [Name]) -> [[Reading]] {
        var labels = labels[...]
        if labels.count > 1, labels.first?.joined == "www" { labels = labels.dropFirst() }
        let groups = labels.count == 1 ? single(labels.first!) : several(Array(labels))
        return groups.filter { !$0.isEmpty }
    }

    private static let wordsInTriplesMax = 5

    /// One label: a name; a project and a service, either way round; both with a branch.
    private static func single(_ label: Name) -> [[Reading]] {
        var pairs: [Reading] = []
        var triples: [Reading] = []
        for (first, second) in splits(label) {
            pairs.append(Reading(project: first, qualifiers: [second]))
            pairs.append(Reading(project: second, qualifiers: [first]))
            guard label.words.count <= wordsInTriplesMax else { continue }
            for (left, right) in splits(second) {
                triples.append(Reading(project: first, qualifiers: [left, right]))
            }
            for (left, right) in splits(first) {
                triples.append(Reading(project: second, qualifiers: [left, right]))
            }
        }
        return [
            [Reading(project: label, qualifiers: [])], pairs, triples, writtenTogether(label),
        ]
    }

    /// "service.project" and the like; the other way round only when that means nothing.
    private static func several(_ labels: [Name]) -> [[Reading]] {
        guard let first = labels.first, let last = labels.last else { return [] }
        let front = Array(labels.dropLast().reversed())
        var split: [Reading] = []
        for (left, right) in splits(last) {
            split.append(Reading(project: left, qualifiers: [right] + front))
            split.append(Reading(project: right, qualifiers: [left] + front))
        }
        for (index, label) in front.enumerated() {
            for (left, right) in splits(label) {
                var qualifiers = front
                qualifiers.replaceSubrange(index...index, with: [right, left])
                split.append(Reading(project: last, qualifiers: qualifiers))
            }
        }
        return [
            [Reading(project: last, qualifiers: front)], split,
            [Reading(project: first, qualifiers: Array(labels.dropFirst()))],
        ]
    }

    /// "copperpotapi" and "peppermint8081": a name with a known word or a port right behind it.
    private static func writtenTogether(_ label: Name) -> [Reading] {
        guard label.words.count == 1, label.joined.utf8.allSatisfy({ $0 < 0x80 }) else { return [] }
        let text = label.joined
        let digits = text.reversed().prefix(while: \.isNumber).count
        if digits >= 4, text.utf8.count - digits >= 2 {
            return [
                Reading(
                    project: Name(words: [String(text.dropLast(digits))]),
                    qualifiers: [Name(words: [String(text.suffix(digits))])])
            ]
        }
        var readings: [Reading] = []
        for count in 3..<max(3, text.utf8.count - 3) {
            let word = String(text.suffix(count))
            if let role = RoleWords.roles[word], role == .api || role == .web || role == .admin {
                let project = Name(words: [String(text.dropLast(count))])
                readings.append(Reading(project: project, qualifiers: [Name(words: [word])]))
            }
        }
        return readings
    }

    private static func splits(_ name: Name) -> [(Name, Name)] {
        let words = name.words
        guard words.count > 1, words.count <= 7 else { return [] }
        return (1..<words.count).map { index in
            (Name(words: Array(words[..<index])), Name(words: Array(words[index...])))
        }
    }

    /// The one port that a host names beside words that say nothing.
    static func portAlone(in labels: [Name]) -> UInt16? {
        let words = labels.flatMap(\.words)
        let numbers = words.filter { $0.allSatisfy(\.isNumber) }
        guard numbers.count == 1, let port = UInt16(numbers[0]), port >= 80,
            words.allSatisfy({ $0 == numbers[0] || ShortForms.fillers.contains($0) })
        else { return nil }
        return port
    }
}
