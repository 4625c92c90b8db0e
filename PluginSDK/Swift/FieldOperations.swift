// Operations on a field section, compiled from the configuration into one flat list.

/// add, set, delete and replace, in the order in which they run: `delete *` first, then add, set,
/// delete, replace. Values may hold placeholders; names may, too. Immutable; shared by all workers.
///
/// In a request, what is set or deleted goes in each spelling that a backend may take for the same
/// name (`Fields.removeSpellings`): the client must not be able to say it in other words.
public struct FieldOperations: Sendable {
    private enum Operation: Sendable {
        case deleteAll
        case add(Name, Template)
        case set(Name, Template)
        case delete(Name)
        case deleteMatching(Template)
        case replace(FieldID?, Search, Template)
    }

    /// A field by id, or by a text with placeholders.
    private enum Name: Sendable {
        /// With the name itself, which `texts` owns.
        case id(FieldID, Bytes)
        case template(Template)
    }

    private enum Search: Sendable {
        case regex(Regex)
        case text(Template)

        /// The value with what was found replaced; nil when nothing was.
        func replaced(
            _ value: RawSpan, with replacement: Bytes, _ exchange: Exchange
        ) throws(Status) -> Bytes? {
            switch self {
            case .regex(let regex):
                return regex.replacing(in: value, with: replacement, for: exchange)
            case .text(let text):
                return try exchange.replacing(
                    try exchange.evaluate(text), with: replacement, in: value)
            }
        }
    }

    /// Whose fields are changed.
    public enum Side: Sendable {
        case request
        case response
    }

    private let operations: [Operation]
    private let texts: [ConstantText]
    private let side: Side

    public var isEmpty: Bool { operations.isEmpty }

    public init(
        configuration: inout Configuration, of side: Side, scope: Scope
    ) throws(PluginError) {
        var texts: [ConstantText] = []
        let deletes = try configuration.strings("delete") ?? []
        var made: [Operation] = deletes.contains("*") ? [.deleteAll] : []
        for (name, values) in try configuration.stringLists("add") {
            if side == .request {
                for value in values { try scope.requireCredential(value, of: name) }
            }
            let name = try Self.name(name, &texts, scope)
            for value in values { made.append(.add(name, try Self.value(value, scope))) }
        }
        for (name, values) in try configuration.stringLists("set") {
            if side == .request {
                for value in values { try scope.requireCredential(value, of: name) }
            }
            let value = try Self.value(values.joined(separator: ","), scope)
            made.append(.set(try Self.name(name, &texts, scope), value))
        }
        for name in deletes where name != "*" {
            made.append(try Self.deletion(name, &texts, scope))
        }
        made += try Self.replacements(&configuration, scope)
        operations = made
        self.texts = texts
        self.side = side
    }

    public func apply(to fields: inout Fields, in exchange: Exchange) throws(Status) {
        for operation in operations {
            switch operation {
            case .deleteAll:
                fields.remove(matching: "*")
            case .add(.id(let id, _), let value):
                try fields.add(id, try exchange.evaluate(value))
            case .add(.template(let name), let value):
                try fields.add(
                    named: try exchange.evaluate(name), try exchange.evaluate(value))
            case .set(.id(let id, let name), let value):
                try removeOtherSpellings(of: name, than: id, from: &fields, exchange)
                try fields.set(id, try exchange.evaluate(value))
            case .set(.template(let name), let value):
                let name = try exchange.evaluate(name)
                try remove(name, from: &fields, exchange)
                try fields.add(named: name, try exchange.evaluate(value))
            case .delete(.id(let id, let name)):
                fields.remove(id)
                try removeOtherSpellings(of: name, than: id, from: &fields, exchange)
            case .delete(.template(let name)), .deleteMatching(let name):
                try remove(try exchange.evaluate(name), from: &fields, exchange)
            case .replace(let id, let search, let replacement):
                try Self.replace(
                    search, with: try exchange.evaluate(replacement), in: &fields, id, exchange)
            }
        }
    }

    /// Removes the fields that a name or a pattern means.
    private func remove(
        _ name: Bytes, from fields: inout Fields, _ exchange: Exchange
    ) throws(Status) {
        fields.remove(matching: name)
        guard side == .request, !name.isEmpty else { return }
        try fields.removeSpellings(of: name, in: exchange)
    }

    /// Removes the other spellings of a name whose field itself is there to stay, or gone.
    private func removeOtherSpellings(
        of name: Bytes, than id: FieldID, from fields: inout Fields, _ exchange: Exchange
    ) throws(Status) {
        guard side == .request else { return }
        try fields.removeSpellings(of: name, except: id, in: exchange)
    }

    /// Replaces in the values of one field, or of all when `id` is nil.
    private static func replace(
        _ search: Search, with replacement: Bytes, in fields: inout Fields, _ id: FieldID?,
        _ exchange: Exchange
    ) throws(Status) {
        for index in 0..<fields.count where id == nil || fields.id(at: index) == id {
            let value = try search.replaced(fields.value(at: index), with: replacement, exchange)
            if let value { try fields.set(at: index, value) }
        }
    }

    private static func name(
        _ name: String, _ texts: inout [ConstantText], _ scope: Scope
    ) throws(PluginError) -> Name {
        if name.utf8.contains(UInt8(ascii: "{")) {
            return .template(try scope.template(name, .keepUnknown))
        }
        let text = ConstantText(name)
        texts.append(text)
        return .id(try scope.fieldID(name), text.bytes)
    }

    private static func value(_ text: String, _ scope: Scope) throws(PluginError) -> Template {
        try scope.template(text, [.keepUnknown, .noLineBreaks])
    }

    private static func deletion(
        _ name: String, _ texts: inout [ConstantText], _ scope: Scope
    ) throws(PluginError) -> Operation {
        if name.hasPrefix("*") || name.hasSuffix("*") {
            return .deleteMatching(try scope.template(name, .keepUnknown))
        }
        return .delete(try Self.name(name, &texts, scope))
    }

    private static func replacements(
        _ configuration: inout Configuration, _ scope: Scope
    ) throws(PluginError) -> [Operation] {
        let lists = try configuration.objectLists("replace") {
            (entry) throws(PluginError) -> (Search, Template) in
            let replacement = try value(try entry.string("replace") ?? "", scope)
            let text = try entry.string("search") ?? ""
            let pattern = try entry.string("search_regexp") ?? ""
            guard text.isEmpty || pattern.isEmpty else {
                throw PluginError("\(entry.path) has both search and search_regexp, expected one")
            }
            guard pattern.isEmpty else { return (.regex(try scope.regex(pattern)), replacement) }
            return (.text(try scope.template(text, .keepUnknown)), replacement)
        }
        var operations: [Operation] = []
        for (name, entries) in lists {
            let id = name == "*" ? nil : try scope.fieldID(name)
            for (search, replacement) in entries {
                operations.append(.replace(id, search, replacement))
            }
        }
        return operations
    }
}

extension Exchange {
    /// The text with every occurrence of `search` replaced, in memory of the exchange; nil when
    /// there is none.
    fileprivate func replacing(
        _ search: Bytes, with replacement: Bytes, in text: RawSpan
    ) throws(Status) -> Bytes? {
        guard !search.isEmpty else { return nil }
        let occurrences = text.occurrences(of: search)
        guard occurrences > 0 else { return nil }
        let growth = occurrences * (replacement.count - search.count)
        let memory = try allocate(text.byteCount + growth)
        var (from, to) = (0, 0)
        while from < text.byteCount {
            if text.extracting(droppingFirst: from).hasPrefix(search) {
                UnsafeMutableRawBufferPointer(rebasing: memory[to...])
                    .copyMemory(from: replacement.buffer)
                from += search.count
                to += replacement.count
            } else {
                memory[to] = text.unsafeLoad(fromByteOffset: from, as: UInt8.self)
                from += 1
                to += 1
            }
        }
        return Bytes(UnsafeRawBufferPointer(memory))
    }
}

extension RawSpan {
    /// How often a text occurs, without overlaps.
    fileprivate func occurrences(of search: Bytes) -> Int {
        var (count, position) = (0, 0)
        while position + search.count <= byteCount {
            let found = extracting(droppingFirst: position).hasPrefix(search)
            count += found ? 1 : 0
            position += found ? search.count : 1
        }
        return count
    }
}
