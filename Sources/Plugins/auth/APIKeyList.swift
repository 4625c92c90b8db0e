// The keys of api_keys, from the configuration, the environment and files, as hashes.
import PluginSDK

/// Names and hashes while an instance is made. Keys themselves are not kept.
struct APIKeyList {
    private(set) var names: [String] = []
    private(set) var digests: [Crypto.Digest] = []
    private var known: Set<String> = []
    private var owners: [DigestWords: String] = [:]
    private let scope: Scope

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        self.scope = scope
        var list: [(name: String, key: APIKey)] = []
        list += try configuration.objects("keys") { (key) throws(PluginError) in
            try Self.read(&key, scope: scope)
        }
        for (name, key) in list { try add(name, key) }
        for path in try configuration.strings("key_files") ?? [] { try addFile(path) }
        guard !names.isEmpty else {
            throw PluginError(
                "api_keys has no key", hint: "add a line with key, key_env, key_file or keys_file")
        }
    }

    /// One object of "keys": a name, and one of hash, value, env, file.
    private static func read(
        _ entry: inout Configuration, scope: Scope
    ) throws(PluginError) -> (name: String, key: APIKey) {
        let name = try entry.string("name") ?? ""
        let (hash, value) = (try entry.string("hash"), try entry.string("value"))
        let (variable, path) = (try entry.string("env"), try entry.string("file"))
        guard [hash, value, variable, path].count(where: { $0 != nil }) == 1 else {
            throw PluginError("\(entry.path) needs exactly one of hash, value, env and file")
        }
        if let hash { return (name, try APIKey(hash: hash, of: name)) }
        if let value { return (name, try APIKey(try scope.evaluate(value), of: name)) }
        if let variable {
            return (name, try APIKey(scope.environment(variable) ?? "", of: name))
        }
        let file = path ?? ""
        scope.uses(file: file)
        let line = try KeyFile.lines(file).first ?? ""
        return (name, try APIKey(line.trimmed, of: name))
    }

    /// Lines "name:key" or "name:sha256:…"; empty ones and those that begin with # are skipped.
    private mutating func addFile(_ path: String) throws(PluginError) {
        var count = 0
        scope.uses(file: path)
        for (index, line) in try KeyFile.lines(path).enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            do throws(PluginError) {
                guard let colon = line.firstIndex(of: ":") else {
                    throw PluginError("a line without a colon, expected name:key")
                }
                let name = String(line[..<colon])
                try add(name, try APIKey(line[line.index(after: colon)...].trimmed, of: name))
            } catch {
                throw PluginError("\(path):\(index + 1): \(error.message)", hint: error.hint)
            }
            count += 1
        }
        guard count > 0 else { throw PluginError("\(path) has no key") }
    }

    private mutating func add(_ name: String, _ key: APIKey) throws(PluginError) {
        try APIKey.validate(name: name)
        guard known.insert(name).inserted else {
            throw PluginError("key \"\(name)\" is given twice")
        }
        guard names.count < Limits.apiKeysMax else {
            throw PluginError("there are more than \(Limits.apiKeysMax) keys")
        }
        if let owner = owners.updateValue(name, forKey: DigestWords(key.digest)) {
            throw PluginError("keys \"\(owner)\" and \"\(name)\" are the same")
        }
        if key.isShort { scope.warn(.shortKey(name)) }
        names.append(name)
        digests.append(key.digest)
    }
}

/// The hash of one key.
struct APIKey {
    static let hashPrefix = "sha256:"

    let digest: Crypto.Digest
    let isShort: Bool

    /// - Parameter text: The key, or "sha256:" and 64 hex digits.
    init(_ text: String, of name: String) throws(PluginError) {
        guard !text.hasPrefix(Self.hashPrefix) else {
            try self.init(hash: text, of: name)
            return
        }
        guard !text.isEmpty else {
            throw PluginError(
                "key \"\(name)\" is empty", hint: "set the variable or file that it comes from")
        }
        guard text.utf8.count <= Limits.apiKeyBytesMax else {
            throw PluginError("key \"\(name)\" is longer than \(Limits.apiKeyBytesMax) bytes")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw PluginError("key \"\(name)\" has characters that cannot be sent in a field")
        }
        guard let digest = try? text.withBytes(Crypto.sha256) else {
            throw PluginError("this host cannot hash keys")
        }
        self.init(digest, isShort: text.utf8.count < Limits.apiKeyBytesRecommended)
    }

    init(hash: String, of name: String) throws(PluginError) {
        guard hash.hasPrefix(Self.hashPrefix),
            let digest = Self.digest(hex: hash.dropFirst(Self.hashPrefix.count))
        else {
            throw PluginError(
                "the hash of key \"\(name)\" is malformed, expected sha256: and 64 hex digits",
                hint: "make one with: printf %s KEY | sha256sum")
        }
        self.init(digest, isShort: false)
    }

    private init(_ digest: Crypto.Digest, isShort: Bool) {
        self.digest = digest
        self.isShort = isShort
    }

    /// As it stands in the configuration.
    var hash: String {
        var text = Self.hashPrefix
        for index in 0..<32 {
            let byte = digest[index]
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }

    /// Names go into fields and logs.
    static func validate(name: String) throws(PluginError) {
        guard !name.isEmpty else { throw PluginError("a key has no name") }
        guard name.utf8.count <= Limits.apiKeyNameBytesMax,
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") })
        else {
            throw PluginError(
                "\"\(name)\" is no name of a key, expected up to \(Limits.apiKeyNameBytesMax) "
                    + "visible ASCII characters without colon")
        }
    }

    private static func digest(hex: Substring) -> Crypto.Digest? {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var digest = Crypto.Digest(repeating: 0)
        for index in 0..<32 {
            guard let high = nibble(digits[2 * index]), let low = nibble(digits[2 * index + 1])
            else { return nil }
            digest[index] = high << 4 | low
        }
        return digest
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension PluginError {
    static func shortKey(_ name: String, at token: Token? = nil) -> PluginError {
        PluginError(
            "key \"\(name)\" is shorter than \(Limits.apiKeyBytesRecommended) characters",
            hint: "use a long random one, such as: openssl rand -hex 24", at: token)
    }
}

extension StringProtocol {
    /// Without spaces, tabs and carriage returns at both ends.
    fileprivate var trimmed: String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D }
        let bytes = Array(utf8)
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
