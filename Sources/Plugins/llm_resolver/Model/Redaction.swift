// What leaves this machine loses its secrets first: values of options and variables with telling
// names, credentials in URLs, tokens by their looks.

enum Redaction {
    static let mark = "[redacted]"

    /// A command line without secrets.
    static func commandLine(_ text: String) -> String {
        var hidden = 0
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        return words.map { word in
            if hidden > 0, !word.isEmpty {
                hidden -= 1
                if !word.hasPrefix("-") { return scheme(word) ? keep(&hidden, word) : mark }
                hidden = 0
            }
            return redact(word, &hidden)
        }.joined(separator: " ")
    }

    /// Any other text: a path, a name.
    static func text(_ text: String) -> String {
        text.split(separator: "/", omittingEmptySubsequences: false)
            .map { looksSecret($0) ? mark : String($0) }.joined(separator: "/")
    }

    /// "Bearer" and "Basic" are followed by what is secret.
    private static func keep(_ hidden: inout Int, _ word: Substring) -> String {
        hidden = 1
        return String(word)
    }

    private static func scheme(_ word: Substring) -> Bool {
        let name = word.lowercased().drop { $0 == "'" || $0 == "\"" }
        return name == "bearer" || name == "basic" || name == "token"
    }

    /// One word; `hidden` is set to how many words behind it are secret.
    private static func redact(_ word: Substring, _ hidden: inout Int) -> String {
        if scheme(word) {
            hidden = 1
            return String(word)
        }
        if let mark = word.firstIndex(where: { $0 == "=" }), !word[..<mark].holds("://") {
            let value = word[word.index(after: mark)...]
            if isTelling(word[..<mark]) { return word[...mark] + Self.mark }
            return word[...mark] + url(value)
        }
        if word.hasSuffix(":"), isTelling(word.dropLast()) {
            hidden = 1
            return String(word)
        }
        if let colon = word.firstIndex(of: ":"), !word.hasPrefix("-"), isTelling(word[..<colon]),
            !word[colon...].hasPrefix("://")
        {
            return word[...colon] + mark
        }
        if word.hasPrefix("-") {
            if isTelling(word) { hidden = 1 }
            if word.hasPrefix("-p"), word.utf8.count > 4, !word.dropFirst(2).allSatisfy(\.isNumber),
                !word.hasPrefix("-port"), !word.hasPrefix("-p:")
            {
                return "-p" + mark
            }
            return String(word)
        }
        return url(word)
    }

    /// Without a user's password, telling parameters and secret-looking parts.
    private static func url(_ word: Substring) -> String {
        var rest = word
        var start = ""
        if let slashes = rest.firstRangeOfScheme {
            start = String(rest[..<slashes])
            rest = rest[slashes...]
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            if let at = authority.lastIndex(of: "@") {
                start += mark + "@"
                rest = rest[rest.index(after: at)...]
            }
        }
        let path = rest.prefix { $0 != "?" }
        var text = start + self.text(String(path))
        let query = rest.dropFirst(path.count)
        guard !query.isEmpty else { return text }
        let parameters = query.dropFirst().split(separator: "&", omittingEmptySubsequences: false)
            .map { parameter -> String in
                guard let equals = parameter.firstIndex(of: "=") else {
                    return looksSecret(parameter) ? mark : String(parameter)
                }
                let value = parameter[parameter.index(after: equals)...]
                return isTelling(parameter[..<equals]) || looksSecret(value)
                    ? parameter[...equals] + mark : String(parameter)
            }
        text += "?" + parameters.joined(separator: "&")
        return text
    }

    /// Whether a name tells that its value is secret.
    private static func isTelling(_ name: Substring) -> Bool {
        Words.split(name).contains { word in
            telling.contains(word) || endings.contains(where: word.hasSuffix)
        }
    }

    private static let endings = ["pass", "password", "passwd", "token", "secret", "apikey"]

    private static let telling: Set<String> = [
        "token", "tokens", "secret", "secrets", "password", "passwords", "passwd", "pass",
        "passphrase", "pwd", "key", "keys", "apikey", "auth", "authorization", "credential",
        "credentials", "cred", "creds", "cookie", "session", "bearer", "jwt", "dsn", "pat", "sig",
        "signature", "private", "accesskey", "secretkey", "authtoken", "accesstoken", "pin", "otp",
        "connectionstring", "salt", "license", "user", "username", "login", "webhook",
    ]

    private static let prefixes = [
        "sk-", "sk_", "pk_", "rk_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-",
        "xoxp-",
        "xoxa-", "AKIA", "ASIA", "eyJ", "npm_", "hf_", "AIza", "whsec_", "dop_v1_", "SG.", "ya29.",
    ]

    /// Whether a text looks like a token: a known beginning, or a long run of letters and digits
    /// with no word in it.
    private static func looksSecret(_ text: some StringProtocol) -> Bool {
        let bare = text.drop { "'\"(:,".contains($0) }
        if bare.utf8.count >= 16, prefixes.contains(where: { bare.hasPrefix($0) }) { return true }
        var run: [UInt8] = []
        for byte in text.utf8 {
            if isRandomByte(byte) {
                run.append(byte)
            } else {
                if isRandom(run) { return true }
                run.removeAll(keepingCapacity: true)
            }
        }
        return isRandom(run)
    }

    private static func isRandomByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// Twenty characters that change often between letters and digits or upper and lower case.
    private static func isRandom(_ run: [UInt8]) -> Bool {
        guard run.count >= 20 else { return false }
        func sort(_ byte: UInt8) -> Int {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): 0
            case UInt8(ascii: "a")...UInt8(ascii: "z"): 1
            default: 2
            }
        }
        var changes = 0
        for index in run.indices.dropFirst() where sort(run[index]) != sort(run[index - 1]) {
            changes += 1
        }
        return changes * 5 >= run.count
    }
}

extension Substring {
    /// Where the part behind "://" begins.
    fileprivate var firstRangeOfScheme: Index? {
        guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix("://") else { return nil }
        return index(colon, offsetBy: 3)
    }
}
