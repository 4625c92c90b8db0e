// Leafs of an internal authority, for any name.
import Base

/// Issues with an internal authority. Several issuers may share one (`issuer internal { … }`).
package final class InternalIssuer: CertificateIssuer {
    package let authority: InternalAuthority
    private let lifetimeSeconds: Int64
    private let signsWithRoot: Bool
    private let keyKind: KeyKind

    package init(
        _ authority: InternalAuthority, lifetimeSeconds: Int64 = Limits.leafLifetimeSeconds,
        signsWithRoot: Bool = false, keyKind: KeyKind = .p256
    ) {
        self.authority = authority
        self.lifetimeSeconds = lifetimeSeconds
        self.signsWithRoot = signsWithRoot
        self.keyKind = keyKind
    }

    package var identifier: String { authority.settings.identifier }

    package func issue(names: [String], now: Int64) throws(CertificateError) -> LoadedCertificate {
        var checked: [CertificateName] = []
        for name in names { checked.append(try CertificateName(name)) }
        guard let first = checked.first else {
            throw CertificateError("no name to issue a certificate for")
        }
        let (signer, chainPEM) = try authority.signer(withRoot: signsWithRoot, now: now)
        let end = min(now + lifetimeSeconds, signer.certificate.notAfter)
        guard end > now else {
            throw CertificateError(
                "authority \(identifier): what signs its certificates has expired")
        }
        let key = try PrivateKey.generate(keyKind)
        let builder = CertificateBuilder(
            // ub-common-name is 64 characters (RFC 5280, appendix A.1).
            commonName: first.text.utf8.count <= 64 ? first.text : nil,
            role: .server(alternativeNames: checked.map(\.alternativeName)),
            notBefore: max(
                CertificateBuilder.backdated(now, until: end), signer.certificate.notBefore),
            notAfter: end)
        let leaf = try builder.sign(for: key, by: signer)
        return LoadedCertificate(
            names: leaf.names, chainPEM: leaf.pem + chainPEM, keyPEM: key.pem,
            notBefore: leaf.notBefore, notAfter: leaf.notAfter)
    }

    package func recognizes(_ certificate: LoadedCertificate) -> Bool {
        let chain = X509Certificate.parse(pem: certificate.chainPEM)
        return chain.count == (signsWithRoot ? 1 : 2) && authority.recognizes(chain)
    }
}
