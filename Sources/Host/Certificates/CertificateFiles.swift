// Certificates that the operator gives as files (`tls CERT KEY`).
import Base

/// A certificate with what the log should say about it.
package struct CheckedCertificate: Sendable {
    package let certificate: LoadedCertificate
    /// Expired, not yet valid, without names.
    package let warnings: [String]
}

package enum CertificateFiles {
    /// Reads a PEM chain and its key; both may be in one file.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Throws: `CertificateError` that names the file and what is wrong with it.
    package static func load(
        chain chainPath: String, key keyPath: String, now: Int64
    ) throws(CertificateError) -> CheckedCertificate {
        let chainPEM = try read(chainPath, "certificate")
        let keyPEM = try read(keyPath, "private key")
        guard let leaf = X509Certificate.parse(pem: chainPEM).first else {
            throw CertificateError(
                "\(chainPath): no certificate found, expected PEM with the leaf first")
        }
        guard let key = PrivateKey(pem: keyPEM) else {
            throw CertificateError("\(keyPath): no private key found, expected unencrypted PEM")
        }
        guard leaf.matches(key) else {
            throw CertificateError(
                "\(keyPath): private key does not belong to the certificate in \(chainPath)")
        }
        let certificate = LoadedCertificate(
            names: leaf.names, chainPEM: chainPEM, keyPEM: keyPEM,
            notBefore: leaf.notBefore, notAfter: leaf.notAfter)
        return CheckedCertificate(
            certificate: certificate,
            warnings: warnings(certificate, now: now).map { "\(chainPath): \($0)" })
    }

    private static func read(_ path: String, _ kind: String) throws(CertificateError) -> [UInt8] {
        guard let bytes = try PrivateFiles.read(path) else {
            throw CertificateError("\(path): no such \(kind) file")
        }
        return bytes
    }

    private static func warnings(_ certificate: LoadedCertificate, now: Int64) -> [String] {
        var warnings: [String] = []
        if certificate.notAfter < now { warnings.append("certificate has expired") }
        if certificate.notBefore > now { warnings.append("certificate is not valid yet") }
        if certificate.names.isEmpty {
            warnings.append("certificate has no names, it is used as a default only")
        }
        return warnings
    }
}
