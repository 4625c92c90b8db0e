// Request matchers as they run: one enum, no closures, nothing to allocate.
import Base
import CGateway

/// A compiled matcher. Sets, alternatives and `not` are jumps of the program around it.
enum Matcher: Sendable {
    case host(HostMatcher)
    case path([PathPattern])
    case pathRegexp(NamedRegex)
    case method([[UInt8]])
    case header(HeaderMatcher)
    case headerRegexp(FieldSelector?, NamedRegex)
    case query(QueryMatcher)
    case protocolIs(ProtocolMatcher)
    case remoteIP(AddressMatcher)
    case clientIP(AddressMatcher)
    case variable(Template, values: [Template])
    case variableRegexp(Template, NamedRegex)
    case expression(Expression)
    case plugin(PluginMatcher)

    func matches(_ context: RequestContext) -> Bool {
        let req = context.req.pointee
        switch self {
        case .host(let matcher): return matcher.matches(context.host)
        case .path(let patterns): return matchesPath(patterns, context)
        case .pathRegexp(let regex):
            let reading = PathReading(mergesSlashes: true, keepsEscapedSlashes: false)
            guard let path = context.normalizedPath(reading) else { return false }
            return regex.matches(path.bytes, context)
        case .method(let methods):
            let method = context.view(req.method)
            for expected in methods where method.isEqual(expected) { return true }
            return false
        case .header(let matcher): return matcher.matches(context)
        case .headerRegexp(let field, let regex): return matchesRegexp(field, regex, context)
        case .query(let matcher): return matcher.matches(context)
        case .protocolIs(let matcher): return matcher.matches(context)
        case .remoteIP(let matcher): return matcher.matches(context.view(req.remote_ip))
        case .clientIP(let matcher): return matcher.matches(context.view(req.client_ip))
        case .variable(let variable, let values):
            guard let value = variable.evaluate(context) else { return false }
            for expected in values {
                if let expected = expected.evaluate(context), value.isEqual(expected) {
                    return true
                }
            }
            return false
        case .variableRegexp(let variable, let regex):
            guard let value = variable.evaluate(context) else { return false }
            return regex.matches(value, context)
        case .expression(let expression): return expression.isTrue(context)
        case .plugin(let matcher): return matcher.matches(context)
        }
    }
}

private func matchesPath(_ patterns: [PathPattern], _ context: RequestContext) -> Bool {
    for pattern in patterns {
        guard let path = context.normalizedPath(pattern.reading) else { return false }
        if pattern.matches(path) { return true }
    }
    return false
}

private func matchesRegexp(
    _ field: FieldSelector?, _ regex: NamedRegex, _ context: RequestContext
) -> Bool {
    let req = context.req.pointee
    guard let field else { return regex.matches(context.view(req.host), context) }
    var next = field.index(in: req.fields)
    while let index = next {
        if regex.matches(fieldValue(req.fields, at: index), context) { return true }
        next = field.index(in: req.fields, from: index + 1)
    }
    return false
}

/// A regular expression whose groups become `{http.regexp.NAME.GROUP}` when it matches.
struct NamedRegex: Sendable {
    let regex: CompiledRegex
    let capture: UInt32

    func matches(_ text: Bytes, _ context: RequestContext) -> Bool {
        withUnsafeTemporaryAllocation(of: gw_ref.self, capacity: CompiledRegex.groupsMax) { found in
            guard let base = found.baseAddress, let count = regex.match(text, into: base) else {
                return false
            }
            return keep(text, base, count, context)
        }
    }

    /// Copies text and groups: the request may change before the placeholders are read.
    private func keep(
        _ text: Bytes, _ found: UnsafeMutablePointer<gw_ref>, _ count: Int,
        _ context: RequestContext
    ) -> Bool {
        guard let copy = context.arena.copy(text),
            let memory = context.arena.allocate(count * MemoryLayout<gw_ref>.stride)
        else { return false }
        let groups = memory.bindMemory(to: gw_ref.self, capacity: count)
        groups.update(from: found, count: count)
        let set = CaptureSet(
            text: copy, groups: groups, count: count, regex: Unmanaged.passUnretained(regex))
        context.setCaptures(set, of: capture)
        return true
    }
}

/// All named fields must have one of their values.
struct HeaderMatcher: Sendable {
    struct Field: Sendable {
        /// Nil for Host, which is not always among the fields.
        let selector: FieldSelector?
        let expectation: Expectation
        let isSecret: Bool
    }

    enum Expectation: Sendable {
        case absent
        case present
        case oneOf([ValuePattern])
    }

    let fields: [Field]

    func matches(_ context: RequestContext) -> Bool {
        for field in fields where !matches(field, context) { return false }
        return true
    }

    private func matches(_ field: Field, _ context: RequestContext) -> Bool {
        let req = context.req.pointee
        guard let selector = field.selector else {
            let host = context.view(req.host)
            switch field.expectation {
            case .absent: return host.count == 0
            case .present: return host.count > 0
            case .oneOf(let patterns):
                return host.count > 0 && isOneOf(patterns, host, field.isSecret, context)
            }
        }
        var next = selector.index(in: req.fields)
        switch field.expectation {
        case .absent: return next == nil
        case .present: return next != nil
        case .oneOf(let patterns):
            while let index = next {
                let value = fieldValue(req.fields, at: index)
                if isOneOf(patterns, value, field.isSecret, context) { return true }
                next = selector.index(in: req.fields, from: index + 1)
            }
            return false
        }
    }

    /// Secrets are compared with every pattern, so that the time does not tell which one it was.
    private func isOneOf(
        _ patterns: [ValuePattern], _ value: Bytes, _ isSecret: Bool, _ context: RequestContext
    ) -> Bool {
        var found = false
        for pattern in patterns where pattern.matches(value, isSecret: isSecret, context) {
            found = true
            if !isSecret { break }
        }
        return found
    }
}

/// All keys must be there with one of their values; without keys, the query must be empty.
struct QueryMatcher: Sendable {
    struct Key: Sendable {
        let name: Template
        /// Nil stands for any value.
        let values: [Template?]
    }

    let keys: [Key]

    func matches(_ context: RequestContext) -> Bool {
        let query = context.view(context.req.pointee.query)
        if keys.isEmpty {
            var reader = QueryReader(query)
            return reader.next() == nil
        }
        guard isWellFormedQuery(query) else { return false }
        for key in keys where !matches(key, query, context) { return false }
        return true
    }

    private func matches(_ key: Key, _ query: Bytes, _ context: RequestContext) -> Bool {
        guard let name = key.name.evaluate(context) else { return false }
        var reader = QueryReader(query)
        while let pair = reader.next() {
            guard isDecodedEqual(pair.key, name) else { continue }
            for value in key.values {
                guard let value else { return true }
                if let text = value.evaluate(context), isDecodedEqual(pair.value, text) {
                    return true
                }
            }
        }
        return false
    }
}

/// The protocol of the request: a scheme, a version, a least version, or gRPC.
enum ProtocolMatcher: Sendable {
    case http
    case https
    case grpc
    case version(UInt8)
    case versionAtLeast(UInt8)

    init(_ text: String, at location: String) throws(RoutingError) {
        let versions: [String: UInt8] = [
            "http/1.0": 10, "http/1.1": 11, "http/2": 20, "http/3": 30,
        ]
        let isLeast = text.hasSuffix("+")
        if let version = versions[isLeast ? String(text.dropLast()) : text] {
            self = isLeast ? .versionAtLeast(version) : .version(version)
            return
        }
        switch text {
        case "http": self = .http
        case "https": self = .https
        case "grpc": self = .grpc
        default:
            throw RoutingError(
                "unknown protocol \"\(text)\", expected http, https, grpc, http/1.0, http/1.1,"
                    + " http/2 or http/3, with + for at least", at: location)
        }
    }

    func matches(_ context: RequestContext) -> Bool {
        let req = context.req.pointee
        switch self {
        case .http: return req.flags & UInt32(GW_REQ_TLS) == 0
        case .https: return req.flags & UInt32(GW_REQ_TLS) != 0
        case .grpc:
            guard let type = contentType.value(in: req.fields) else { return false }
            return type.hasPrefix(staticBytes("application/grpc"))
        case .version(let version): return req.version == version
        case .versionAtLeast(let version): return req.version >= version
        }
    }
}

private let contentType = FieldSelector(id: UInt16(GW_FIELD_CONTENT_TYPE), name: "content-type")
