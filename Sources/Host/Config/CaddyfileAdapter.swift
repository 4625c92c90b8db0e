// Turns a Caddyfile into the JSON configuration that the host provisions.
package import Base

/// What an adaptation needs besides the text.
package struct AdaptOptions: Sendable {
    package var directives: [DirectiveDefinition]
    package var modules: [ModuleDefinition]
    package var sources: ConfigSources

    package init(
        directives: [DirectiveDefinition], modules: [ModuleDefinition] = [],
        sources: ConfigSources
    ) {
        self.directives = directives
        self.modules = modules
        self.sources = sources
    }
}

package struct AdaptResult: Sendable {
    package var json: JSONValue
    package var warnings: [ConfigWarning]
    package var positions: SourcePositions
}

/// A route that `invoke` runs by its name.
struct NamedRoute {
    var json: JSONValue
    /// Named routes that it invokes itself.
    var invokes: [String]
}

package enum CaddyfileAdapter {
    /// - Parameters:
    ///   - source: The text of the Caddyfile.
    ///   - fileName: Its path; relative imports start at its folder, messages show it.
    /// - Throws: `ConfigError` with place, source line and suggestion.
    package static func adapt(
        _ source: [UInt8], fileName: String, options: AdaptOptions
    ) throws(ConfigError) -> AdaptResult {
        var parser = Parser(fileName: fileName, sources: options.sources)
        let context = AdaptContext(
            definitions: options.directives, modules: options.modules, sources: options.sources)
        do {
            let blocks = try parser.parse(source)
            context.files = [fileName] + parser.files.keys.filter { $0 != fileName }.sorted()
            var json = try adapt(blocks, context)
            let positions = context.marks.take(from: &json) { place in
                parser.files[place.file]?.line(place.line).map(Redaction.masked)
            }
            var warnings = parser.warnings + context.warnings
            if let line = CaddyfileFormatter.firstDifference(in: source) {
                warnings.append(
                    ConfigWarning(
                        "file is not formatted, the fmt command does that",
                        at: SourceLocation(file: fileName, line: line, column: 1)))
            }
            return AdaptResult(json: json, warnings: warnings, positions: positions)
        } catch {
            throw located(error, parser)
        }
    }

    /// The error with the line that it is about and, when a variable vanished there, its name.
    private static func located(_ error: ConfigError, _ parser: Parser) -> ConfigError {
        guard let place = error.location else { return error }
        var located = error
        located.sourceLine = parser.files[place.file]?.line(place.line).map(Redaction.masked)
        let vanished = parser.warnings.first { warning in
            warning.emptyVariable != nil && warning.location?.file == place.file
                && warning.location?.line == place.line
        }
        if located.hint == nil, let vanished, !error.message.contains(text: "is unset or empty") {
            located.hint = vanished.message
        }
        return located
    }

    private static func adapt(
        _ blocks: [SiteBlock], _ context: AdaptContext
    ) throws(ConfigError) -> JSONValue {
        try refuseDirectivesAsSites(blocks, context)
        var sites = blocks
        if let first = blocks.first, first.keys.isEmpty {
            try context.parseOptions(first)
            sites.removeFirst()
        }
        let namedRoutes = try evaluateNamedRoutes(sites.filter(\.isNamedRoute), context)
        var evaluated: [(block: SiteBlock, pile: SitePile)] = []
        for site in sites where !site.isNamedRoute {
            evaluated.append((site, try evaluate(site, context)))
        }
        let groups = try SiteGrouping.group(evaluated, options: context.options)
        let builder = ServerBuilder(context: context, namedRoutes: namedRoutes)
        var servers: [Server] = []
        for group in groups { servers.append(try builder.build(group)) }
        return try TopLevel(context: context).json(servers, groups)
    }

    private static func refuseDirectivesAsSites(
        _ blocks: [SiteBlock], _ context: AdaptContext
    ) throws(ConfigError) {
        let known = Set(context.knownDirectives)
        for key in blocks.flatMap(\.keys) where known.contains(key.text) {
            throw ConfigError(
                "parsed '\(key.text)' as a site address, but it is a known directive", at: key,
                hint: "directives must appear in a site block")
        }
    }

    // MARK: Sites

    private static func nodes(of block: SiteBlock) throws(ConfigError) -> [ConfigNode] {
        var nodes: [ConfigNode] = []
        for directive in block.directives {
            let tokens = directive.map { Placeholders.expandingShorthands(in: $0) }
            nodes.append(try ConfigNode(tokens[...]))
        }
        return nodes
    }

    private static func evaluate(
        _ block: SiteBlock, _ context: AdaptContext
    ) throws(ConfigError) -> SitePile {
        let pile = SitePile()
        guard !block.keys.isEmpty else {
            throw ConfigError(
                "block without an address is for global options, expected it first in the file",
                at: block.directives.first?.first?.location)
        }
        var scope: MatcherScope = [:]
        let directives = try context.defineMatchers(in: nodes(of: block), &scope)
        for directive in directives {
            try refuseUnknown(directive, block, context)
            try context.evaluate(directive, scope: scope, into: pile)
        }
        return pile
    }

    private static func refuseUnknown(
        _ directive: ConfigNode, _ block: SiteBlock, _ context: AdaptContext
    ) throws(ConfigError) {
        let name = directive.name.text
        guard context.definitions[name] == nil, HostDirective(rawValue: name) == nil else { return }
        var error = directive.unknown(
            "directive", in: block.keys.first?.text ?? "the site", known: context.knownDirectives)
        if !block.hasBraces, error.hint == nil {
            error.hint = "to define a second site, put curly braces around each site"
        }
        throw error
    }

    /// Groups of named routes are numbered apart from the ones of sites.
    private static func evaluateNamedRoutes(
        _ blocks: [SiteBlock], _ context: AdaptContext
    ) throws(ConfigError) -> [String: NamedRoute] {
        context.options.namedRouteNames = blocks.compactMap { $0.keys.first?.text }
        var routes: [String: NamedRoute] = [:]
        for block in blocks {
            guard let key = block.keys.first else { continue }
            guard routes[key.text] == nil else {
                throw ConfigError("cannot have duplicate named_routes: \(key.text)", at: key)
            }
            let list = try context.routes(of: nodes(of: block), scope: [:])
            let isPlain = list.count == 1 && list[0].matcherSets == nil
            let handlers = isPlain ? Array(list[0].handlers.prefix(1)) : [Route.subroute(list)]
            routes[key.text] = NamedRoute(
                json: Route(handlers: handlers).json, invokes: context.invokedRoutes)
            context.invokedRoutes = []
        }
        context.nextGroupNumber = 0
        return routes
    }
}
