// The member "handle_response": routes that run instead of passing an answer on.
import PluginSDK

/// The handlers of one proxy, in order; the first one that matches an answer decides.
struct ResponseHandlers: Sendable {
    private struct Handler: Sendable {
        let matcher: ResponseMatcher?
        let action: Action
    }

    private enum Action: Sendable {
        case routes(Routes)
        /// Passes the answer on under another status.
        case status(Template)
        case passOn
    }

    private let handlers: [Handler]
    private let captured: CapturedFields

    /// - Parameter handlers: The array of the configuration.
    init(_ value: JSONValue, scope: Scope) throws(PluginError) {
        var list = try Configuration(["handle_response": value], path: "")
        handlers = try list.objects("handle_response") { (entry) throws(PluginError) in
            let matcher = try entry.object("match") { (match) throws(PluginError) in
                try ResponseMatcher(configuration: &match, scope: scope)
            }
            return Handler(matcher: matcher, action: try Self.action(&entry, scope))
        }
        captured = try CapturedFields(usedIn: value, scope: scope)
    }

    private static func action(
        _ entry: inout Configuration, _ scope: Scope
    ) throws(PluginError) -> Action {
        let status = try entry.weakString("status_code") ?? ""
        let routes = entry.value("routes") ?? []
        if !status.isEmpty { return .status(try scope.template(status)) }
        return routes.isEmpty ? .passOn : .routes(try scope.routes(routes))
    }

    /// Does what the first handler that matches an answer wants.
    ///
    /// - Returns: nil when the answer goes to the client.
    func handle(
        _ response: inout Response, _ request: inout Request
    ) throws(Status) -> Verdict? {
        for handler in handlers {
            if let matcher = handler.matcher, !matcher.matches(response) { continue }
            switch handler.action {
            case .routes(let routes):
                try captured.set(from: response, in: &request)
                return try request.enter(routes)
            case .status(let template):
                guard let status = try request.evaluate(template).statusWithBody else {
                    return request.fail(status: 500, "replace_status gives no status with a body")
                }
                response.status = status
                return nil
            case .passOn: return nil
            }
        }
        return nil
    }
}

/// The placeholders `{http.reverse_proxy.header.NAME}` of an answer, for those fields that a part of
/// the configuration names. The host knows `.status_code`.
struct CapturedFields: Sendable {
    private static let prefix = "http.reverse_proxy.header."

    private struct Field: Sendable {
        let id: FieldID
        let placeholder: [UInt8]
    }

    private let fields: [Field]

    init(usedIn value: JSONValue, scope: Scope) throws(PluginError) {
        var fields: [Field] = []
        let text = value.serialized
        let opening = "{" + Self.prefix
        for place in text.places(of: opening) {
            let name = String(text[place...].dropFirst(opening.count).prefix { $0 != "}" })
            let placeholder = Array((Self.prefix + name).utf8)
            guard !fields.contains(where: { $0.placeholder == placeholder }) else { continue }
            fields.append(Field(id: try scope.fieldID(name), placeholder: placeholder))
        }
        self.fields = fields
    }

    func set(from response: borrowing Response, in request: inout Request) throws(Status) {
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

extension Bytes {
    /// The status that three digits name, if it is one that may have a body (RFC 9110 §6.4.1).
    fileprivate var statusWithBody: UInt16? {
        guard count == 3 else { return nil }
        var status: UInt16 = 0
        for digit in buffer {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            status = status * 10 + UInt16(digit - UInt8(ascii: "0"))
        }
        return status >= 200 && status != 204 && status != 304 ? status : nil
    }
}
