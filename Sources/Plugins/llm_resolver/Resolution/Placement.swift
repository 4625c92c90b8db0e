// Where what a mapping means is now: a mapping follows its process or container, not a port.

enum Placement {
    /// The candidate that is the mapping's own process or container; nil when it is not there. A
    /// stranger on its port is not it.
    static func candidate(of mapping: Mapping, in candidates: [Candidate]) -> Candidate? {
        switch mapping.kind {
        case .docker: container(of: mapping, in: candidates)
        case .process: process(of: mapping, in: candidates)
        }
    }

    private static func container(of mapping: Mapping, in candidates: [Candidate]) -> Candidate? {
        candidates.first {
            $0.kind == .container && $0.container?.name == mapping.target && $0.port == mapping.port
        }
    }

    private static func process(of mapping: Mapping, in candidates: [Candidate]) -> Candidate? {
        guard let identity = mapping.identity else {
            // Nothing but a port is known of it: `adopt` makes an identity of who is there first.
            return nil
        }
        let same = candidates.filter { candidate in
            candidate.kind == .process && candidate.workingDirectory == identity.workingDirectory
                && accepts(identity, candidate)
        }
        guard same.count > 1 else { return same.first ?? below(identity, mapping, candidates) }
        let exact = same.filter { $0.arguments == identity.arguments }
        let best = exact.isEmpty ? same : exact
        return best.first { $0.port == mapping.port } ?? best.min { $0.port < $1.port }
    }

    private static func accepts(_ identity: Mapping.Identity, _ candidate: Candidate) -> Bool {
        if let pattern = identity.commandPattern {
            return [candidate.command, candidate.arguments].contains { text in
                text.map { CommandPattern(pattern).matches($0) } ?? false
            }
        }
        guard let command = identity.command else { return true }
        return candidate.command == command
    }

    /// Older files name a folder above the process's own: the port tells which one was meant.
    private static func below(
        _ identity: Mapping.Identity, _ mapping: Mapping, _ candidates: [Candidate]
    ) -> Candidate? {
        guard identity.command == nil else { return nil }
        let folder =
            identity.workingDirectory.hasSuffix("/")
            ? identity.workingDirectory : identity.workingDirectory + "/"
        return candidates.first { candidate in
            candidate.kind == .process && candidate.port == mapping.port
                && candidate.workingDirectory?.hasPrefix(folder) == true
                && accepts(identity, candidate)
        }
    }

    /// A mapping for a candidate, with what tells it from strangers.
    static func mapping(
        to candidate: Candidate, decision: Decision, at seconds: Int64
    ) -> Mapping {
        var mapping = Mapping(
            kind: candidate.kind == .container ? .docker : .process,
            target: candidate.container?.name ?? "localhost", port: candidate.port,
            createdAt: seconds, reason: decision.reason)
        mapping.decidedBy = decision.by
        if candidate.kind == .process { mapping.identity = identity(of: candidate) }
        return mapping
    }

    static func identity(of candidate: Candidate) -> Mapping.Identity? {
        candidate.workingDirectory.map {
            Mapping.Identity(
                workingDirectory: $0, commandPattern: nil, command: candidate.command,
                arguments: candidate.arguments)
        }
    }
}

/// The texts of a pattern between its `.*`, which have to occur in that order. Anchors, and
/// backslashes before signs, are understood; other signs of regular expressions stand for
/// themselves, so that no pattern can take long.
struct CommandPattern {
    private var parts: [[UInt8]] = []
    private var isAnchoredAtStart = false
    private var isAnchoredAtEnd = false

    init(_ pattern: String) {
        var bytes = Array(pattern.utf8)[...]
        if bytes.first == UInt8(ascii: "^") {
            isAnchoredAtStart = true
            bytes = bytes.dropFirst()
        }
        if bytes.last == UInt8(ascii: "$"), bytes.dropLast().last != UInt8(ascii: "\\") {
            isAnchoredAtEnd = true
            bytes = bytes.dropLast()
        }
        var part: [UInt8] = []
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "."), bytes.first == UInt8(ascii: "*") {
                bytes = bytes.dropFirst()
                parts.append(part)
                part = []
            } else if byte == UInt8(ascii: "\\"), let escaped = bytes.popFirst() {
                part.append(escaped)
            } else {
                part.append(byte)
            }
        }
        parts.append(part)
    }

    func matches(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        for (index, part) in parts.enumerated() {
            if index == 0, isAnchoredAtStart {
                guard rest.starts(with: part) else { return false }
                rest = rest.dropFirst(part.count)
            } else {
                guard let end = Self.end(of: part, in: rest) else { return false }
                rest = rest[end...]
            }
        }
        guard isAnchoredAtEnd, let last = parts.last else { return true }
        return rest.isEmpty || Array(text.utf8).reversed().starts(with: last.reversed())
    }

    private static func end(of part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        guard text.count >= part.count else { return nil }
        for start in text.startIndex...(text.endIndex - part.count)
        where text[start..<(start + part.count)].elementsEqual(part) {
            return start + part.count
        }
        return nil
    }
}
