// Brings issuer, storage and cache together: from what sites need to certificates to serve.
import Base

/// What a site asks for.
package enum CertificateNeed: Sendable, Hashable {
    case files(chain: String, key: String)
    /// A certificate of the issuer for this name.
    case issued(name: String)
}

/// The certificates for a set of needs.
package struct CertificateSet: Sendable {
    /// In the order of the needs.
    package fileprivate(set) var certificates: [LoadedCertificate] = []
    /// For the log, one line each.
    package fileprivate(set) var warnings: [String] = []
    /// When to load again, in seconds since 1970; nil when nothing needs renewal.
    package fileprivate(set) var renewalDue: Int64?
}

extension LoadedCertificate {
    /// When a third of the lifetime is left, in seconds since 1970.
    package var renewalDue: Int64 {
        notAfter - (notAfter - notBefore) / Limits.renewalRemainingDivisor
    }

    package func needsRenewal(now: Int64) -> Bool { now >= renewalDue }
}

/// Loads, reuses and issues certificates. Control plane only; calls may block on the disk.
package final class CertificateManager: Sendable {
    private let store: CertificateStore
    private let issuer: any CertificateIssuer
    private let cache = CertificateCache()

    package init(store: CertificateStore, issuer: any CertificateIssuer) {
        self.store = store
        self.issuer = issuer
    }

    /// - Parameter now: Seconds since 1970.
    /// - Throws: `CertificateError` of the first need that cannot be met.
    package func load(
        _ needs: [CertificateNeed], now: Int64
    ) throws(CertificateError) -> CertificateSet {
        var set = CertificateSet()
        for need in needs {
            switch need {
            case .files(let chain, let key):
                let checked = try CertificateFiles.load(chain: chain, key: key, now: now)
                set.certificates.append(checked.certificate)
                set.warnings += checked.warnings
            case .issued(let name):
                let certificate = try issued(name, now: now, warnings: &set.warnings)
                set.certificates.append(certificate)
                set.renewalDue = min(set.renewalDue ?? .max, certificate.renewalDue)
            }
        }
        return set
    }

    private func issued(
        _ rawName: String, now: Int64, warnings: inout [String]
    ) throws(CertificateError) -> LoadedCertificate {
        let name = try CertificateName(rawName)
        if let cached = cache.certificate(for: name.text), isUsable(cached, for: name, now: now) {
            return cached
        }
        let certificate = try store.withLock { () throws(CertificateError) in
            if let stored = try stored(name, now: now, warnings: &warnings) { return stored }
            let issued = try issuer.issue(names: [name.text], now: now)
            // Key and chain in one file, so that they can never disagree.
            try store.write(issued.keyPEM + issued.chainPEM, to: path(name))
            return issued
        }
        cache.insert(certificate, for: name.text)
        return certificate
    }

    /// The stored certificate when it can still be used; one that cannot be read is set aside.
    private func stored(
        _ name: CertificateName, now: Int64, warnings: inout [String]
    ) throws(CertificateError) -> LoadedCertificate? {
        guard let bytes = try store.read(path(name)) else { return nil }
        guard let leaf = X509Certificate.parse(pem: bytes).first, let key = PrivateKey(pem: bytes),
            leaf.matches(key)
        else {
            if let kept = try store.setAside(path(name), now: now) {
                warnings.append(
                    "stored certificate of \(name.text) cannot be read: kept as \(kept)")
            }
            return nil
        }
        let chain = X509Certificate.parse(pem: bytes).flatMap(\.pem)
        let certificate = LoadedCertificate(
            names: leaf.names, chainPEM: chain, keyPEM: key.pem,
            notBefore: leaf.notBefore, notAfter: leaf.notAfter)
        return isUsable(certificate, for: name, now: now) ? certificate : nil
    }

    private func isUsable(
        _ certificate: LoadedCertificate, for name: CertificateName, now: Int64
    ) -> Bool {
        certificate.names.contains(name.text) && certificate.notBefore <= now
            && !certificate.needsRenewal(now: now) && issuer.recognizes(certificate)
    }

    private func path(_ name: CertificateName) -> String {
        "certificates/\(issuer.identifier)/\(name.fileName).pem"
    }
}
