// `import`: snippets, files and globs, with arguments and blocks.
import Base

extension Parser {
    /// What follows `import`.
    private struct Request {
        var keyword: Token
        var target: Token
        var arguments: [Token]
        var block: [Token]
        var blocks: [String: [Token]]
    }

    /// Replaces the next `import` line by what it names.
    ///
    /// - Parameter insideBlock: False where site blocks and snippets stand; there a snippet
    ///   defined by the imported file keeps its placeholders for its own importers.
    mutating func expandImport(insideBlock: Bool) throws(ConfigError) {
        guard let keyword = take() else { return }
        importCount += 1
        if importCount > Limits.configImportsMax {
            throw ConfigError("more than \(Limits.configImportsMax) imports", at: keyword)
        }
        let request = try readRequest(keyword)
        let imported = try tokens(for: request)
        let expanded = substitute(imported, request, insideBlock: insideBlock)
        if pending.count + expanded.count > Limits.configTokensMax {
            throw ConfigError(
                "more than \(Limits.configTokensMax) words after this import", at: keyword)
        }
        pending += expanded.reversed()
    }

    private mutating func readRequest(_ keyword: Token) throws(ConfigError) -> Request {
        var arguments: [Token] = []
        while let token = next, !nextStartsLine, !token.opensBlock {
            arguments.append(token)
            take()
        }
        guard let target = arguments.first else {
            throw ConfigError(
                "wrong argument count after import: found 0, expected a snippet or a file",
                at: keyword)
        }
        if target.text.isEmpty {
            throw ConfigError("import requires a non-empty file path", at: target)
        }
        var request = Request(
            keyword: keyword, target: target, arguments: Array(arguments.dropFirst()),
            block: [], blocks: [:])
        if let opening = next, opening.opensBlock, !nextStartsLine {
            take()
            request.block = try takeBalanced(openedBy: opening)
            request.blocks = try namedBlocks(in: request.block)
        }
        return request
    }

    /// The lines of an import's block by their first word, for `{blocks.name}`.
    private func namedBlocks(in block: [Token]) throws(ConfigError) -> [String: [Token]] {
        if let anonymous = block.first, anonymous.opensBlock {
            throw ConfigError("anonymous blocks are not supported", at: anonymous)
        }
        var blocks: [String: [Token]] = [:]
        for node in try ConfigNode.nodes(in: block[...]) {
            var content = Array(node.arguments)
            for child in node.children { content += child.tokens }
            blocks[node.name.text] = content
        }
        return blocks
    }

    // MARK: What is imported

    private mutating func tokens(for request: Request) throws(ConfigError) -> [Token] {
        let name = request.target.text
        if let snippet = snippets[name] {
            let file = snippet.first?.location.file ?? mainFile
            return try stamp(snippet, identity: "\(file)#\(name)", request)
        }
        var imported: [Token] = []
        for path in try files(matching: request.target) {
            let bytes: [UInt8]
            do { bytes = try sources.readFile(path) } catch {
                throw ConfigError("cannot import \(name): \(error)", at: request.target)
            }
            let tokens = try lex(bytes, name: path)
            if tokens.isEmpty {
                warnings.append(
                    ConfigWarning("imported file \(path) is empty", at: request.target.location))
            }
            imported += try stamp(tokens, identity: path, request)
        }
        return imported
    }

    private mutating func files(matching target: Token) throws(ConfigError) -> [String] {
        let path = ImportPath.resolve(target.text, relativeTo: target.location.file)
        guard ImportPath.isPattern(path) else {
            if (try? sources.readFile(path)) == nil {
                throw ConfigError(
                    "file to import not found: \(target.text)", at: target,
                    hint: Suggestion.hint(for: target.text, among: snippets.keys))
            }
            return [path]
        }
        guard ImportPath.hasOneWildcard(path) else {
            throw ConfigError(
                "import pattern may only contain one wildcard (*), but has others: \(target.text)",
                at: target)
        }
        let matches: [String]
        do { matches = try sources.glob(path) } catch {
            throw ConfigError("cannot use import pattern \(target.text): \(error)", at: target)
        }
        if matches.isEmpty {
            warnings.append(
                ConfigWarning(
                    "no files match the import pattern \(target.text)", at: target.location))
        }
        return matches.filter { ImportPath.shows($0, for: path) }
    }

    /// Marks the tokens as brought by this import and refuses cycles.
    private func stamp(
        _ tokens: [Token], identity: String, _ request: Request
    ) throws(ConfigError) -> [Token] {
        let parent = request.keyword.origin
        let frame = ImportFrame(
            location: request.keyword.location, target: request.target.text)
        if identity == mainFile || parent?.contains(identity) == true {
            var names = (parent?.frames ?? []).reversed().map(\.target)
            names.append(frame.target)
            throw ConfigError(
                "a cycle of imports exists: \(names.joined(separator: " -> "))",
                at: request.target)
        }
        let origin = ImportOrigin(frame: frame, identity: identity, parent: parent)
        if origin.depth > Limits.configImportDepthMax {
            throw ConfigError(
                "more than \(Limits.configImportDepthMax) imports inside each other",
                at: request.keyword)
        }
        return tokens.map { token in
            var stamped = token
            stamped.origin = origin
            return stamped
        }
    }

    // MARK: Placeholders

    private func substitute(
        _ imported: [Token], _ request: Request, insideBlock: Bool
    ) -> [Token] {
        var expanded: [Token] = []
        expanded.reserveCapacity(imported.count)
        var snippetEnd = 0
        for (index, token) in imported.enumerated() {
            if !insideBlock, index >= snippetEnd,
                let end = Self.endOfSnippet(in: imported, at: index)
            {
                snippetEnd = end
            }
            if index < snippetEnd {
                expanded.append(token)
            } else if token.text == "{block}" {
                expanded += request.block
            } else if let key = ImportArguments.blockName(in: token.text) {
                expanded += request.blocks[key] ?? []
            } else {
                expanded += ImportArguments(request.arguments, vanished: request.target)
                    .substitute(in: token)
            }
        }
        return expanded
    }

    /// The index behind a snippet definition that starts at `index`.
    private static func endOfSnippet(in tokens: [Token], at index: Int) -> Int? {
        let startsLine =
            index == 0 || tokens[index - 1].isFollowedByLineBreak(before: tokens[index])
        guard startsLine, index + 1 < tokens.count, tokens[index].text.hasPrefix("("),
            tokens[index].text.hasSuffix(")"), tokens[index + 1].opensBlock
        else { return nil }
        var depth = 0
        for end in (index + 1)..<tokens.count {
            if tokens[end].opensBlock { depth += 1 }
            if tokens[end].closesBlock { depth -= 1 }
            if depth == 0 { return end + 1 }
        }
        return tokens.count
    }
}

/// Paths of imported files, as text: relative ones belong to the folder of the importing file.
enum ImportPath {
    static func resolve(_ path: String, relativeTo file: String) -> String {
        if path.hasPrefix("/") { return normalized(path) }
        guard let slash = file.lastIndex(of: "/") else { return normalized(path) }
        return normalized(file[...slash] + path)
    }

    static func isPattern(_ path: String) -> Bool {
        path.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
            || (path.contains("[") && path.contains("]"))
    }

    static func hasOneWildcard(_ path: String) -> Bool {
        path.count { $0 == "*" } <= 1 && path.count { $0 == "?" } <= 1
            && !(path.contains("[") && path.contains("]"))
    }

    /// Hidden files stay out unless the pattern names the dot.
    static func shows(_ path: String, for pattern: String) -> Bool {
        guard lastPart(of: pattern).hasPrefix("*") else { return true }
        return !lastPart(of: path).hasPrefix(".")
    }

    private static func lastPart(of path: String) -> Substring {
        path.split(separator: "/").last ?? ""
    }

    /// Removes `.` and `a/..`, so that one file has one name.
    private static func normalized(_ path: some StringProtocol) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else if part != ".." || !path.hasPrefix("/") {
                parts.append(Substring(part))
            }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
