// Short placeholders of a Caddyfile ({host}, {header.X}) and the names they stand for.

enum Placeholders {
    /// The token with every known short form in its text replaced.
    static func expandingShorthands(in token: Token) -> Token {
        var expanded = token
        expanded.text = expandingShorthands(in: token.text)
        return expanded
    }

    /// Replaces every known short form in a text.
    static func expandingShorthands(in text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            let inner = rest.dropFirst().prefix { $0 != "}" && $0 != "{" }
            guard inner.endIndex < rest.endIndex, rest[inner.endIndex] == "}",
                let name = fullName(of: inner)
            else {
                result += "{"
                rest = rest.dropFirst()
                continue
            }
            result += "{\(name)}"
            rest = rest[rest.index(after: inner.endIndex)...]
        }
        return result + rest
    }

    private static func fullName(of short: Substring) -> String? {
        if let name = names[String(short)] { return name }
        guard let dot = short.firstIndex(of: "."),
            let family = families[String(short[..<dot])]
        else { return nil }
        let member = short[short.index(after: dot)...]
        let isValid = member.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            case UInt8(ascii: "."): family.allowsDots
            default: false
            }
        }
        return isValid ? "\(family.name).\(member)" : nil
    }

    private static let names: [String: String] = [
        "host": "http.request.host",
        "hostport": "http.request.hostport",
        "port": "http.request.port",
        "orig_method": "http.request.orig_method",
        "orig_uri": "http.request.orig_uri",
        "orig_path": "http.request.orig_uri.path",
        "orig_dir": "http.request.orig_uri.path.dir",
        "orig_file": "http.request.orig_uri.path.file",
        "orig_query": "http.request.orig_uri.query",
        "orig_?query": "http.request.orig_uri.prefixed_query",
        "method": "http.request.method",
        "uri": "http.request.uri",
        "%uri": "http.request.uri_escaped",
        "path": "http.request.uri.path",
        "%path": "http.request.uri.path_escaped",
        "dir": "http.request.uri.path.dir",
        "file": "http.request.uri.path.file",
        "query": "http.request.uri.query",
        "%query": "http.request.uri.query_escaped",
        "?query": "http.request.uri.prefixed_query",
        "remote": "http.request.remote",
        "remote_host": "http.request.remote.host",
        "remote_port": "http.request.remote.port",
        "scheme": "http.request.scheme",
        "uuid": "http.request.uuid",
        "tls_cipher": "http.request.tls.cipher_suite",
        "tls_version": "http.request.tls.version",
        "tls_client_fingerprint": "http.request.tls.client.fingerprint",
        "tls_client_issuer": "http.request.tls.client.issuer",
        "tls_client_serial": "http.request.tls.client.serial",
        "tls_client_subject": "http.request.tls.client.subject",
        "tls_client_certificate_pem": "http.request.tls.client.certificate_pem",
        "tls_client_certificate_der_base64": "http.request.tls.client.certificate_der_base64",
        "upstream_hostport": "http.reverse_proxy.upstream.hostport",
        "client_ip": "http.vars.client_ip",
    ]

    private static let families: [String: (name: String, allowsDots: Bool)] = [
        "header": ("http.request.header", false),
        "cookie": ("http.request.cookie", false),
        "labels": ("http.request.host.labels", false),
        "path": ("http.request.uri.path", false),
        "file": ("http.request.uri.path.file", false),
        "query": ("http.request.uri.query", false),
        "re": ("http.regexp", true),
        "vars": ("http.vars", false),
        "rp": ("http.reverse_proxy", true),
        "resp": ("http.intercept", true),
        "err": ("http.error", true),
        "file_match": ("http.matchers.file", false),
    ]
}
