// From the matcher modules of the JSON configuration to compiled matchers.
import Base

/// Compiles one matcher by its module name. `not` is none: the program makes jumps of it.
struct MatcherCompiler {
    let names: NameRegistry
    let resolve: MatcherResolver

    init(names: NameRegistry, resolve: @escaping MatcherResolver = { _, _, _ in nil }) {
        self.names = names
        self.resolve = resolve
    }

    static let knownNames = [
        "client_ip", "expression", "header", "header_regexp", "host", "method", "not", "path",
        "path_regexp", "protocol", "query", "remote_ip", "vars", "vars_regexp",
    ]

    /// - Returns: Alternatives: the matcher matches when one of them does (several for `vars`), or
    ///   all of them when `isEvery`.
    func compile(
        _ name: String, _ json: JSONValue, at location: String
    ) throws(RoutingError) -> (matchers: [Matcher], isEvery: Bool) {
        switch name {
        case "host":
            let hosts = try json.strings(at: location)
            return ([.host(try HostMatcher(hosts, names: names, at: location))], true)
        case "path": return ([.path(try patterns(json, at: location))], true)
        case "path_regexp": return ([.pathRegexp(try regex(json, at: location))], true)
        case "method":
            return ([.method(try json.strings(at: location).map { Array($0.utf8) })], true)
        case "header": return ([.header(try header(json, at: location))], true)
        case "header_regexp": return (try headerRegexps(json, at: location), true)
        case "query": return ([.query(try query(json, at: location))], true)
        case "protocol":
            let text = try json.string(at: location)
            return ([.protocolIs(try ProtocolMatcher(text, at: location))], true)
        case "remote_ip": return ([.remoteIP(try addresses(json, at: location))], true)
        case "client_ip": return ([.clientIP(try addresses(json, at: location))], true)
        case "vars": return try variables(json, at: location)
        case "vars_regexp": return (try variableRegexps(json, at: location), false)
        case "expression": return ([.expression(try expression(json, at: location))], true)
        default:
            if let matcher = try resolve(name, json, location) {
                names.notePluginUse()
                return ([.plugin(matcher)], true)
            }
            throw RoutingError(
                "unknown matcher \"\(name)\", known are \(Self.knownNames.joined(separator: ", "))",
                at: location)
        }
    }

    private func patterns(
        _ json: JSONValue, at location: String
    ) throws(RoutingError) -> [PathPattern] {
        var patterns: [PathPattern] = []
        for (index, text) in try json.strings(at: location).enumerated() {
            let location = "\(location)[\(index)]"
            let pattern = try constantText(text, names: names, of: "path", at: location)
            patterns.append(try PathPattern(pattern, at: location))
        }
        return patterns
    }

    private func regex(_ json: JSONValue, at location: String) throws(RoutingError) -> NamedRegex {
        let members = try json.object(at: location)
        try refuseUnknownMembers(of: members, known: ["name", "pattern"], at: location)
        let pattern = try (members["pattern"] ?? "").string(at: "\(location).pattern")
        let name = try (members["name"] ?? "").string(at: "\(location).name")
        guard let engine = names.regexEngine else {
            throw RoutingError("regular expressions are not available", at: location)
        }
        return NamedRegex(
            regex: try CompiledRegex(pattern, engine: engine, at: location),
            capture: names.capture(name))
    }

    private func header(
        _ json: JSONValue, at location: String
    ) throws(RoutingError) -> HeaderMatcher {
        var fields: [HeaderMatcher.Field] = []
        for (name, values) in sorted(try json.object(at: location)) {
            let location = "\(location).\(name)"
            let isSecret = CredentialNames.contains(name)
            fields.append(
                HeaderMatcher.Field(
                    selector: selector(name),
                    expectation: try expectation(values, isSecret: isSecret, at: location),
                    isSecret: isSecret))
        }
        return HeaderMatcher(fields: fields)
    }

    func expectation(
        _ json: JSONValue, isSecret: Bool, at location: String
    ) throws(RoutingError) -> HeaderMatcher.Expectation {
        if json == .null { return .absent }
        let values = try json.strings(at: location)
        if values.isEmpty { return .present }
        var patterns: [ValuePattern] = []
        for (index, value) in values.enumerated() {
            let location = "\(location)[\(index)]"
            let pattern = try ValuePattern(value, names: names, at: location)
            if isSecret, pattern.lacksSecret {
                throw RoutingError("empty credential, is a variable unset?", at: location)
            }
            patterns.append(pattern)
        }
        return .oneOf(patterns)
    }

    private func headerRegexps(
        _ json: JSONValue, at location: String
    ) throws(RoutingError) -> [Matcher] {
        var matchers: [Matcher] = []
        for (name, value) in sorted(try json.object(at: location)) {
            let regex = try regex(value, at: "\(location).\(name)")
            matchers.append(.headerRegexp(selector(name), regex))
        }
        return matchers
    }

    /// Nil for Host, which has a place of its own in requests.
    private func selector(_ name: String) -> FieldSelector? {
        String(decoding: name.utf8.map(asciiLowercased), as: UTF8.self) == "host"
            ? nil : FieldSelector(name, names: names)
    }

    private func query(_ json: JSONValue, at location: String) throws(RoutingError) -> QueryMatcher
    {
        var keys: [QueryMatcher.Key] = []
        for (name, values) in sorted(try json.object(at: location)) {
            let location = "\(location).\(name)"
            var templates: [Template?] = []
            for value in try values.strings(at: location) {
                templates.append(
                    value == "*" ? nil : try Template(value, names: names, at: location))
            }
            let name = try Template(name, names: names, at: location)
            keys.append(QueryMatcher.Key(name: name, values: templates))
        }
        return QueryMatcher(keys: keys)
    }

    private func addresses(
        _ json: JSONValue, at location: String
    ) throws(RoutingError) -> AddressMatcher {
        let members = try json.object(at: location)
        try refuseUnknownMembers(of: members, known: ["ranges"], at: location)
        var ranges: [String] = []
        for text in try (members["ranges"] ?? []).strings(at: "\(location).ranges") {
            ranges.append(
                try constantText(text, names: names, of: "range", at: "\(location).ranges"))
        }
        return try AddressMatcher(ranges, at: "\(location).ranges")
    }

    private func variables(
        _ json: JSONValue, at location: String
    ) throws(RoutingError) -> (matchers: [Matcher], isEvery: Bool) {
        var matchers: [Matcher] = []
        let members = try json.object(at: location)
        for (key, values) in sorted(members) {
            let location = "\(location).\(key)"
            var templates: [Template] = []
            for value in try values.strings(at: location) {
                templates.append(try Template(value, names: names, at: location))
            }
            matchers.append(.variable(try variable(key, at: location), values: templates))
        }
        return (matchers, members.isEmpty)
    }

    private func variableRegexps(
        _ json: JSONValue, at location: String
    ) throws(RoutingError) -> [Matcher] {
        var matchers: [Matcher] = []
        for (key, value) in sorted(try json.object(at: location)) {
            let location = "\(location).\(key)"
            let regex = try regex(value, at: location)
            matchers.append(.variableRegexp(try variable(key, at: location), regex))
        }
        return matchers
    }

    /// A placeholder in braces, or the bare name of a variable.
    private func variable(_ key: String, at location: String) throws(RoutingError) -> Template {
        let isPlaceholder = key.hasPrefix("{") && key.hasSuffix("}")
        return try Template(isPlaceholder ? key : "{http.vars.\(key)}", names: names, at: location)
    }

    private func expression(
        _ json: JSONValue, at location: String
    ) throws(RoutingError) -> Expression {
        guard case .object(let members) = json else {
            return try Expression(try json.string(at: location), names: names, at: location)
        }
        try refuseUnknownMembers(of: members, known: ["expr", "name"], at: location)
        let text = try (members["expr"] ?? .null).string(at: "\(location).expr")
        return try Expression(text, names: names, at: location)
    }

    private func sorted(_ members: [String: JSONValue]) -> [(key: String, value: JSONValue)] {
        members.sorted { $0.key < $1.key }
    }
}
