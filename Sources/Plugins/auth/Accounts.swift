// The users of http_basic and the hashes of their passwords.
import PluginSDK

/// Immutable once validated. [any]
final class Accounts: Sendable {
    struct Account: Sendable {
        let name: String
        let hash: PasswordHash

        init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
            let path = configuration.path
            name = try scope.evaluate(try configuration.string("username") ?? "")
            let password = try scope.evaluate(try configuration.string("password") ?? "")
            guard !name.isEmpty else { throw PluginError("\(path) has no username") }
            guard !name.utf8.contains(UInt8(ascii: ":")) else {
                throw PluginError("account \"\(name)\" has a colon in its name")
            }
            guard !password.isEmpty else {
                throw PluginError("account \"\(name)\" has no password hash")
            }
            guard let hash = PasswordHash(Self.plain(password)) else {
                throw Self.problem(name, password)
            }
            self.hash = hash
        }

        /// Caddy takes hashes in base64, too.
        private static func plain(_ hash: String) -> String {
            guard !hash.hasPrefix("$") else { return hash }
            let text = Array(hash.utf8)
            let decoded = [UInt8](unsafeUninitializedCapacity: text.count) { out, count in
                count = text.withUnsafeBytes {
                    Base64.decode($0, into: UnsafeMutableRawBufferPointer(out)) ?? 0
                }
            }
            return String(decoding: decoded, as: UTF8.self)
        }

        private static func problem(_ name: String, _ hash: String) -> PluginError {
            if hash.hasPrefix("$argon2") {
                return PluginError(
                    "account \"\(name)\" has an argon2 hash, which is not supported yet",
                    hint: "make a bcrypt hash with: gatewright hash-password")
            }
            return PluginError(
                "the password of account \"\(name)\" is no bcrypt hash, expected 60 characters "
                    + "such as $2a$14$… with a cost of 4 to 20",
                hint: "make one with: gatewright hash-password")
        }
    }

    private let names: [ConstantText]
    private let hashes: [PasswordHash]
    private let digests: DigestTable?
    /// Stands in for the hash of a user that there is not, so that nobody can tell by the time.
    private let unknowable: PasswordHash?
    private let duplicate: String?

    init(_ accounts: [Account]) {
        names = accounts.map { ConstantText($0.name) }
        hashes = accounts.map(\.hash)
        digests = try? DigestTable(accounts.map { try $0.name.withBytes(Crypto.sha256) })
        unknowable = hashes.map(\.cost).max().flatMap { try? PasswordHash.unknowable(cost: $0) }
        var seen: Set<String> = []
        duplicate = accounts.first { !seen.insert($0.name).inserted }?.name
    }

    func validate() throws(PluginError) {
        guard !names.isEmpty else {
            throw PluginError("basic_auth has no account", hint: "add a line with user and hash")
        }
        if let duplicate { throw PluginError("account \"\(duplicate)\" is given twice") }
        guard unknowable != nil, digests != nil else {
            throw PluginError("no random numbers or hashes can be had from this host")
        }
    }

    /// nil for a user that there is not.
    func index(ofUser name: Bytes) throws(Status) -> Int? {
        digests?.index(of: try Crypto.sha256(name))
    }

    func name(ofAccount index: Int) -> Bytes { names[index].bytes }

    /// The hash to check against: one that nothing matches when there is no account.
    func hash(ofAccount index: Int?) throws(Status) -> PasswordHash {
        if let index { return hashes[index] }
        guard let unknowable else { throw .internal }
        return unknowable
    }
}
