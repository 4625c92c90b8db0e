// A root as the commands `trust` and `untrust` see it.
import Base

package struct RootCertificate: Sendable {
    package let pem: [UInt8]
    package let commonName: String
    /// SHA-256 over the certificate, lower-case hexadecimal.
    package let fingerprint: String

    /// - Throws: `CertificateError` when the text holds no certificate of an authority.
    package init(pem: [UInt8], from path: String) throws(CertificateError) {
        guard let certificate = X509Certificate.parse(pem: pem).first else {
            throw CertificateError("\(path): no certificate found, expected PEM")
        }
        guard certificate.isAuthority else {
            throw CertificateError("\(path): not the certificate of an authority")
        }
        self.pem = certificate.pem
        commonName = certificate.commonName ?? "unnamed authority"
        fingerprint = certificate.fingerprint
    }

    /// Reads a file.
    package init(path: String) throws(CertificateError) {
        guard let pem = try PrivateFiles.read(path) else {
            throw CertificateError("\(path): no such certificate file")
        }
        try self.init(pem: pem, from: path)
    }
}
