// The host matcher: exact names and wildcards for single labels.

/// Matches the host that the client named, its port left aside.
struct HostMatcher: Sendable {
    /// Exact names and those with one star as their first label, in lower case.
    let indexable: ByteIndex
    /// Other wildcards, split at their dots.
    private let wildcards: [[[UInt8]]]

    var isIndexable: Bool { wildcards.isEmpty }
    let indexableNames: [[UInt8]]

    init(_ hosts: [String], names: NameRegistry, at location: String) throws(RoutingError) {
        var seen: Set<[UInt8]> = []
        var indexable: [[UInt8]] = []
        var wildcards: [[[UInt8]]] = []
        for (index, host) in hosts.enumerated() {
            let location = "\(location)[\(index)]"
            let name = try Self.normalized(host, names: names, at: location)
            guard seen.insert(name).inserted else {
                throw RoutingError("host \"\(host)\" is repeated", at: location)
            }
            let labels = name.split(separator: 0x2e, omittingEmptySubsequences: false).map(
                Array.init)
            if labels.dropFirst().contains([0x2a]) {
                wildcards.append(labels)
            } else {
                indexable.append(name)
            }
        }
        indexableNames = indexable
        self.indexable = ByteIndex(indexable)
        self.wildcards = wildcards
    }

    func matches(_ host: Bytes) -> Bool {
        let name = withoutRootDot(host)
        if indexable.count > 0, matchesIndex(name) { return true }
        for labels in wildcards where matchesLabels(name, labels) { return true }
        return false
    }

    private func matchesIndex(_ name: Bytes) -> Bool {
        if indexable.findIgnoringCase(name) != nil { return true }
        return withStarForFirstLabel(name) { indexable.findIgnoringCase($0) } != nil
    }

    private func matchesLabels(_ name: Bytes, _ labels: [[UInt8]]) -> Bool {
        var start = 0
        for (number, label) in labels.enumerated() {
            let isLast = number == labels.count - 1
            let end = name.firstOffset(of: 0x2e, from: start) ?? name.count
            guard isLast == (end == name.count) else { return false }
            if label != [0x2a], !name.slice(start, end).isEqualIgnoringCase(label) { return false }
            start = end + 1
        }
        return true
    }

    /// Lower case, ASCII form, constant placeholders folded in.
    private static func normalized(
        _ host: String, names: NameRegistry, at location: String
    ) throws(RoutingError) -> [UInt8] {
        let text = try constantText(host, names: names, of: "host", at: location)
        var bytes = Array(try asciiHostName(text, at: location).utf8)
        if bytes.first == 0x5b, bytes.last == 0x5d { bytes = Array(bytes.dropFirst().dropLast()) }
        if bytes.count > 1, bytes.last == 0x2e { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= 253 else {
            throw RoutingError("invalid host \"\(host)\"", at: location)
        }
        return bytes
    }
}

/// A name is the same with the dot of the root behind it.
func withoutRootDot(_ host: Bytes) -> Bytes {
    host.count > 1 && host[host.count - 1] == 0x2e ? host.slice(0, host.count - 1) : host
}

/// Calls `body` with `*` in place of the first label of `name`; nil for a name that is too long.
func withStarForFirstLabel<Result>(_ name: Bytes, _ body: (Bytes) -> Result?) -> Result? {
    let rest = name.firstOffset(of: 0x2e) ?? name.count
    guard name.count > 0, rest > 0, name.count - rest <= 253 else { return nil }
    return withUnsafeTemporaryAllocation(byteCount: 1 + name.count - rest, alignment: 1) { text in
        text[0] = 0x2a
        for index in rest..<name.count { text[1 + index - rest] = name[index] }
        return body(Bytes(text))
    }
}

/// A text of the configuration whose placeholders are all known now.
func constantText(
    _ text: String, names: NameRegistry, of what: String, at location: String
) throws(RoutingError) -> String {
    let template = try Template(text, names: names, at: location)
    guard let constant = template.constant else {
        throw RoutingError(
            "placeholder in \(what) \"\(text)\" is not known before a request, use {env.NAME} or"
                + " an expression", at: location)
    }
    return String(decoding: constant, as: UTF8.self)
}
