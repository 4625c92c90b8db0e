// From text with placeholders to templates: `{name}`, `\{`, and what is constant folded in.
import CGateway

extension Template {
    /// Compiles `text`. What does not change while the process runs (`{env.X}`, `{file.X}`,
    /// `{system.X}`) is resolved here.
    ///
    /// - Parameter flags: `GW_TEMPLATE_*`. With `KEEP_UNKNOWN`, whatever is no placeholder stays
    ///   as it was written, unclosed braces too: such texts are often JSON.
    /// - Throws: When a brace is not closed or a file cannot be read.
    package convenience init(
        _ text: String, flags: UInt32 = 0, names: NameRegistry, at location: String = ""
    ) throws(RoutingError) {
        var compiler = TemplateCompiler(text, flags: flags, names: names, location: location)
        try compiler.run()
        self.init(
            pieces: compiler.pieces(), literals: compiler.literals,
            replacesLineBreaks: flags & UInt32(GW_TEMPLATE_NO_CRLF) != 0)
    }
}

/// Literal text is collected first and addressed by range, because views need its final place.
private struct TemplateCompiler {
    private enum Draft {
        case literal(Range<Int>)
        case piece(TemplatePiece)
        case queryValue(Range<Int>)
        case cookie(Range<Int>)
        case slot(UInt32, Range<Int>)
        case plugin(PluginPlaceholder, Range<Int>)
        case captureName(UInt32, Range<Int>)
    }

    private let text: [UInt8]
    private let original: String
    private let keepsUnknown: Bool
    private let names: NameRegistry
    private let location: String
    private var drafts: [Draft] = []
    private var storage: [UInt8] = []
    private var pending: [UInt8] = []
    private(set) var literals = OwnedBytes([])

    init(_ text: String, flags: UInt32, names: NameRegistry, location: String) {
        self.text = Array(text.utf8)
        original = text
        keepsUnknown = flags & UInt32(GW_TEMPLATE_KEEP_UNKNOWN) != 0
        self.names = names
        self.location = location
    }

    mutating func run() throws(RoutingError) {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == 0x5c, index + 1 < text.count, isBrace(text[index + 1]) {
                pending.append(text[index + 1])
                index += 2
            } else if byte == 0x7b, let end = closingBrace(after: index) {
                index = try placeholder(from: index, to: end)
            } else if byte == 0x7b, !keepsUnknown {
                throw RoutingError(
                    "unclosed brace in \"\(original)\", write \\{ for the character", at: location)
            } else {
                pending.append(byte)
                index += 1
            }
        }
        flush()
        literals = OwnedBytes(storage)
    }

    func pieces() -> [TemplatePiece] {
        drafts.map { draft in
            switch draft {
            case .literal(let range): .literal(view(range))
            case .piece(let piece): piece
            case .queryValue(let range): .queryValue(key: view(range))
            case .cookie(let range): .cookie(name: view(range))
            case .slot(let slot, let range): .slot(slot, fallback: view(range))
            case .plugin(let placeholder, let range):
                .plugin(placeholder, fallback: view(range))
            case .captureName(let capture, let range):
                .captureName(capture: capture, group: view(range))
            }
        }
    }

    private func view(_ range: Range<Int>) -> Bytes {
        literals.view.slice(range.lowerBound, range.upperBound)
    }

    private func isBrace(_ byte: UInt8) -> Bool { byte == 0x7b || byte == 0x7d }

    /// The first closing brace that is not escaped.
    private func closingBrace(after open: Int) -> Int? {
        var index = open + 1
        while index < text.count {
            if text[index] == 0x7d, text[index - 1] != 0x5c { return index }
            index += 1
        }
        return nil
    }

    /// - Returns: Where to go on.
    private mutating func placeholder(
        from open: Int, to close: Int
    ) throws(RoutingError) -> Int {
        let key = String(decoding: text[(open + 1)..<close], as: UTF8.self)
        guard isName(key) else {
            guard keepsUnknown else { return close + 1 }
            pending.append(0x7b)
            return open + 1
        }
        if let constant = try constantValue(key) {
            pending += constant
            return close + 1
        }
        flush()
        drafts.append(try draft(key, written: text[open...close]))
        return close + 1
    }

    /// Names have no white space, quotes or braces; JSON members do.
    private func isName(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x7b && $0 != 0x7f }
    }

    private func constantValue(_ key: String) throws(RoutingError) -> [UInt8]? {
        if let name = suffix(of: key, after: "env.") {
            return Array((names.environment(name) ?? "").utf8)
        }
        if let path = suffix(of: key, after: "file.") {
            guard var contents = names.readFile(path) else {
                throw RoutingError("cannot read the file of {\(key)}", at: location)
            }
            if contents.last == 0x0a { contents.removeLast() }
            if contents.last == 0x0d { contents.removeLast() }
            return contents
        }
        switch key {
        case "system.hostname": return Array(names.hostname.utf8)
        case "system.wd": return Array(names.workingDirectory.utf8)
        case "system.slash": return [0x2f]
        case "system.os": return Array(operatingSystemName.utf8)
        case "system.arch": return Array(architectureName.utf8)
        default: return nil
        }
    }

    private mutating func draft(
        _ key: String, written: ArraySlice<UInt8>
    ) throws(RoutingError) -> Draft {
        if let placeholder = Placeholder(rawValue: key) { return .piece(.placeholder(placeholder)) }
        if let name = suffix(of: key, after: "http.request.header.") {
            return .piece(.requestField(FieldSelector(name, names: names)))
        }
        if let name = suffix(of: key, after: "http.response.header.") {
            return .piece(.responseField(FieldSelector(name, names: names)))
        }
        if let name = suffix(of: key, after: "http.reverse_proxy.header.") {
            return .piece(.upstreamField(FieldSelector(name, names: names)))
        }
        if let name = suffix(of: key, after: "http.request.uri.query.") {
            return .queryValue(store(name.utf8))
        }
        if let name = suffix(of: key, after: "http.request.cookie.") {
            return .cookie(store(name.utf8))
        }
        if let index = index(of: key, after: "http.request.uri.path.") {
            return .piece(.pathSegment(index))
        }
        if let index = index(of: key, after: "http.request.orig_uri.path.") {
            return .piece(.originalPathSegment(index))
        }
        if let index = index(of: key, after: "http.request.host.labels.") {
            return .piece(.hostLabel(index))
        }
        if let bits = suffix(of: key, after: "http.request.remote.host/"),
            let network = network(bits)
        {
            return .piece(network)
        }
        if let capture = suffix(of: key, after: "http.regexp.") { return captureDraft(capture) }
        let fallback = keepsUnknown ? store(written) : 0..<0
        if let placeholder = try names.pluginPlaceholder(key, at: location) {
            return .plugin(placeholder, fallback)
        }
        return .slot(names.slot(key), fallback)
    }

    /// `NAME.GROUP`, or `GROUP` of the last expression that matched.
    private mutating func captureDraft(_ text: String) -> Draft {
        let dot = text.lastIndex(of: ".")
        let name = dot.map { String(text[..<$0]) } ?? ""
        let group = dot.map { String(text[text.index(after: $0)...]) } ?? text
        let capture = names.capture(name)
        if let index = Int(group), index >= 0 {
            return .piece(.captureIndex(capture: capture, group: index))
        }
        return .captureName(capture, store(group.utf8))
    }

    private func network(_ bits: String) -> TemplatePiece? {
        let parts = bits.split(separator: ",", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let bits4 = UInt8(first),
            let bits6 = UInt8(parts.count == 2 ? parts[1] : first)
        else { return nil }
        return .remoteNetwork(bits4: min(bits4, 32), bits6: min(bits6, 128))
    }

    private func suffix(of key: String, after prefix: String) -> String? {
        key.hasPrefix(prefix) && key.utf8.count > prefix.utf8.count
            ? String(key.dropFirst(prefix.count)) : nil
    }

    private func index(of key: String, after prefix: String) -> Int? {
        suffix(of: key, after: prefix).flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    private mutating func flush() {
        guard !pending.isEmpty else { return }
        drafts.append(.literal(store(pending)))
        pending.removeAll()
    }

    private mutating func store(_ bytes: some Collection<UInt8>) -> Range<Int> {
        let start = storage.count
        storage += bytes
        return start..<storage.count
    }
}

#if os(macOS)
private let operatingSystemName = "darwin"
#else
private let operatingSystemName = "linux"
#endif

#if arch(arm64)
private let architectureName = "arm64"
#else
private let architectureName = "amd64"
#endif
