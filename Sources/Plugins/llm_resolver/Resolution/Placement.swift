// Where what a mapping means is now: a mapping follows its process or container, not a port.

enum Placement {
    /// What is the mapping's own process or container now; nil when it is not there, or when nobody
    /// can know which of several it is. A stranger on its port is not it.
    ///
    /// - Parameter seen: What it was when it was found last.
    static func service(
        of mapping: Mapping, seen: ServiceIdentity?, in snapshot: DiscoverySnapshot
    ) -> DiscoveredService? {
        guard let identity = seen ?? identity(of: mapping) else { return nil }
        let located = snapshot.locate(identity) { CommandPattern($0).matches($1) }
        switch located {
        case .found(let service): return service
        case .several: return nil
        case .absent: return below(mapping, snapshot)
        }
    }

    private static func identity(of mapping: Mapping) -> ServiceIdentity? {
        switch mapping.kind {
        case .docker: .container(name: mapping.target, port: mapping.port)
        case .process:
            // Without an identity nothing but a port is known: see `Resolver.adopt`.
            mapping.identity.map {
                .process(
                    workingDirectory: $0.workingDirectory,
                    arguments: $0.commandPattern == nil ? $0.arguments : nil,
                    pattern: $0.commandPattern, port: mapping.port)
            }
        }
    }

    /// Older files name a folder above the process's own: the port tells which one was meant.
    private static func below(
        _ mapping: Mapping, _ snapshot: DiscoverySnapshot
    ) -> DiscoveredService? {
        guard let identity = mapping.identity, identity.arguments == nil else { return nil }
        let root = identity.workingDirectory
        let folder = root.hasSuffix("/") ? root : root + "/"
        return snapshot.services.first { service in
            service.candidate.kind == .process && service.candidate.port == mapping.port
                && service.candidate.workingDirectory?.hasPrefix(folder) == true
                && identity.commandPattern.map { pattern in
                    CommandPattern(pattern).matches(service.candidate.arguments ?? "")
                } != false
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
