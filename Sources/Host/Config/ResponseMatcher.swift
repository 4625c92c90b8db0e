// Response matchers: status codes and fields, for plugins that act on responses.
import Base

enum ResponseMatcher {
    /// `status <code or class>…` and `header <field> [<value>]`, in any number of lines.
    static func parse(_ lines: [ConfigNode]) throws(ConfigError) -> JSONValue {
        var codes: [JSONValue] = []
        var fields: JSONObject = [:]
        for line in lines {
            switch line.name.text {
            case "status":
                if line.arguments.isEmpty { throw line.wrongCount("one or more status codes") }
                for argument in line.arguments { codes.append(try status(argument)) }
            case "header": try header(line, into: &fields)
            default:
                throw line.unknown(
                    "response matcher", in: "this block", known: ["status", "header"])
            }
        }
        var members: JSONObject = [:]
        members.set("status_code", codes)
        members.set("headers", fields)
        return .object(members)
    }

    /// A class such as 4xx is its first digit.
    private static func status(_ token: Token) throws(ConfigError) -> JSONValue {
        let text = token.text
        let digits = text.hasSuffix("xx") && text.utf8.count == 3 ? text.prefix(1) : text[...]
        guard let code = Int64(digits) else {
            throw ConfigError(
                "bad status value '\(text)', expected a code such as 404 or a class such as 5xx",
                at: token)
        }
        return .int(code)
    }

    private static func header(
        _ line: ConfigNode, into fields: inout JSONObject
    ) throws(ConfigError) {
        guard let field = line.arguments.first, line.arguments.count <= 2 else {
            throw line.wrongCount("a field and at most a value")
        }
        if field.text.hasPrefix("!"), field.text != "!" {
            if line.arguments.count > 1 { throw line.wrongCount("no value after a negated field") }
            fields[String(field.text.dropFirst())] = .null
            return
        }
        guard line.arguments.count == 2 else { throw line.wrongCount("a field and a value") }
        let name = HeaderName.canonical(field.text)
        fields[name] = .strings((fields[name]?.stringValues ?? []) + [line.texts[1]])
    }
}
