// The gateway's own certificate authority: a root kept in the store, leafs for any name.
import Base

/// Signs with a root (ECDSA P-256, ten years) that it makes once and keeps in the store.
package final class InternalIssuer: CertificateIssuer {
    package let identifier = "local"
    /// For `curl --cacert` and trust stores.
    package let rootPEM: [UInt8]
    /// What was found wrong in the store and replaced; for the log.
    package let warnings: [String]

    private let root: X509Certificate
    private let key: PrivateKey

    private static let certificatePath = "authorities/local/root.crt"
    private static let keyPath = "authorities/local/root.key"

    /// Loads the root, or makes one when there is none, when it cannot be read, or when it is
    /// about to expire. Two processes that start at once end up with the same root.
    ///
    /// - Parameter now: Seconds since 1970.
    package init(store: CertificateStore, now: Int64) throws(CertificateError) {
        var warnings: [String] = []
        (root, key) = try store.withLock { () throws(CertificateError) in
            if let stored = try Self.load(store, now: now, warnings: &warnings) { return stored }
            return try Self.create(store, now: now)
        }
        rootPEM = root.pem
        self.warnings = warnings
    }

    package func issue(names: [String], now: Int64) throws(CertificateError) -> LoadedCertificate {
        var checked: [CertificateName] = []
        for name in names { checked.append(try CertificateName(name)) }
        guard let first = checked.first else {
            throw CertificateError("no name to issue a certificate for")
        }
        let key = try PrivateKey.generate()
        let builder = CertificateBuilder(
            // ub-common-name is 64 characters (RFC 5280, appendix A.1).
            commonName: first.text.utf8.count <= 64 ? first.text : nil,
            alternativeNames: checked.map(\.alternativeName),
            notBefore: now - Limits.certificateBackdateSeconds,
            notAfter: min(now + Limits.leafLifetimeSeconds, root.notAfter))
        let leaf = try builder.sign(for: key, by: (root, self.key))
        return LoadedCertificate(
            names: leaf.names, chainPEM: leaf.pem, keyPEM: key.pem,
            notBefore: leaf.notBefore, notAfter: leaf.notAfter)
    }

    package func recognizes(_ certificate: LoadedCertificate) -> Bool {
        X509Certificate.parse(pem: certificate.chainPEM).first?.isSigned(by: root) ?? false
    }
}

extension InternalIssuer {
    private static func load(
        _ store: CertificateStore, now: Int64, warnings: inout [String]
    ) throws(CertificateError) -> (X509Certificate, PrivateKey)? {
        let certificatePEM = try store.read(certificatePath)
        let keyPEM = try store.read(keyPath)
        guard let certificatePEM, let keyPEM else {
            // Half a pair is what a crash between the two writes leaves.
            if certificatePEM == nil, keyPEM == nil { return nil }
            try setAside(store, now: now, why: "is incomplete", warnings: &warnings)
            return nil
        }
        guard let root = X509Certificate.parse(pem: certificatePEM).first,
            let key = PrivateKey(pem: keyPEM), root.matches(key)
        else {
            try setAside(store, now: now, why: "cannot be read", warnings: &warnings)
            return nil
        }
        guard root.notAfter - now >= Limits.authorityRemainingSecondsMin else {
            try setAside(store, now: now, why: "is about to expire", warnings: &warnings)
            return nil
        }
        return (root, key)
    }

    private static func setAside(
        _ store: CertificateStore, now: Int64, why: String, warnings: inout [String]
    ) throws(CertificateError) {
        for path in [keyPath, certificatePath] {
            guard let kept = try store.setAside(path, now: now) else { continue }
            warnings.append("local authority \(why): kept as \(kept), a new root has to be trusted")
        }
    }

    private static func create(
        _ store: CertificateStore, now: Int64
    ) throws(CertificateError) -> (X509Certificate, PrivateKey) {
        let key = try PrivateKey.generate()
        let builder = CertificateBuilder(
            commonName: "Gatewright Local Authority - \(year(now)) ECC Root", isAuthority: true,
            notBefore: now - Limits.certificateBackdateSeconds,
            notAfter: now + Limits.authorityLifetimeSeconds)
        let root = try builder.sign(for: key)
        try store.write(key.pem, to: keyPath)
        try store.write(root.pem, to: certificatePath)
        return (root, key)
    }

    /// The year of a time in seconds since 1970, by the mean Gregorian year.
    private static func year(_ now: Int64) -> Int64 { 1970 + now / 31_556_952 }
}
