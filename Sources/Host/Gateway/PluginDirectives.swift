// Directives of loaded plugins as the adapter of the configuration wants them.
import Base
import CGateway
import Config
import Loader

/// Makes definitions for the adapter. Control thread only.
enum PluginDirectives {
    static func definitions(_ plugins: PluginSet) -> [DirectiveDefinition] {
        let registry = plugins.loader.registry
        return registry.allDirectives.map { definition($0, registry) }
            + plugins.unavailableDirectives.map(refusal)
    }

    private static func definition(
        _ directive: LoadedDirective, _ registry: PluginRegistry
    ) -> DirectiveDefinition {
        DirectiveDefinition(
            name: directive.name, order: directive.order.place,
            takesMatcher: directive.takesMatcher,
            exclusiveGroup: directive.isExclusive
                ? .always : directive.hasAlternatives ? .whenSeveral : .none,
            sortsSpecificLast: directive.lastWins,
            parse: { call throws(ConfigError) in
                try DirectiveUse(call, tokens: call.tokens, registry: registry).parse(directive)
            })
    }

    /// A directive whose plugin is there but cannot be used: naming it says why.
    private static func refusal(_ directive: UnavailableDirective) -> DirectiveDefinition {
        DirectiveDefinition(
            name: directive.name, order: directive.order.place,
            parse: { call throws(ConfigError) in
                throw ConfigError(
                    "directive \(directive.name) belongs to a plugin that could not be loaded: "
                        + directive.reason.description,
                    at: call.tokens.first?.token.location)
            })
    }
}

extension LoadedDirective.Order {
    fileprivate var place: DirectiveOrder {
        switch self {
        case .rank(let rank): .rank(rank)
        case .before(let name): .before(name)
        case .after(let name): .after(name)
        case .unordered: .unordered
        }
    }
}

/// One run of a plugin's parser, for a directive of the configuration or for one that another
/// plugin's directive is short for.
struct DirectiveUse {
    let call: DirectiveCall
    let tokens: [Config.DirectiveToken]
    let registry: PluginRegistry

    init(_ call: DirectiveCall, tokens: [Config.DirectiveToken], registry: PluginRegistry) {
        self.call = call
        self.tokens = tokens
        self.registry = registry
    }

    func parse(_ directive: LoadedDirective) throws(ConfigError) -> JSONValue {
        if directive.carriesCredential {
            for token in tokens { try DirectiveCall.requireCredential(token.token) }
        }
        do throws(DirectiveFailure) {
            return try directive.parse(
                tokens.map(Loader.DirectiveToken.init), file: call.files.first ?? "", host: host)
        } catch {
            throw configError(error)
        }
    }

    private func configError(_ failure: DirectiveFailure) -> ConfigError {
        switch failure {
        case .refused(let diagnostic):
            error(
                diagnostic.message, at: Int(diagnostic.token),
                hint: diagnostic.hint.isEmpty ? nil : diagnostic.hint)
        case .host(let cause):
            cause as? ConfigError ?? error("\(cause)", at: 0, hint: nil)
        case .plugin(let cause):
            error(cause.description, at: 0, hint: nil)
        }
    }

    /// The error at the token with that index, at the directive's name when there is none.
    private func error(_ message: String, at index: Int, hint: String?) -> ConfigError {
        let token = tokens.indices.contains(index) ? tokens[index] : tokens.first
        guard let token else { return ConfigError(message, hint: hint) }
        return ConfigError(message, at: token.token, hint: hint)
    }

    // MARK: What the parser may ask

    private var host: DirectiveHost {
        DirectiveHost(matcher: matcher, routes: routes, directive: directive, warn: warn)
    }

    private func matcher(_ index: Int) -> DirectiveHost.Answer {
        answer { () throws(ConfigError) in try call.matcherSet(tokens[index].token) }
    }

    private func routes(_ range: Range<Int>) -> DirectiveHost.Answer {
        answer { () throws(ConfigError) in .array(try call.routes(tokens[range].map(\.token))) }
    }

    private func directive(
        _ given: [(token: Loader.DirectiveToken, index: Int?)]
    ) -> DirectiveHost.Answer {
        answer { () throws(ConfigError) in
            let inner = given.map { place($0.token, $0.index) }
            guard let name = inner.first, let directive = registry.directive(name.text) else {
                let name = given.first?.token.text ?? ""
                throw error(
                    "directive \(name), which it stands for, is not there", at: 0,
                    hint: "add the plugin that has \(name)")
            }
            return try DirectiveUse(call, tokens: inner, registry: registry).parse(directive)
        }
    }

    private func warn(_ diagnostic: PluginDiagnostic) {
        let index = Int(diagnostic.token)
        let token = tokens.indices.contains(index) ? tokens[index] : tokens.first
        call.warn(ConfigWarning(diagnostic.description, at: token?.token.location))
    }

    private func answer(
        _ question: () throws(ConfigError) -> JSONValue?
    ) -> DirectiveHost.Answer {
        do throws(ConfigError) {
            guard let json = try question(), json != .null else { return .notFound }
            return .json(json.serialized())
        } catch {
            return .failed(error)
        }
    }

    /// A token that a plugin passes on. One that it made stands where its directive stands.
    private func place(_ given: Loader.DirectiveToken, _ index: Int?) -> Config.DirectiveToken {
        var token: Token
        if let index, tokens[index].text == given.text {
            token = tokens[index].token
        } else {
            let anchor = tokens[0].token
            token = anchor
            token.text = given.text
            token.quote = given.flags & GW_TOKEN_QUOTED != 0 ? .doubleQuote : .none
            token.isFromEnvironment = given.flags & GW_TOKEN_FROM_ENV != 0
            token.emptyVariable = given.flags & GW_TOKEN_EMPTY_ENV != 0 ? emptyVariable : nil
        }
        return Config.DirectiveToken(
            token: token, depth: Int(given.depth),
            startsLine: given.flags & GW_TOKEN_NEW_LINE != 0)
    }

    /// The variable that most likely left a token of this directive empty.
    private var emptyVariable: String {
        tokens.lazy.compactMap(\.token.emptyVariable).first ?? "of \(tokens[0].text)"
    }
}

extension Loader.DirectiveToken {
    fileprivate init(_ token: Config.DirectiveToken) {
        var flags: UInt32 = 0
        if token.token.isQuoted { flags |= GW_TOKEN_QUOTED }
        if token.startsLine { flags |= GW_TOKEN_NEW_LINE }
        if token.token.isFromEnvironment { flags |= GW_TOKEN_FROM_ENV }
        if token.token.fromEmptyEnvironment { flags |= GW_TOKEN_EMPTY_ENV }
        self.init(
            text: token.text, line: UInt32(clamping: token.token.location.line), flags: flags,
            depth: UInt32(clamping: token.depth))
    }
}
