// A Caddyfile directive: its name and place, and how one use of it becomes JSON.
import CGateway

/// A directive of a module.
public struct Directive: Sendable {
    public var name: String
    /// Place among the directives of a site: "rank:N", "before:NAME", "after:NAME", or empty.
    public var order: String
    public var options: DirectiveOptions
    /// One line for `list-modules --directives`.
    public var summary: String
    /// Turns one use into a handler object `{"handler": …}`, `{"routes": […]}`, or an array of these.
    public var parse: @Sendable (borrowing DirectiveCall) throws(PluginError) -> JSONValue

    public init(
        _ name: String, order: String = "", options: DirectiveOptions = .matcher, summary: String,
        parse: @escaping @Sendable (borrowing DirectiveCall) throws(PluginError) -> JSONValue
    ) {
        self.name = name
        self.order = order
        self.options = options
        self.summary = summary
        self.parse = parse
    }

    var table: gw_directive {
        gw_directive(
            struct_size: UInt32(MemoryLayout<gw_directive>.size), rev: 0,
            name: Permanent.view(name), order: Permanent.view(order),
            flags: options.rawValue, reserved: 0, doc: Permanent.view(summary),
            parse: { call, out in Directive.parse(call, out) })
    }

    /// Finds the directive by its first token, since a C function has no room for a Swift value.
    private static func parse(
        _ pointer: UnsafePointer<gw_directive_call>, _ out: OpaquePointer
    ) -> gw_status {
        do throws(PluginError) {
            let call = try DirectiveCall(pointer)
            let name = call.line.name.text
            guard let directive = ModuleSlot.directive(named: name) else {
                throw PluginError("this plugin has no directive \"\(name)\"")
            }
            try call.write(try directive.parse(call), to: out)
            return GW_OK
        } catch {
            error.report { Host.adapt.pointee.fail(pointer, $0) }
            return error.status.code
        }
    }
}

public struct DirectiveOptions: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The host takes an optional first matcher token out.
    public static let matcher = DirectiveOptions(rawValue: GW_DIRECTIVE_MATCHER)
    /// Only the first matching one of a block runs, as with rewrite.
    public static let exclusive = DirectiveOptions(rawValue: GW_DIRECTIVE_EXCLUSIVE)
    /// The same, without a group of its own where a block has only one, as with root.
    public static let alternatives = DirectiveOptions(rawValue: GW_DIRECTIVE_ALTERNATIVES)
    /// No token of it may come from an empty environment variable.
    public static let credential = DirectiveOptions(rawValue: GW_DIRECTIVE_CREDENTIAL)
    /// Sorts the most specific matcher last, as with vars.
    public static let lastWins = DirectiveOptions(rawValue: GW_DIRECTIVE_LAST_WINS)
}

/// One token of a directive.
public struct Token: Sendable {
    public let text: String
    /// Place among the tokens of the directive, for messages.
    public let index: UInt32
    let flags: UInt32

    public var isQuoted: Bool { flags & GW_TOKEN_QUOTED != 0 }
    /// Some of it came from an environment variable that is unset or empty.
    public var isFromEmptyEnvironment: Bool { flags & GW_TOKEN_EMPTY_ENV != 0 }
    var isFirstOfLine: Bool { flags & GW_TOKEN_NEW_LINE != 0 }

    /// Refuses an empty environment variable as the value of a field that carries a credential.
    public func requireCredential(of field: String) throws(PluginError) {
        guard isFromEmptyEnvironment, CredentialNames.contains(field) else { return }
        throw PluginError(
            "the credential in \(field) is empty",
            hint: "set the environment variable that it comes from", at: self)
    }

    /// The text, refused when an environment variable in it is unset or empty.
    public func credential(_ what: String) throws(PluginError) -> String {
        guard !isFromEmptyEnvironment, !text.isEmpty else {
            throw PluginError(
                "\(what) is empty", hint: "set the environment variable that it comes from",
                at: self)
        }
        return text
    }

    public func integer(_ what: String) throws(PluginError) -> Int64 {
        guard let value = Int64(text) else {
            throw PluginError("\(what) is \"\(text)\", expected a whole number", at: self)
        }
        return value
    }

    /// Nanoseconds of a duration such as "1m30s".
    public func duration(_ what: String) throws(PluginError) -> Int64 {
        guard let value = Duration.nanoseconds(text) else {
            throw PluginError("\(what) is \"\(text)\", expected a duration such as 10s", at: self)
        }
        return value
    }
}

/// A line of a Caddyfile: a name, what follows it on the line, and the lines of its block.
public struct Line: Sendable {
    public let name: Token
    public let arguments: [Token]
    /// nil without a block; empty for `{ }`.
    public let block: [Line]?
    /// Indices of the tokens between the braces of the block.
    public let blockTokens: Range<UInt32>

    /// Indices of all its tokens: name, arguments, and block with its braces.
    public var tokens: Range<UInt32> {
        let last = arguments.last ?? name
        return name.index..<(block == nil ? last.index + 1 : blockTokens.upperBound + 1)
    }
    public var texts: [String] { arguments.map(\.text) }
    public var lines: [Line] { block ?? [] }

    /// Refuses the line unless it has that many arguments.
    public func expectArguments(_ count: ClosedRange<Int>) throws(PluginError) {
        guard !count.contains(arguments.count) else { return }
        let few = arguments.count < count.lowerBound
        let token = few ? arguments.last ?? name : arguments[count.upperBound]
        let bounds =
            count.lowerBound == count.upperBound
            ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
        throw PluginError(
            "\(name.text) has \(arguments.count) arguments, expected \(bounds)", at: token)
    }

    /// Refuses the line unless it has exactly that many arguments.
    public func expectArguments(_ count: Int) throws(PluginError) {
        try expectArguments(count...count)
    }

    /// Refuses a block.
    public func expectNoBlock() throws(PluginError) {
        guard block != nil else { return }
        throw PluginError("\(name.text) takes no block", at: name)
    }

    /// The only argument of a line without a block.
    public func singleArgument() throws(PluginError) -> Token {
        try expectArguments(1)
        try expectNoBlock()
        return arguments[0]
    }
}
