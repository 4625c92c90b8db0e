// Checks passwords on pool threads and remembers, per worker, which ones passed.
import PluginSDK

/// Used by one worker only, hence no lock.
final class PasswordChecks: @unchecked Sendable {
    /// One password against one hash.
    struct Check {
        fileprivate let key: DigestWords
        fileprivate let hash: PasswordHash
    }

    private let scope: Scope
    private let salt: ConstantText
    private var passed: RecentKeys?
    /// Who waits for each check under way: equal checks at the same time are done once.
    private var waiting: [DigestWords: [(Bool) -> Void]] = [:]

    /// - Parameters:
    ///   - salt: Of this process, so that what is remembered cannot be tried out elsewhere.
    ///   - remembers: Whether a password that passed is checked anew each time.
    init(scope: Scope, salt: ConstantText, remembers: Bool) {
        self.scope = scope
        self.salt = salt
        passed = remembers ? RecentKeys(countMax: Limits.verifiedPasswordsMax) : nil
    }

    /// Names a check by the HMAC of hash and password.
    func check(
        _ password: Bytes, against hash: PasswordHash, for request: borrowing Request
    ) throws(Status) -> Check {
        let hashText = hash.text.bytes
        let message = try request.allocate(hashText.count + password.count)
        message.copyMemory(from: hashText.buffer)
        UnsafeMutableRawBufferPointer(rebasing: message[hashText.count...])
            .copyMemory(from: password.buffer)
        let digest = try Crypto.hmacSHA256(
            key: salt.bytes, Bytes(UnsafeRawBufferPointer(message)))
        return Check(key: DigestWords(digest), hash: hash)
    }

    func hasPassed(_ check: Check) -> Bool { passed?.contains(check.key) ?? false }

    /// Begins a check unless it is under way.
    ///
    /// - Throws: `limit` when too many are waiting.
    func start(_ check: Check, _ password: Bytes) throws(Status) {
        guard waiting[check.key] == nil else { return }
        let (hash, password) = (check.hash, Password(password))
        try scope.submit({ hash.matches(password) }) { hasPassed in
            self.finish(check.key, hasPassed)
        }
        waiting[check.key] = []
    }

    /// Calls `body` with the outcome of a check that was started, on this worker.
    func wait(for check: Check, _ body: @escaping (Bool) -> Void) {
        waiting[check.key]?.append(body)
    }

    private func finish(_ key: DigestWords, _ hasPassed: Bool) {
        if hasPassed { passed?.insert(key) }
        for body in waiting.removeValue(forKey: key) ?? [] { body(hasPassed) }
    }
}

/// The keys that came last, the oldest one leaving for a new one.
struct RecentKeys {
    private let countMax: Int
    private var keys: Set<DigestWords>
    private var order: [DigestWords] = []
    private var oldest = 0

    init(countMax: Int) {
        self.countMax = countMax
        keys = Set(minimumCapacity: countMax)
        order.reserveCapacity(countMax)
    }

    var count: Int { keys.count }

    func contains(_ key: DigestWords) -> Bool { keys.contains(key) }

    mutating func insert(_ key: DigestWords) {
        guard keys.insert(key).inserted else { return }
        guard order.count == countMax else { return order.append(key) }
        keys.remove(order[oldest])
        order[oldest] = key
        oldest = (oldest + 1) % countMax
    }
}
