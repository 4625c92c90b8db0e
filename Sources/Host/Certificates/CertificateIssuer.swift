// Where certificates come from: the interface that the internal authority and ACME share.

/// A certificate chain with its key, as PEM, and what the gateway needs to know of it.
package struct LoadedCertificate: Sendable, Hashable {
    /// Lower case; DNS names (perhaps `*.` ones) and addresses.
    package let names: [String]
    /// Leaf first; the root is left out.
    package let chainPEM: [UInt8]
    /// PKCS #8 or the older forms, unencrypted.
    package let keyPEM: [UInt8]
    /// Seconds since 1970.
    package let notBefore: Int64
    package let notAfter: Int64
}

/// Issues certificates; control plane only. It neither stores nor caches what it issues.
package protocol CertificateIssuer: Sendable {
    /// Names the issuer's folder in the store: lower-case letters, digits and `-`.
    var identifier: String { get }

    /// A new key and certificate for `names`.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Throws: `CertificateError` that names the name at fault.
    func issue(names: [String], now: Int64) throws(CertificateError) -> LoadedCertificate

    /// Whether a certificate issued earlier may still be shown, its dates aside: an authority
    /// whose root was replaced says no.
    func recognizes(_ certificate: LoadedCertificate) -> Bool
}
