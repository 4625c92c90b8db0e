// The TLS options of transport http.
import PluginSDK

/// tls
/// tls_server_name <name>; tls_insecure_skip_verify; tls_timeout <duration>
/// tls_client_auth <name> | <certificate file> <key file>
/// tls_trust_pool file <file>… | <module> { … }; tls_trusted_ca_certs <file>…
/// tls_curves <curve>…; tls_renegotiation never|once|freely; tls_except_ports <port>…
extension TransportOptions {
    static let tlsNames = [
        "tls", "tls_server_name", "tls_insecure_skip_verify", "tls_timeout", "tls_client_auth",
        "tls_trust_pool", "tls_trusted_ca_certs", "tls_curves", "tls_renegotiation",
        "tls_except_ports",
    ]

    /// - Returns: Whether the line belongs to this group.
    mutating func readTLS(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) -> Bool {
        guard Self.tlsNames.contains(line.name.text) else { return false }
        var tls = tls ?? [:]
        for (name, value) in try Self.members(line, of: call) where !value.isEmpty {
            tls[name] = value
        }
        self.tls = tls
        return true
    }

    private static func members(
        _ line: Line, of call: borrowing DirectiveCall
    ) throws(PluginError) -> KeyValuePairs<String, JSONValue> {
        switch line.name.text {
        case "tls_server_name": return ["server_name": .string(try line.singleArgument().text)]
        case "tls_insecure_skip_verify":
            try line.expectArguments(0)
            return ["insecure_skip_verify": true]
        case "tls_timeout":
            return ["handshake_timeout": .int(try line.singleArgument().duration("tls_timeout"))]
        case "tls_client_auth": return try clientCertificate(line)
        case "tls_trust_pool": return ["ca": try trustPool(line)]
        case "tls_trusted_ca_certs":
            call.warn(
                PluginError(
                    "tls_trusted_ca_certs is deprecated", hint: "use tls_trust_pool file",
                    at: line.name))
            return ["root_ca_pem_files": JSONValue(try line.someArguments("a file").map(\.text))]
        case "tls_curves":
            return ["curves": JSONValue(try line.someArguments("a curve").map(\.text))]
        case "tls_except_ports":
            return ["except_ports": JSONValue(try line.someArguments("a port").map(\.text))]
        case "tls_renegotiation":
            let level = try line.singleArgument()
            guard ["never", "once", "freely"].contains(level.text) else {
                throw PluginError(
                    "tls_renegotiation is \"\(level.text)\", expected never, once or freely",
                    at: level)
            }
            return ["renegotiation": .string(level.text)]
        default:
            try line.expectArguments(0)
            return [:]
        }
    }

    private static func clientCertificate(
        _ line: Line
    ) throws(PluginError) -> KeyValuePairs<String, JSONValue> {
        try line.expectArguments(1...2)
        guard line.arguments.count == 2 else {
            return ["client_certificate_automate": .string(line.texts[0])]
        }
        return [
            "client_certificate_file": .string(line.texts[0]),
            "client_certificate_key_file": .string(line.texts[1]),
        ]
    }

    /// A source of trusted certificates: its values on the line, or under their name in a block.
    private static func trustPool(_ line: Line) throws(PluginError) -> JSONValue {
        guard let provider = line.arguments.first else {
            throw line.missingArgument("a source such as file")
        }
        let sources = [
            "file": ("pem_file", "pem_files"), "inline": ("trust_der", "trusted_ca_certs"),
            "pki_root": ("authority", "authority"), "http": ("endpoints", "endpoints"),
            "pki_intermediate": ("authority", "authority"), "storage": ("keys", "pem_keys"),
        ]
        guard let (option, member) = sources[provider.text] else {
            throw .unknown(
                "source", provider.text, in: "tls_trust_pool", known: sources.keys.sorted(),
                at: provider)
        }
        var values = line.texts.dropFirst().map { $0 }
        for inner in line.lines {
            guard inner.name.text == option else {
                throw .unknown(
                    "option", inner.name.text, in: "tls_trust_pool \(provider.text)",
                    known: [option], at: inner.name)
            }
            values += try inner.someArguments("a value").map(\.text)
        }
        return .members(["provider": .string(provider.text), member: JSONValue(values)])
    }
}
