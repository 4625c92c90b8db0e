// The handler "rewrite": sets or modifies method, path and query of a request.
import PluginSDK

struct Rewrite: RequestHook {
    static let id = "http.handlers.rewrite"
    static let directives = [Directive.rewrite, .uri, .method]

    private let method: Template?
    private let target: RewriteTarget?
    private let pathChanges: [PathChange]
    private let substrings: [SubstringChange]
    private let queryChanges: QueryChanges?

    /// A text to replace in path and query.
    fileprivate struct SubstringChange: Sendable {
        let find: Template
        let replacement: Template
        let mergesSlashes: Bool
        /// Replacements at most; 0 for no limit.
        let limit: Int
    }

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        method = try configuration.string("method").map { (text) throws(PluginError) in
            try scope.template(text)
        }
        target = try configuration.string("uri").map { (text) throws(PluginError) in
            try RewriteTarget(text, scope: scope)
        }
        var changes: [PathChange] = []
        if let prefix = try configuration.string("strip_path_prefix"), !prefix.isEmpty {
            changes.append(try PathChange(prefix: prefix, scope: scope))
        }
        if let suffix = try configuration.string("strip_path_suffix"), !suffix.isEmpty {
            changes.append(try PathChange(suffix: suffix, scope: scope))
        }
        substrings = try configuration.objects("uri_substring") {
            (entry) throws(PluginError) -> SubstringChange in
            let find = try entry.string("find") ?? ""
            return SubstringChange(
                find: try scope.template(find),
                replacement: try scope.template(try entry.string("replace") ?? ""),
                mergesSlashes: !find.hasDoubleSlash, limit: Int(try entry.int("limit") ?? 0))
        }
        changes += try configuration.objects("path_regexp") {
            (entry) throws(PluginError) -> PathChange in
            let pattern = try entry.string("find") ?? ""
            guard !pattern.isEmpty else { throw PluginError("\(entry.path).find is empty") }
            return .regex(
                try scope.regex(pattern),
                replacement: try scope.template(try entry.string("replace") ?? ""))
        }
        pathChanges = changes
        queryChanges = try configuration.object("query") { (query) throws(PluginError) in
            try QueryChanges(configuration: &query, scope: scope)
        }
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        let exchange = request.exchange
        if let method { try request.setMethod(try exchange.uppercased(method)) }
        var path = try request.copy(request.path)
        var query = try request.copy(request.query)
        if let target { (path, query) = try target.apply(to: path, query, in: exchange) }
        for change in pathChanges where change.isStrip {
            path = try change.apply(to: path, in: exchange)
        }
        for substring in substrings { try substring.apply(to: &path, &query, in: exchange) }
        for change in pathChanges where !change.isStrip {
            path = try change.apply(to: path, in: exchange)
        }
        if let queryChanges { query = try queryChanges.apply(to: query, in: exchange) }
        let uri = try exchange.uri(path: path, query: query)
        if !(request.uri == uri) { try request.setURI(uri) }
        return .next
    }
}

extension Rewrite.SubstringChange {
    fileprivate func apply(
        to path: inout Bytes, _ query: inout Bytes, in exchange: Exchange
    ) throws(Status) {
        let find = try exchange.evaluate(self.find)
        guard !find.isEmpty else { return }
        let replacement = try exchange.evaluate(self.replacement)
        path = try exchange.replacing(
            find, with: replacement, limit: limit,
            in: try exchange.cleaned(path, mergesSlashes: mergesSlashes))
        query = try exchange.replacing(find, with: replacement, limit: limit, in: query)
    }
}

extension Exchange {
    fileprivate func uppercased(_ template: Template) throws(Status) -> Bytes {
        let text = try evaluate(template)
        var writer = try ByteWriter(text.count, in: self)
        for byte in text.buffer {
            let isLower = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
            writer.append(isLower ? byte & ~0x20 : byte)
        }
        return writer.bytes
    }
}
