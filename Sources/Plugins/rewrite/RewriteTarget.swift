// The value of "rewrite": path, query or both, each kept when it is not given.
import PluginSDK

struct RewriteTarget: Sendable {
    /// A part of the new text, in order.
    private enum Piece: Sendable {
        case text(Template)
        /// One placeholder of a query; what it gives is escaped.
        case escaped(Template)
        /// The request's own path, encoded as it is, so that nothing in it becomes a delimiter.
        case path
        /// The request's own query, as it is.
        case query
    }

    /// A key or a value of a query.
    private struct Component: Sendable {
        let isValue: Bool
        let pieces: [Piece]
    }

    private let path: [Piece]
    /// nil: the query stays.
    private let query: [Component]?

    init(_ text: String, scope: Scope) throws(PluginError) {
        let parts = text.prefix { $0 != "#" }
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = try Self.pathPieces(String(parts[0]), scope)
        query = parts.count < 2 ? nil : try Self.components(String(parts[1]), scope)
    }

    func apply(
        to path: Bytes, _ query: Bytes, in exchange: Exchange
    ) throws(Status) -> (path: Bytes, query: Bytes) {
        let newPath = self.path.isEmpty ? path : try self.newPath(path, query, exchange)
        guard let components = self.query else { return (newPath, query) }
        var writer = try ByteWriter(query.count, in: exchange)
        for component in components {
            let start = writer.count
            try writer.reserve(1)
            if component.isValue { writer.append(UInt8(ascii: "=")) }
            if !component.isValue, start > 0 { writer.append(UInt8(ascii: "&")) }
            let content = writer.count
            for piece in component.pieces {
                try Self.write(piece, path, query, to: &writer, exchange)
            }
            if !component.isValue, writer.count == content { writer.truncate(to: start) }
        }
        return (newPath, writer.bytes)
    }

    /// The new path; a query that a placeholder brought with it is cut off.
    private func newPath(
        _ path: Bytes, _ query: Bytes, _ exchange: Exchange
    ) throws(Status) -> Bytes {
        var writer = try ByteWriter(path.count, in: exchange)
        for piece in self.path { try Self.write(piece, path, query, to: &writer, exchange) }
        let text = writer.bytes.buffer
        let end = text.firstIndex(of: UInt8(ascii: "?")) ?? text.count
        return Bytes(UnsafeRawBufferPointer(rebasing: text[..<end]))
    }

    private static func write(
        _ piece: Piece, _ path: Bytes, _ query: Bytes, to writer: inout ByteWriter,
        _ exchange: Exchange
    ) throws(Status) {
        switch piece {
        case .text(let template):
            let text = try exchange.evaluate(template)
            try writer.reserve(text.count)
            writer.append(text)
        case .escaped(let template):
            let text = try exchange.evaluate(template)
            try writer.reserve(text.count * 3)
            writer.appendQueryEscaped(text)
        case .path:
            try writer.reserve(path.count)
            writer.append(path)
        case .query:
            try writer.reserve(query.count)
            writer.append(query)
        }
    }

    private static func pathPieces(_ text: String, _ scope: Scope) throws(PluginError) -> [Piece] {
        var pieces: [Piece] = []
        for part in parts(text) {
            let isPath = part == "{http.request.uri.path}"
            pieces.append(isPath ? .path : .text(try scope.template(part)))
        }
        return pieces
    }

    /// Splits a query into keys and values. After `=` comes a value, after `&` a key.
    private static func components(
        _ text: String, _ scope: Scope
    ) throws(PluginError) -> [Component] {
        var components: [Component] = []
        var isValue = false
        var rest = text[...]
        while !rest.isEmpty {
            let end = rest.firstIndex { $0 == "=" || $0 == "&" } ?? rest.endIndex
            var pieces: [Piece] = []
            for part in parts(String(rest[..<end])) {
                pieces.append(try piece(part, isValue: isValue, scope))
            }
            components.append(Component(isValue: isValue, pieces: pieces))
            guard end < rest.endIndex else { break }
            isValue = rest[end] == "="
            rest = rest[rest.index(after: end)...]
        }
        return components
    }

    private static func piece(
        _ part: String, isValue: Bool, _ scope: Scope
    ) throws(PluginError) -> Piece {
        guard part.hasPrefix("{") else { return .text(try scope.template(part)) }
        let isQuery = part == "{http.request.uri.query}" && !isValue
        return isQuery ? .query : .escaped(try scope.template(part))
    }

    /// Cuts a text into its placeholders and what is between them.
    private static func parts(_ text: String) -> [String] {
        var parts: [String] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"),
            let close = rest[open...].firstIndex(of: "}")
        {
            if open > rest.startIndex { parts.append(String(rest[..<open])) }
            parts.append(String(rest[open...close]))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(String(rest)) }
        return parts
    }
}
