// A certificate authority of the gateway's own: a root and the intermediate that signs for it.
import Base
import Synchronization

/// A certificate with its key.
struct SigningPair: Sendable {
    let certificate: X509Certificate
    let key: PrivateKey
}

/// Root and intermediate, ECDSA P-256, kept in the store or in the operator's files.
///
/// It renews itself when it is asked for a signer: no thread and no timer, and nothing pauses.
/// Certificates that were issued before stay good, as they carry the intermediate that signed them.
/// May be used on any thread; calls may block on the disk.
package final class InternalAuthority: Sendable {
    private struct State {
        var root: X509Certificate
        /// Nil when the operator keeps it elsewhere.
        var rootKey: PrivateKey?
        var intermediate: SigningPair
        var warnings: [String] = []
        var hasNewRoot = false
    }

    package let settings: AuthoritySettings
    private let store: CertificateStore
    private let state: Mutex<State>

    /// Loads root and intermediate, or makes what is missing, unreadable or due. Two processes that
    /// start at once end up with the same ones.
    ///
    /// - Parameter now: Seconds since 1970.
    package init(
        _ settings: AuthoritySettings, store: CertificateStore, now: Int64
    ) throws(CertificateError) {
        self.settings = settings
        self.store = store
        state = Mutex(
            try store.withLock { () throws(CertificateError) in
                try Self.load(settings, store, now: now)
            })
    }

    /// For `curl --cacert` and trust stores.
    package var rootPEM: [UInt8] { state.withLock { $0.root.pem } }

    /// What was found wrong, replaced or renewed since the last call; for the log.
    package func takeWarnings() -> [String] {
        state.withLock { state in
            defer { state.warnings = [] }
            return state.warnings
        }
    }

    /// True once after a root was made that nobody can trust yet.
    package func takeNewRoot() -> Bool {
        state.withLock { state in
            defer { state.hasNewRoot = false }
            return state.hasNewRoot
        }
    }

    /// Where its root is, for messages.
    package var rootPath: String {
        settings.rootFiles?.certificate
            ?? "\(store.directory)/\(AuthorityPaths(settings.identifier).root)"
    }

    /// What signs leafs now, and the PEM that follows a leaf in its chain.
    ///
    /// - Parameter withRoot: The root itself signs (`sign_with_root`).
    func signer(
        withRoot: Bool, now: Int64
    ) throws(CertificateError) -> (pair: SigningPair, chainPEM: [UInt8]) {
        try state.withLock { (state) throws(CertificateError) in
            if isDue(state, now: now) {
                let warnings = state.warnings
                state = try store.withLock { () throws(CertificateError) in
                    try Self.load(settings, store, now: now)
                }
                state.warnings = warnings + state.warnings
            }
            guard withRoot else { return (state.intermediate, state.intermediate.certificate.pem) }
            guard let key = state.rootKey else {
                throw CertificateError(
                    "authority \(settings.identifier): sign_with_root needs the root's key")
            }
            return (SigningPair(certificate: state.root, key: key), [])
        }
    }

    /// Whether a chain, leaf first, leads to the present root.
    func recognizes(_ chain: [X509Certificate]) -> Bool {
        guard let last = chain.last else { return false }
        return last.isSigned(by: state.withLock { $0.root })
            && zip(chain, chain.dropFirst()).allSatisfy { $0.isSigned(by: $1) }
    }

    private func isDue(_ state: State, now: Int64) -> Bool {
        (settings.rootFiles == nil && Self.isRootDue(state.root, now: now))
            || (settings.intermediateFiles == nil
                && Self.isDue(state.intermediate.certificate, settings, now: now))
    }
}

// Loading and making. The store is locked.

extension InternalAuthority {
    private static func load(
        _ settings: AuthoritySettings, _ store: CertificateStore, now: Int64
    ) throws(CertificateError) -> State {
        var warnings: [String] = []
        let root: X509Certificate
        let rootKey: PrivateKey?
        var hasNewRoot = false
        if let files = settings.rootFiles {
            (root, rootKey) = try read(files)
            if isRootDue(root, now: now) {
                warnings.append("\(files.certificate): this root is about to expire")
            }
        } else {
            let pair = try storedRoot(settings, store, now: now, warnings: &warnings)
            (root, rootKey) = (pair.certificate, pair.key)
            hasNewRoot = root.notBefore == now - Limits.certificateBackdateSeconds
        }
        let intermediate = try intermediate(
            settings, store, root: root, rootKey: rootKey, now: now, warnings: &warnings)
        return State(
            root: root, rootKey: rootKey, intermediate: intermediate, warnings: warnings,
            hasNewRoot: hasNewRoot)
    }

    private static func read(
        _ files: AuthoritySettings.Files
    ) throws(CertificateError) -> (X509Certificate, PrivateKey?) {
        guard let pem = try PrivateFiles.read(files.certificate),
            let certificate = X509Certificate.parse(pem: pem).first
        else {
            throw CertificateError("\(files.certificate): no authority certificate found")
        }
        guard certificate.isAuthority else {
            throw CertificateError("\(files.certificate): not the certificate of an authority")
        }
        guard let path = files.key else { return (certificate, nil) }
        guard let keyPEM = try PrivateFiles.read(path), let key = PrivateKey(pem: keyPEM) else {
            throw CertificateError("\(path): no private key found, expected unencrypted PEM")
        }
        guard certificate.matches(key) else {
            throw CertificateError(
                "\(path): private key does not belong to the certificate in \(files.certificate)")
        }
        return (certificate, key)
    }

    private static func isRootDue(_ root: X509Certificate, now: Int64) -> Bool {
        root.notAfter - now < Limits.authorityRemainingSecondsMin
    }

    private static func isDue(
        _ intermediate: X509Certificate, _ settings: AuthoritySettings, now: Int64
    ) -> Bool {
        let lifetime = Double(intermediate.notAfter - intermediate.notBefore)
        return Double(intermediate.notAfter - now) < lifetime * settings.renewalRemainingRatio
            || intermediate.notBefore > now
    }

    // MARK: Root

    private static func storedRoot(
        _ settings: AuthoritySettings, _ store: CertificateStore, now: Int64,
        warnings: inout [String]
    ) throws(CertificateError) -> SigningPair {
        let paths = AuthorityPaths(settings.identifier)
        let certificatePEM = try store.read(paths.root)
        let keyPEM = try store.read(paths.rootKey)
        // A key alone is what a crash between the two writes leaves: nobody has seen its root.
        guard let certificatePEM, let keyPEM else {
            if certificatePEM != nil {
                try setAside(settings, store, now, "is incomplete", &warnings)
            }
            return try makeRoot(settings, store, for: PrivateKey.generate(), now: now)
        }
        guard let root = X509Certificate.parse(pem: certificatePEM).first,
            let key = PrivateKey(pem: keyPEM), root.matches(key)
        else {
            try setAside(settings, store, now, "cannot be read", &warnings)
            return try makeRoot(settings, store, for: PrivateKey.generate(), now: now)
        }
        guard isRootDue(root, now: now) else { return SigningPair(certificate: root, key: key) }
        // The same key and name: whoever trusts the old root accepts what is issued from now on
        // until the old one expires.
        warnings.append(
            "root of authority \(settings.identifier) was renewed: trust \(store.directory)/\(paths.root)"
        )
        return try makeRoot(
            settings, store, for: key, commonName: root.commonName, now: now)
    }

    private static func setAside(
        _ settings: AuthoritySettings, _ store: CertificateStore, _ now: Int64, _ why: String,
        _ warnings: inout [String]
    ) throws(CertificateError) {
        let paths = AuthorityPaths(settings.identifier)
        for path in [paths.rootKey, paths.root] {
            guard let kept = try store.setAside(path, now: now) else { continue }
            warnings.append(
                "authority \(settings.identifier) \(why): kept as \(kept), "
                    + "a new root has to be trusted")
        }
    }

    private static func makeRoot(
        _ settings: AuthoritySettings, _ store: CertificateStore, for key: PrivateKey,
        commonName: String? = nil, now: Int64
    ) throws(CertificateError) -> SigningPair {
        let builder = CertificateBuilder(
            commonName: commonName
                ?? settings.commonName(settings.rootCommonName, now: now),
            role: .authority(intermediatesMax: 1),
            notBefore: now - Limits.certificateBackdateSeconds,
            notAfter: now + Limits.authorityLifetimeSeconds)
        let root = try builder.sign(for: key)
        let paths = AuthorityPaths(settings.identifier)
        try store.write(key.pem, to: paths.rootKey)
        try store.write(root.pem, to: paths.root)
        return SigningPair(certificate: root, key: key)
    }

    // MARK: Intermediate

    private static func intermediate(
        _ settings: AuthoritySettings, _ store: CertificateStore, root: X509Certificate,
        rootKey: PrivateKey?, now: Int64, warnings: inout [String]
    ) throws(CertificateError) -> SigningPair {
        if let files = settings.intermediateFiles {
            let (certificate, key) = try read(files)
            guard let key else {
                throw CertificateError("\(files.certificate): an intermediate needs its key")
            }
            guard certificate.isSigned(by: root) else {
                throw CertificateError(
                    "\(files.certificate): not signed by the root of authority \(settings.identifier)"
                )
            }
            return SigningPair(certificate: certificate, key: key)
        }
        let path = AuthorityPaths(settings.identifier).intermediate
        if let pem = try store.read(path) {
            if let certificate = X509Certificate.parse(pem: pem).first,
                let key = PrivateKey(pem: pem), certificate.matches(key)
            {
                if certificate.isSigned(by: root), !isDue(certificate, settings, now: now) {
                    return SigningPair(certificate: certificate, key: key)
                }
            } else if let kept = try store.setAside(path, now: now) {
                warnings.append(
                    "intermediate of authority \(settings.identifier) cannot be read: kept as \(kept)"
                )
            }
        }
        guard let rootKey else {
            throw CertificateError(
                "authority \(settings.identifier) has neither the root's key nor an intermediate")
        }
        return try makeIntermediate(
            settings, store, by: SigningPair(certificate: root, key: rootKey), now: now)
    }

    private static func makeIntermediate(
        _ settings: AuthoritySettings, _ store: CertificateStore, by root: SigningPair, now: Int64
    ) throws(CertificateError) -> SigningPair {
        guard now + settings.intermediateLifetimeSeconds <= root.certificate.notAfter else {
            throw CertificateError(
                "authority \(settings.identifier): intermediate_lifetime ends after the root does")
        }
        let key = try PrivateKey.generate()
        let builder = CertificateBuilder(
            commonName: settings.commonName(settings.intermediateCommonName, now: now),
            role: .authority(intermediatesMax: 0),
            notBefore: CertificateBuilder.backdated(
                now, until: now + settings.intermediateLifetimeSeconds),
            notAfter: now + settings.intermediateLifetimeSeconds)
        let certificate = try builder.sign(for: key, by: root)
        // Key and certificate in one file, so that they can never disagree.
        try store.write(
            key.pem + certificate.pem, to: AuthorityPaths(settings.identifier).intermediate)
        return SigningPair(certificate: certificate, key: key)
    }
}

/// Where an authority is in the store.
package struct AuthorityPaths {
    private let folder: String

    package init(_ identifier: String) { folder = "authorities/\(identifier)" }

    package var root: String { "\(folder)/root.crt" }
    var rootKey: String { "\(folder)/root.key" }
    var intermediate: String { "\(folder)/intermediate.pem" }
}
