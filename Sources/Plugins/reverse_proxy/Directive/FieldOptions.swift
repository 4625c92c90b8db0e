// The options of reverse_proxy that change fields on the way up and down.
import PluginSDK

/// header_up   [+|-]<field> [<value>|<regexp> [<replacement>]]
/// header_down [+|-|>]<field> [<value>|<regexp> [<replacement>]]
struct FieldOptions {
    static let names = ["header_up", "header_down"]

    private var request = FieldChanges()
    private var response = FieldChanges()

    /// nil when no line of the group was there.
    var json: JSONValue? {
        let json: JSONValue = .members([
            "request": .object(request.members), "response": .object(response.members),
        ])
        return json.isEmpty ? nil : json
    }

    /// - Returns: Whether the line belongs to this group.
    mutating func read(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) -> Bool {
        guard Self.names.contains(line.name.text) else { return false }
        try line.expectArguments(1...3)
        try line.expectNoBlock()
        let field = line.arguments[0]
        guard !field.text.hasPrefix("?") else {
            throw PluginError(
                "\"\(field.text)\": ? is not possible in \(line.name.text)",
                hint: "use the directive header for defaults of a response", at: field)
        }
        let values = line.texts.dropFirst().map { $0 }
        if line.name.text == "header_down" {
            response.add(field.text, values)
            return true
        }
        for value in line.arguments.dropFirst() { try value.requireCredential(of: field.text) }
        if values.count == 1 { Self.warnIfNeedless(field, values[0], of: call) }
        request.add(field.text, values)
        return true
    }

    /// What the proxy sends anyway, by field.
    private static let needless: [String: [String]] = [
        "host": ["{http.request.hostport}"],
        "x-forwarded-for": ["{http.request.remote}", "{http.request.remote.host}"],
        "x-forwarded-proto": ["{http.request.scheme}"],
        "x-forwarded-host": ["{http.request.host}", "{http.request.hostport}"],
    ]

    private static func warnIfNeedless(
        _ field: Token, _ value: String, of call: borrowing DirectiveCall
    ) {
        guard needless[field.text.lowercased()]?.contains(value) == true else { return }
        call.warn(
            PluginError(
                "header_up \(field.text) is not needed, it is sent anyway",
                hint: "leave it away", at: field))
    }
}
