// The directives respond, error, abort and redir.
import PluginSDK

extension Directive {
    /// respond [<matcher>] <status>|<body> [<status>] {
    ///     body <text>
    ///     close
    /// }
    static let respond = Directive(
        "respond", order: "rank:3200", summary: "answers with a fixed status and body"
    ) { (call) throws(PluginError) in
        var (body, status) = try bodyAndStatus(call.line)
        var closes = false
        for line in call.line.lines {
            switch line.name.text {
            case "body":
                guard body.isEmpty else { throw PluginError("body is given twice", at: line.name) }
                body = try line.singleArgument().text
            case "close":
                try line.expectArguments(0)
                guard !closes else { throw PluginError("close is given twice", at: line.name) }
                closes = true
            default:
                throw .unknown(
                    "option", line.name.text, in: "respond", known: ["body", "close"],
                    at: line.name)
            }
        }
        return .members([
            "handler": "static_response", "body": .string(body), "status_code": status,
            "close": .bool(closes),
        ])
    }

    /// error [<matcher>] <status>|<message> [<status>] {
    ///     message <text>
    /// }
    static let error = Directive(
        "error", order: "rank:3000", summary: "raises an error for the error routes"
    ) { (call) throws(PluginError) in
        var (message, status) = try bodyAndStatus(call.line)
        for line in call.line.lines {
            guard line.name.text == "message" else {
                throw .unknown(
                    "option", line.name.text, in: "error", known: ["message"], at: line.name)
            }
            guard message.isEmpty else {
                throw PluginError("message is given twice", at: line.name)
            }
            message = try line.singleArgument().text
        }
        return .members(["handler": "error", "error": .string(message), "status_code": status])
    }

    /// abort [<matcher>]
    static let abort = Directive(
        "abort", order: "rank:2900", summary: "closes the connection without an answer"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(0)
        try call.line.expectNoBlock()
        return ["handler": "static_response", "abort": true]
    }

    /// redir [<matcher>] <to> [permanent|temporary|html|<status>]
    static let redir = Directive(
        "redir", order: "rank:1300", summary: "redirects the client to another address"
    ) { (call) throws(PluginError) in
        try call.line.expectArguments(1...2)
        try call.line.expectNoBlock()
        let target = call.line.arguments[0].text
        let code = call.line.arguments.count > 1 ? call.line.arguments[1] : nil
        if code?.text == "html" { return redirectPage(to: target) }
        return [
            "handler": "static_response", "headers": ["Location": [.string(target)]],
            "status_code": .status(try redirectStatus(code)),
        ]
    }

    /// The arguments that respond and error share. A lone number of three digits is a status.
    private static func bodyAndStatus(
        _ line: Line
    ) throws(PluginError) -> (text: String, status: JSONValue?) {
        try line.expectArguments(1...2)
        let first = line.arguments[0].text
        guard line.arguments.count == 1 else { return (first, .status(line.arguments[1].text)) }
        if first.utf8.count == 3, let status = Int64(first), status > 0 {
            return ("", .int(status))
        }
        return (first, nil)
    }

    private static func redirectStatus(_ code: Token?) throws(PluginError) -> String {
        guard let code else { return "302" }
        switch code.text {
        case "permanent": return "301"
        case "temporary", "": return "302"
        default: break
        }
        if code.text.hasPrefix("{") { return code.text }
        guard let status = Int(code.text), (300...399).contains(status) || status == 401 else {
            throw PluginError(
                "redir has the status \"\(code.text)\", expected 300 to 399 or 401",
                hint: "permanent, temporary and html are known, too", at: code)
        }
        return code.text
    }

    private static func redirectPage(to target: String) -> JSONValue {
        let target = escapedForHTML(target)
        let page = """
            <!DOCTYPE html>
            <html>
            \t<head>
            \t\t<title>Redirecting...</title>
            \t\t<script>window.location.replace("\(target)");</script>
            \t\t<meta http-equiv="refresh" content="0; URL='\(target)'">
            \t</head>
            \t<body>Redirecting to <a href="\(target)">\(target)</a>...</body>
            </html>

            """
        return [
            "handler": "static_response", "body": .string(page), "status_code": 200,
            "headers": ["Content-Type": ["text/html; charset=utf-8"]],
        ]
    }

    private static func escapedForHTML(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&#34;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension JSONValue {
    /// A status as Caddy writes it: a number where it is one, else the text with placeholders.
    fileprivate static func status(_ text: String) -> JSONValue {
        Int64(text).map(JSONValue.int) ?? .string(text)
    }
}
