// One use of a directive: its tokens as lines and blocks, and what the host can do with them.
import CGateway

/// Borrowed for the call to `Directive.parse`. [config]
public struct DirectiveCall: ~Copyable {
    /// The directive with its arguments and its block; a matcher has been taken out.
    public let line: Line
    private let pointer: UnsafePointer<gw_directive_call>

    init(_ pointer: UnsafePointer<gw_directive_call>) throws(PluginError) {
        line = try Self.line(of: pointer)
        self.pointer = pointer
    }

    private static func line(
        of call: UnsafePointer<gw_directive_call>
    ) throws(PluginError) -> Line {
        let tokens = (0..<call.pointee.token_count).map { index in
            let token = call.pointee.tokens[index]
            return Token(
                text: String(Bytes(token.text)), index: UInt32(index), flags: token.flags)
        }
        guard !tokens.isEmpty else { throw PluginError("a directive without tokens") }
        var reader = LineReader(tokens)
        let line = try reader.line()
        try reader.expectEnd()
        return line
    }

    /// The matcher set that a token names (`@name`, `/path`), for a place in the output.
    public func matcher(_ token: Token) -> JSONValue {
        .host(.matcher(token: token.index))
    }

    /// The array of routes for the directives in the block of a line, sorted as a site's are, for a
    /// place in the output.
    public func routes(inBlockOf line: Line) -> JSONValue {
        .host(.routes(tokens: line.blockTokens))
    }

    /// What another directive gives for a line of text, such as ["reverse_proxy", "a:80"], for a
    /// place in the output.
    public func directive(_ texts: [String]) -> JSONValue {
        .host(.directive(texts))
    }

    /// What another directive gives for tokens of this one, to read and change.
    ///
    /// - Parameters:
    ///   - name: Of the other directive; takes the place of this one's.
    ///   - tokens: Indices of the tokens behind the name, in order, braces included.
    public func expansion(
        of name: String, with tokens: [Range<UInt32>]
    ) throws(PluginError) -> JSONValue {
        var texts = TextArena()
        defer { texts.free() }
        var head = pointer.pointee.tokens[0]
        head.text = texts.view(name)
        let given = [head] + tokens.joined().map { pointer.pointee.tokens[Int($0)] }
        var json = gw_view()
        let code = Host.adapt.pointee.expand(pointer, given, given.count, &json)
        switch code {
        case GW_OK: return try JSONValue(parsing: Bytes(json))
        case GW_E_NOT_FOUND:
            throw PluginError(
                "\(line.name.text) needs the directive \(name)",
                hint: "add the plugin that has it", at: line.name)
        default: throw .reported(Status(code: code))
        }
    }

    /// Path of the configuration's file, as it was given.
    public var file: String { String(Bytes(pointer.pointee.file)) }

    /// Value of an environment variable, nil when unset.
    public func environment(_ name: String) -> String? {
        var view = gw_view()
        let code = name.withBytes { Host.core.pointee.environment($0.view, &view) }
        return code == GW_OK ? String(Bytes(view)) : nil
    }

    /// Tells the operator about something that works but is hardly meant.
    public func warn(_ warning: PluginError) {
        warning.report { Host.adapt.pointee.warn(pointer, $0) }
    }

    /// Writes the result of the directive; the host writes its parts in between.
    func write(_ value: JSONValue, to out: OpaquePointer) throws(PluginError) {
        var text = ""
        try value.write(to: &text) { (part, text: inout String) throws(PluginError) in
            try flush(&text, to: out)
            let code = write(part, to: out)
            guard code == GW_OK else { throw PluginError.reported(Status(code: code)) }
        }
        try flush(&text, to: out)
    }

    private func flush(_ text: inout String, to out: OpaquePointer) throws(PluginError) {
        let code = text.withBytes { Host.core.pointee.out_write(out, $0.view) }
        guard code == GW_OK else { throw PluginError("the directive gives too much JSON") }
        text = ""
    }

    private func write(_ part: HostPart, to out: OpaquePointer) -> gw_status {
        switch part {
        case .matcher(let token):
            Host.adapt.pointee.matcher(pointer, token, out)
        case .routes(let range):
            Host.adapt.pointee.routes(pointer, range.lowerBound, range.upperBound, out)
        case .directive(let texts):
            writeDirective(texts, to: out)
        }
    }

    private func writeDirective(_ texts: [String], to out: OpaquePointer) -> gw_status {
        let tokens = texts.enumerated().map { index, text in
            gw_token(
                text: Permanent.view(text), line: 1, flags: index == 0 ? GW_TOKEN_NEW_LINE : 0,
                depth: 0, reserved: 0)
        }
        defer { for token in tokens { token.text.ptr?.deallocate() } }
        return Host.adapt.pointee.directive(pointer, tokens, tokens.count, out)
    }
}

/// Groups tokens into lines and blocks.
private struct LineReader {
    private let tokens: [Token]
    private var position = 0

    init(_ tokens: [Token]) { self.tokens = tokens }

    /// Reads a line and, when it ends with `{`, the lines up to the matching `}`.
    mutating func line() throws(PluginError) -> Line {
        let name = tokens[position]
        var arguments: [Token] = []
        position += 1
        while let token = current, !token.isFirstOfLine, !token.isBrace("{"), !token.isBrace("}") {
            arguments.append(token)
            position += 1
        }
        guard let brace = current, brace.isBrace("{"), !brace.isFirstOfLine else {
            return Line(name: name, arguments: arguments, block: nil, blockTokens: 0..<0)
        }
        position += 1
        let first = UInt32(position)
        var lines: [Line] = []
        while let token = current, !token.isBrace("}") { lines.append(try line()) }
        guard current != nil else { throw PluginError("block is not closed", at: brace) }
        let range = first..<UInt32(position)
        position += 1
        return Line(name: name, arguments: arguments, block: lines, blockTokens: range)
    }

    func expectEnd() throws(PluginError) {
        guard let token = current else { return }
        throw PluginError("unexpected \"\(token.text)\" behind the directive", at: token)
    }

    private var current: Token? { position < tokens.count ? tokens[position] : nil }
}

extension Token {
    fileprivate func isBrace(_ brace: String) -> Bool { text == brace && !isQuoted }
}
