// What the host must know of a directive that a plugin owns, and what the plugin gets to parse.
package import Base

/// Where a directive stands when the directives of a block are sorted.
package enum DirectiveOrder: Sendable, Hashable {
    /// A position of its own; smaller runs earlier.
    case rank(Int)
    case before(String)
    case after(String)
    /// Only within `route`, or after the `order` global option gave it a place.
    case unordered
}

/// Whether only the first matching route of a directive runs.
package enum ExclusiveGroup: Sendable, Hashable {
    case none
    /// A shared group as soon as a block holds several of them.
    case whenSeveral
    /// Always a group of its own, so that it is never merged with its neighbours.
    case always
}

/// A directive owned by a plugin.
package struct DirectiveDefinition: Sendable {
    package var name: String
    package var order: DirectiveOrder
    /// The host takes a matcher as first argument away and attaches it to the routes.
    package var takesMatcher: Bool
    /// A single argument is no matcher, even when it reads like one: `rewrite /index.html`.
    package var keepsLoneArgument: Bool
    package var exclusiveGroup: ExclusiveGroup
    /// Sorts the more specific matcher behind the less specific one, for assignments where the
    /// last one wins.
    package var sortsSpecificLast: Bool
    /// Turns the directive into a handler object `{"handler": …}`, into
    /// `{"routes": [{"match"?, "handle"}…]}` whose routes stay together, or into an array of
    /// these, as if the directive stood there several times.
    package var parse: @Sendable (DirectiveCall) throws(ConfigError) -> JSONValue

    package init(
        name: String, order: DirectiveOrder, takesMatcher: Bool = true,
        keepsLoneArgument: Bool = false, exclusiveGroup: ExclusiveGroup = .none,
        sortsSpecificLast: Bool = false,
        parse: @escaping @Sendable (DirectiveCall) throws(ConfigError) -> JSONValue
    ) {
        self.name = name
        self.order = order
        self.takesMatcher = takesMatcher
        self.keepsLoneArgument = keepsLoneArgument
        self.exclusiveGroup = exclusiveGroup
        self.sortsSpecificLast = sortsSpecificLast
        self.parse = parse
    }
}

/// A module that a plugin provides for an option (`dns.providers.x`, `caddy.storage.x`).
package struct ModuleDefinition: Sendable {
    /// The full id.
    package var id: String
    /// The module's object without the key that names it; the host adds that one.
    package var parse: @Sendable (DirectiveCall) throws(ConfigError) -> JSONValue

    package init(
        id: String,
        parse: @escaping @Sendable (DirectiveCall) throws(ConfigError) -> JSONValue
    ) {
        self.id = id
        self.parse = parse
    }
}

/// One token as a directive's parse function sees it.
package struct DirectiveToken: Sendable {
    package var token: Token
    /// How many braces are open in front of this token, counted from the directive.
    package var depth: Int
    /// Whether this token is the first one of its line.
    package var startsLine: Bool

    package init(token: Token, depth: Int, startsLine: Bool) {
        self.token = token
        self.depth = depth
        self.startsLine = startsLine
    }

    package var text: String { token.text }
}

/// One use of a directive. Valid during the parse function only.
package struct DirectiveCall {
    /// The directive's name, its arguments and its block with braces. Shorthand placeholders are
    /// already replaced; a matcher that the host took is gone.
    package let tokens: [DirectiveToken]
    /// All files that the configuration was read from, the main one first.
    package let files: [String]
    /// The matcher set that a matcher token stands for: nil for a token that is no matcher, JSON
    /// null for `*`.
    package let matcherSet: (Token) throws(ConfigError) -> JSONValue?
    /// The routes of a nested block of directives, sorted: pass the tokens between its braces.
    package let routes: ([Token]) throws(ConfigError) -> [JSONValue]
    /// A matcher set from the tokens between the braces of a matcher block.
    package let matcherBlock: ([Token]) throws(ConfigError) -> JSONValue
    /// A response matcher from its lines, without its name: `status 4xx 500` and
    /// `header <field> [<value>]`.
    package let responseMatcher: ([Token]) throws(ConfigError) -> JSONValue
    /// The object of another module (`namespace`, name token first), named under `inlineKey`.
    package let module:
        (_ namespace: String, _ inlineKey: String, [Token]) throws(ConfigError) -> JSONValue
    package let warn: (ConfigWarning) -> Void
    /// A group name that no other route has.
    package let nextGroup: () -> String
}

extension DirectiveCall {
    /// Refuses the configuration when a credential came from an unset or empty variable.
    package static func requireCredential(_ token: Token) throws(ConfigError) {
        guard let name = token.emptyVariable else { return }
        throw ConfigError(
            "environment variable \(name) is unset or empty, expected a credential", at: token,
            hint: "set \(name) or remove this line")
    }
}
