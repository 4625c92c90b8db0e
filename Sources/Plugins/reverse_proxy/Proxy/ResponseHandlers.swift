// The member "handle_response": routes that run instead of passing an answer on.
import PluginSDK

/// The handlers of one proxy, in order; the first one that matches an answer decides.
struct ResponseHandlers: Sendable {
    private struct Handler: Sendable {
        let matcher: ResponseMatcher?
        /// nil passes the answer on as it is.
        let routes: Routes?
    }

    private let handlers: [Handler]
    private let captured: CapturedFields

    /// - Parameter handlers: The array of the configuration.
    init(_ value: JSONValue, scope: Scope) throws(PluginError) {
        var list = try Configuration(["handle_response": value], path: "")
        handlers = try list.objects("handle_response") { (entry) throws(PluginError) in
            if entry.value("status_code") != nil { throw .unsupported("replace_status") }
            let matcher = try entry.object("match") { (match) throws(PluginError) in
                try ResponseMatcher(configuration: &match, scope: scope)
            }
            var routes: Routes?
            if let value = entry.value("routes"), !value.isEmpty {
                routes = try scope.routes(value)
            }
            return Handler(matcher: matcher, routes: routes)
        }
        captured = try CapturedFields(usedIn: value, scope: scope)
    }

    /// Chooses the routes for an answer.
    ///
    /// - Returns: nil when the answer goes to the client.
    func enter(
        for response: borrowing Response, _ request: inout Request
    ) throws(Status) -> Verdict? {
        for handler in handlers {
            if let matcher = handler.matcher, !matcher.matches(response) { continue }
            guard let routes = handler.routes else { return nil }
            try captured.set(from: response, in: &request)
            return try request.enter(routes)
        }
        return nil
    }
}

/// The placeholders of an answer, `{http.reverse_proxy.header.NAME}` and `.status_code`, for those
/// fields that a part of the configuration names.
struct CapturedFields: Sendable {
    private static let prefix = "http.reverse_proxy.header."

    private struct Field: Sendable {
        let id: FieldID
        let placeholder: [UInt8]
    }

    private let fields: [Field]

    init(usedIn value: JSONValue, scope: Scope) throws(PluginError) {
        var fields: [Field] = []
        for part in value.serialized.split(separator: "{" + Self.prefix).dropFirst() {
            let name = String(part.prefix { $0 != "}" })
            let placeholder = Array((Self.prefix + name).utf8)
            guard !fields.contains(where: { $0.placeholder == placeholder }) else { continue }
            fields.append(Field(id: try scope.fieldID(name), placeholder: placeholder))
        }
        self.fields = fields
    }

    func set(from response: borrowing Response, in request: inout Request) throws(Status) {
        try request.setPlaceholder(
            "http.reverse_proxy.status_code", to: try request.exchange.digits(of: response.status))
        for field in fields {
            let value = try Self.value(of: field.id, in: response, request.exchange)
            try field.placeholder.span.bytes.withUnsafeBytes { (name) throws(Status) in
                try request.setPlaceholder(Bytes(name), to: value)
            }
        }
    }

    /// All values of a field, joined by commas as RFC 9110 §5.3 does; empty when there is none, so
    /// that nothing of an earlier answer stays.
    private static func value(
        of id: FieldID, in response: borrowing Response, _ exchange: Exchange
    ) throws(Status) -> Bytes {
        guard let first = response.fields.index(of: id, from: 0) else { return "" }
        var value = try exchange.copy(response.fields.value(at: first))
        var next = response.fields.index(of: id, from: first + 1)
        while let index = next {
            value = try exchange.join(value.span, ",", response.fields.value(at: index))
            next = response.fields.index(of: id, from: index + 1)
        }
        return value
    }
}

extension Exchange {
    /// A status as three digits, in memory of the exchange.
    func digits(of status: UInt16) throws(Status) -> Bytes {
        let memory = try allocate(3)
        memory[0] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: status / 100 % 10)
        memory[1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: status / 10 % 10)
        memory[2] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: status % 10)
        return Bytes(UnsafeRawBufferPointer(memory))
    }
}
