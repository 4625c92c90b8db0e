// Text with placeholders, compiled once: a flat list of pieces that a request fills in.
import Base
import CGateway

/// A compiled text. Immutable and shared by the workers; whoever uses it keeps it alive.
package final class Template: @unchecked Sendable {
    let pieces: [TemplatePiece]
    /// What the literal pieces point into.
    private let literals: OwnedBytes
    /// Whether a plugin gives some of it, which may fail.
    package let usesPlugins: Bool
    private let replacesLineBreaks: Bool

    init(pieces: [TemplatePiece], literals: OwnedBytes, replacesLineBreaks: Bool) {
        self.pieces = pieces
        self.literals = literals
        usesPlugins = pieces.contains {
            if case .plugin = $0 { true } else { false }
        }
        self.replacesLineBreaks = replacesLineBreaks
    }

    /// The text when it depends on nothing; valid as long as the template.
    package var constant: Bytes? {
        if pieces.isEmpty { return .empty }
        guard pieces.count == 1, case .literal(let literal) = pieces[0] else { return nil }
        return literal
    }

    /// The text with its placeholders filled in. Nothing that a request brought is looked at for
    /// placeholders again.
    ///
    /// - Returns: Bytes that may be borrowed from the request, so valid until it is changed; nil
    ///   when the arena is full, or for `context.refusal`.
    package func evaluate(_ context: RequestContext) -> Bytes? {
        if let constant { return constant }
        if pieces.count == 1 { return value(of: pieces[0], context) }
        return withUnsafeTemporaryAllocation(of: Bytes.self, capacity: pieces.count) { values in
            var total = 0
            for index in pieces.indices {
                guard let value = value(of: pieces[index], context) else { return Bytes?.none }
                values[index] = value
                total += value.count
            }
            guard let memory = context.arena.allocate(total) else { return nil }
            let text = UnsafeMutableRawBufferPointer(start: memory, count: total)
            var offset = 0
            for value in values {
                UnsafeMutableRawBufferPointer(rebasing: text[offset..<(offset + value.count)])
                    .copyMemory(from: value)
                offset += value.count
            }
            return Bytes(text)
        }
    }

    /// The same, valid as long as both exchange and template.
    package func evaluateCopied(_ context: RequestContext) -> Bytes? {
        if let constant { return constant }
        guard let text = evaluate(context) else { return nil }
        return pieces.count == 1 ? context.arena.copy(text) : text
    }

    private func value(of piece: TemplatePiece, _ context: RequestContext) -> Bytes? {
        guard let value = piece.value(context) else { return nil }
        if case .literal = piece { return value }
        return replacesLineBreaks ? withoutLineBreaks(value, in: context.arena) : value
    }
}

/// One piece of a template. Views point into the template's own literals.
enum TemplatePiece {
    case literal(Bytes)
    case placeholder(Placeholder)
    case requestField(FieldSelector)
    case responseField(FieldSelector)
    case upstreamField(FieldSelector)
    case queryValue(key: Bytes)
    case cookie(name: Bytes)
    /// A variable, or a placeholder that plugins set; `fallback` when nobody did.
    case slot(UInt32, fallback: Bytes)
    case plugin(PluginPlaceholder, fallback: Bytes)
    case captureIndex(capture: UInt32, group: Int)
    case captureName(capture: UInt32, group: Bytes)
    case pathSegment(Int)
    case originalPathSegment(Int)
    /// Counted from the right.
    case hostLabel(Int)
    /// The peer's network: bits of an IPv4 and of an IPv6 address.
    case remoteNetwork(bits4: UInt8, bits6: UInt8)

    /// Nil when the arena is full.
    func value(_ context: RequestContext) -> Bytes? {
        switch self {
        case .literal(let text): return text
        case .placeholder(let placeholder): return context.value(of: placeholder)
        case .requestField(let field):
            return joinedValues(field, context.req.pointee.fields, context)
        case .responseField(let field):
            guard let response = context.response else { return .empty }
            return joinedValues(field, response.pointee.fields, context)
        case .upstreamField(let field):
            guard let response = context.upstreamResponse else { return .empty }
            return joinedValues(field, response.pointee.fields, context)
        case .queryValue(let key): return queryValues(key, context)
        case .cookie(let name): return cookieValue(name, context)
        case .slot(let slot, let fallback): return context.value(ofSlot: slot) ?? fallback
        case .plugin(let placeholder, let fallback):
            return placeholder.value(context, fallback: fallback)
        case .captureIndex(let capture, let group):
            return context.captures(of: capture).group(group) ?? .empty
        case .captureName(let capture, let group):
            return context.captures(of: capture).group(named: group) ?? .empty
        case .pathSegment(let index):
            return context.decodedPath(context.view(context.req.pointee.path))
                .map { segment(index, of: $0) }
        case .originalPathSegment(let index):
            return context.decodedPath(context.originalPath).map { segment(index, of: $0) }
        case .hostLabel(let index): return label(index, of: context.host)
        case .remoteNetwork(let bits4, let bits6):
            return context.remoteNetwork(bits4: bits4, bits6: bits6)
        }
    }
}

/// Turns CR, LF and NUL into spaces; borrowed when there are none.
private func withoutLineBreaks(_ text: Bytes, in arena: Arena) -> Bytes? {
    func isBad(_ byte: UInt8) -> Bool { byte == 0x0d || byte == 0x0a || byte == 0 }
    guard text.contains(where: isBad) else { return text }
    var writer = ArenaWriter(arena, capacity: text.count)
    for byte in text { writer.append(isBad(byte) ? 0x20 : byte) }
    return writer.finish()
}

/// The values of all fields of a name, joined by commas; borrowed when there is one at most.
private func joinedValues(
    _ selector: FieldSelector, _ fields: gw_fields, _ context: RequestContext
) -> Bytes? {
    guard let first = selector.index(in: fields) else { return .empty }
    var next = selector.index(in: fields, from: first + 1)
    guard next != nil else { return fieldValue(fields, at: first) }
    var total = fieldValue(fields, at: first).count
    while let index = next {
        total += 1 + fieldValue(fields, at: index).count
        next = selector.index(in: fields, from: index + 1)
    }
    var writer = ArenaWriter(context.arena, capacity: total)
    writer.append(fieldValue(fields, at: first))
    next = selector.index(in: fields, from: first + 1)
    while let index = next {
        writer.append(0x2c)
        writer.append(fieldValue(fields, at: index))
        next = selector.index(in: fields, from: index + 1)
    }
    return writer.finish()
}

/// The decoded values of a query key, joined by commas.
private func queryValues(_ key: Bytes, _ context: RequestContext) -> Bytes? {
    let query = context.view(context.req.pointee.query)
    guard query.count > 0 else { return .empty }
    var writer = ArenaWriter(context.arena, capacity: query.count)
    var reader = QueryReader(query)
    var isFirst = true
    while let pair = reader.next() {
        guard isDecodedEqual(pair.key, key) else { continue }
        if !isFirst { writer.append(0x2c) }
        isFirst = false
        var value = EscapeReader(pair.value, plusIsSpace: true)
        while let byte = value.next() { writer.append(byte) }
    }
    return writer.finish()
}

/// The value of the first cookie with this name (RFC 6265 §5.4), without surrounding quotes.
private func cookieValue(_ name: Bytes, _ context: RequestContext) -> Bytes {
    let fields = context.req.pointee.fields
    var next = cookieField.index(in: fields)
    while let index = next {
        let field = fieldValue(fields, at: index)
        var start = 0
        while start < field.count {
            let end = field.firstOffset(of: 0x3b, from: start) ?? field.count
            let pair = trimmed(field.slice(start, end))
            if let equals = pair.firstOffset(of: 0x3d),
                pair.slice(0, equals).isEqualIgnoringCase(name)
            {
                return unquoted(pair.slice(equals + 1, pair.count))
            }
            start = end + 1
        }
        next = cookieField.index(in: fields, from: index + 1)
    }
    return .empty
}

private let cookieField = FieldSelector(id: UInt16(GW_FIELD_COOKIE), name: "cookie")

private func trimmed(_ text: Bytes) -> Bytes {
    var start = 0
    var end = text.count
    while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
    while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
    return text.slice(start, end)
}

private func unquoted(_ text: Bytes) -> Bytes {
    guard text.count >= 2, text[0] == 0x22, text[text.count - 1] == 0x22 else { return text }
    return text.slice(1, text.count - 1)
}

/// Segment of a path, counted from the left; the slash at the start opens segment 0.
private func segment(_ index: Int, of path: Bytes) -> Bytes {
    var start = path.count > 0 && path[0] == 0x2f ? 1 : 0
    var number = 0
    while start <= path.count {
        let end = path.firstOffset(of: 0x2f, from: start) ?? path.count
        if number == index { return path.slice(start, end) }
        number += 1
        start = end + 1
    }
    return .empty
}

private func label(_ index: Int, of host: Bytes) -> Bytes {
    var end = host.count
    var number = 0
    while true {
        let start = host.slice(0, end).lastOffset(of: 0x2e).map { $0 + 1 } ?? 0
        if number == index { return host.slice(start, end) }
        guard start > 0 else { return .empty }
        end = start - 1
        number += 1
    }
}
