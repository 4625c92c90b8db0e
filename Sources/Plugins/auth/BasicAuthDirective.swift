// The directive basic_auth and its old name basicauth.
import PluginSDK

extension Directive {
    /// basic_auth [<matcher>] [<algorithm> [<realm>]] {
    ///     <user> <hash>
    ///     …
    /// }
    static func basicAuth(named name: String) -> Directive {
        Directive(
            name, order: "rank:1800", options: [.matcher, .credential],
            summary: "asks for user name and password"
        ) { (call) throws(PluginError) in
            try call.line.expectArguments(0...2)
            let arguments = call.line.arguments
            var accounts: [JSONValue] = []
            for line in call.line.lines { accounts.append(try account(line)) }
            return .members([
                "handler": "authentication",
                "providers": [
                    "http_basic": httpBasic(
                        accounts, algorithm: try algorithm(arguments.first),
                        realm: arguments.count > 1 ? arguments[1].text : "")
                ],
            ])
        }
    }

    private static func httpBasic(
        _ accounts: [JSONValue], algorithm: String, realm: String
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "hash": ["algorithm": .string(algorithm)], "hash_cache": [:],
        ]
        if !accounts.isEmpty { members["accounts"] = .array(accounts) }
        if !realm.isEmpty { members["realm"] = .string(realm) }
        return .object(members)
    }

    private static func algorithm(_ token: Token?) throws(PluginError) -> String {
        guard let token else { return "bcrypt" }
        guard ["bcrypt", "argon2id"].contains(token.text) else {
            throw .unknown(
                "hash algorithm", token.text, in: "basic_auth", known: ["bcrypt", "argon2id"],
                at: token)
        }
        return token.text
    }

    private static func account(_ line: Line) throws(PluginError) -> JSONValue {
        let name = try line.name.credential("user name")
        guard line.block == nil else {
            throw PluginError("an account takes no block", at: line.name)
        }
        guard let hash = line.arguments.first else {
            throw PluginError(
                "account \"\(name)\" has no password hash",
                hint: "make one with: gatewright hash-password", at: line.name)
        }
        guard line.arguments.count == 1 else {
            throw PluginError(
                "unexpected \"\(line.arguments[1].text)\" behind the hash", at: line.arguments[1])
        }
        return [
            "username": .string(name), "password": .string(try hash.credential("password hash")),
        ]
    }
}
