// Answers from the configuration: status, fields and body, each with placeholders.
import PluginSDK

struct StaticResponse: RequestHook {
    static let id = "http.handlers.static_response"
    static let directives = [Directive.respond, .abort, .redir]

    private struct Field: Sendable {
        let id: FieldID
        let values: [Template]
    }

    private let status: StatusSource
    private let fields: [Field]
    private let body: Template?
    private let setsContentType: Bool
    private let closes: Bool
    private let aborts: Bool

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let status = try configuration.weakString("status_code")
        self.status =
            try StatusSource(status, scope: scope)
            ?? .error(try scope.template("{http.error.status_code}"), else: 200)
        var fields: [Field] = []
        for (name, values) in try configuration.stringLists("headers") {
            var templates: [Template] = []
            for value in values {
                templates.append(try scope.template(value, .noLineBreaks))
            }
            fields.append(Field(id: try scope.fieldID(name), values: templates))
        }
        self.fields = fields
        setsContentType = !fields.contains { $0.id == .contentType }
        body = try configuration.string("body").map { (body) throws(PluginError) in
            try scope.template(body, .keepUnknown)
        }
        closes = try configuration.bool("close") ?? false
        aborts = try configuration.bool("abort") ?? false
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        guard !aborts else { return .abort }
        let body: Bytes = if let body { try request.evaluate(body) } else { "" }
        guard let status = try status.value(for: request) else {
            return request.fail(status: 500, "the status is no number", code: .invalid)
        }
        var response = try request.response(status: status)
        for field in fields {
            response.fields.remove(field.id)
            for value in field.values {
                try response.fields.add(field.id, try request.evaluate(value))
            }
        }
        if setsContentType, !body.isEmpty {
            try response.fields.set(.contentType, body.contentType)
        }
        if closes { try response.fields.set(.connection, "close") }
        return try request.respond(body)
    }
}

/// A status from the configuration: a number, or a text with placeholders that gives one.
enum StatusSource: Sendable {
    case constant(UInt16)
    case template(Template)
    /// The status of the error that is being answered, else a constant.
    case error(Template, else: UInt16)

    /// nil for no text.
    init?(_ text: String?, scope: Scope) throws(PluginError) {
        guard let text, !text.isEmpty else { return nil }
        if text.utf8.contains(UInt8(ascii: "{")) {
            self = .template(try scope.template(text))
            return
        }
        guard let status = UInt16(text), (100...999).contains(status) else {
            throw PluginError("status_code is \"\(text)\", expected a number from 100 to 999")
        }
        self = .constant(status)
    }

    /// nil when the placeholders gave no status.
    func value(for request: borrowing Request) throws(Status) -> UInt16? {
        let digits: UnsafeRawBufferPointer
        switch self {
        case .constant(let status): return status
        case .error(let template, let standard):
            digits = try request.evaluate(template).buffer
            if digits.isEmpty { return standard }
        case .template(let template): digits = try request.evaluate(template).buffer
        }
        guard digits.count == 3 else { return nil }
        var status: UInt16 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            status = status * 10 + UInt16(digit - UInt8(ascii: "0"))
        }
        return status >= 100 ? status : nil
    }
}

extension Bytes {
    /// What a body is when nobody said so: JSON when it is an object or an array, else text.
    fileprivate var contentType: Bytes {
        let text = buffer
        guard let first = text.firstIndex(where: { $0 > 0x20 }),
            let last = text.lastIndex(where: { $0 > 0x20 }), last - first > 1,
            text[first] == UInt8(ascii: "{") && text[last] == UInt8(ascii: "}")
                || text[first] == UInt8(ascii: "[") && text[last] == UInt8(ascii: "]"),
            JSONDocument.isValid(self)
        else { return "text/plain; charset=utf-8" }
        return "application/json"
    }
}
