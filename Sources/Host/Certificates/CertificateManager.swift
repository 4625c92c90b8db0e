// Brings issuer, storage and cache together: from names to certificates to serve.
import Base

/// What a site asks for: a certificate of an issuer for a name.
package struct CertificateRequest: Sendable {
    package let name: String
    package let issuer: any CertificateIssuer

    package init(name: String, issuer: any CertificateIssuer) {
        self.name = name
        self.issuer = issuer
    }
}

/// The certificates for a list of requests.
package struct CertificateSet: Sendable {
    /// In the order of the requests.
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

/// Loads, reuses and issues certificates. Any thread but a loop's: calls may block on the disk.
package final class CertificateManager: Sendable {
    /// Where in the store certificates are: those that a configuration names, and those that
    /// handshakes asked for, which are counted.
    package enum Shelf: String, Sendable {
        case managed = ""
        case onDemand = "on_demand/"
    }

    private let store: CertificateStore
    private let cache = CertificateCache()

    package init(store: CertificateStore) { self.store = store }

    /// - Parameter now: Seconds since 1970.
    /// - Throws: `CertificateError` of the first request that cannot be met.
    package func load(
        _ requests: [CertificateRequest], now: Int64
    ) throws(CertificateError) -> CertificateSet {
        var set = CertificateSet()
        for request in requests {
            let certificate = try certificate(request, now: now, warnings: &set.warnings)
            set.certificates.append(certificate)
            set.renewalDue = min(set.renewalDue ?? .max, certificate.renewalDue)
        }
        return set
    }

    /// One certificate: from memory, from the store, or a new one.
    ///
    /// - Parameter whenIssued: Told of a new one before it is on the disk, so that a handshake need
    ///   not wait for that.
    package func certificate(
        _ request: CertificateRequest, shelf: Shelf = .managed, now: Int64,
        warnings: inout [String], whenIssued: (LoadedCertificate) -> Void = { _ in }
    ) throws(CertificateError) -> LoadedCertificate {
        let name = try CertificateName(request.name)
        let issuer = request.issuer
        let path = path(name, issuer, shelf)
        if shelf == .managed, let cached = cache.certificate(for: path),
            isUsable(cached, name, issuer, now: now)
        {
            return cached
        }
        let certificate = try store.withLock { () throws(CertificateError) in
            if let stored = try stored(path, name, now: now, warnings: &warnings),
                isUsable(stored, name, issuer, now: now)
            {
                return stored
            }
            let issued = try issuer.issue(names: [name.text], now: now)
            whenIssued(issued)
            // Key and chain in one file, so that they can never disagree.
            try store.write(issued.keyPEM + issued.chainPEM, to: path)
            return issued
        }
        if shelf == .managed { cache.insert(certificate, for: path) }
        return certificate
    }

    /// Names that have certificates on the shelf for handshakes. Expired ones are removed.
    package func namesOnDemand(
        _ issuer: any CertificateIssuer, now: Int64
    ) throws(CertificateError) -> [String] {
        let folder = "certificates/\(issuer.identifier)/\(Shelf.onDemand.rawValue)"
        var names: [String] = []
        for file in try store.list(folder) where file.hasSuffix(".pem") {
            let leaf = try store.read(folder + file).flatMap {
                X509Certificate.parse(pem: $0).first
            }
            guard let leaf, leaf.notAfter > now, let name = leaf.names.first else {
                try store.remove(folder + file)
                continue
            }
            names.append(name)
        }
        return names
    }

    /// Forgets the certificate of a name on the shelf for handshakes.
    package func removeOnDemand(
        _ request: CertificateRequest
    ) throws(CertificateError) {
        try store.remove(path(try CertificateName(request.name), request.issuer, .onDemand))
    }

    /// The stored certificate; one that cannot be read is set aside.
    private func stored(
        _ path: String, _ name: CertificateName, now: Int64, warnings: inout [String]
    ) throws(CertificateError) -> LoadedCertificate? {
        guard let bytes = try store.read(path) else { return nil }
        let chain = X509Certificate.parse(pem: bytes)
        guard let leaf = chain.first, let key = PrivateKey(pem: bytes), leaf.matches(key) else {
            if let kept = try store.setAside(path, now: now) {
                warnings.append(
                    "stored certificate of \(name.text) cannot be read: kept as \(kept)")
            }
            return nil
        }
        return LoadedCertificate(
            names: leaf.names, chainPEM: chain.flatMap(\.pem), keyPEM: key.pem,
            notBefore: leaf.notBefore, notAfter: leaf.notAfter)
    }

    private func isUsable(
        _ certificate: LoadedCertificate, _ name: CertificateName,
        _ issuer: any CertificateIssuer, now: Int64
    ) -> Bool {
        certificate.names.contains(name.text) && certificate.notBefore <= now
            && !certificate.needsRenewal(now: now) && issuer.recognizes(certificate)
    }

    private func path(
        _ name: CertificateName, _ issuer: any CertificateIssuer, _ shelf: Shelf
    ) -> String {
        "certificates/\(issuer.identifier)/\(shelf.rawValue)\(name.fileName).pem"
    }
}
