// Makes and signs certificates (RFC 5280 §4).
import Base
private import COpenSSL

/// What a new certificate says.
struct CertificateBuilder {
    enum Role {
        /// `intermediatesMax` is how many authorities may follow below it.
        case authority(intermediatesMax: Int)
        /// `DNS:` and `IP:` entries, already checked.
        case server(alternativeNames: [String])
    }

    /// Subject; left empty when nil.
    var commonName: String?
    var role: Role
    /// Seconds since 1970.
    var notBefore: Int64
    var notAfter: Int64

    /// The beginning of what ends at `end`, for clients whose clock is behind. It has to stay small
    /// beside the lifetime, of which parts say when to renew.
    static func backdated(_ now: Int64, until end: Int64) -> Int64 {
        now - min(Limits.certificateBackdateSeconds, (end - now) / 10)
    }

    /// Signs a certificate for `key`. Without an authority it signs itself.
    func sign(
        for key: PrivateKey, by authority: SigningPair? = nil
    ) throws(CertificateError) -> X509Certificate {
        ERR_clear_error()
        guard let pointer = X509_new() else {
            throw CertificateError(draining: "cannot make a certificate")
        }
        let certificate = X509Certificate(owning: pointer)
        let issuer = authority?.certificate.pointer ?? pointer
        let filled =
            X509_set_version(pointer, Int(X509_VERSION_3)) == 1 && setSerial(pointer)
            && ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(notBefore)) != nil
            && ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(notAfter)) != nil
            && X509_set_pubkey(pointer, key.pointer) == 1 && setSubject(pointer)
            && X509_set_issuer_name(pointer, X509_get_subject_name(issuer)) == 1
            && addExtensions(pointer, issuer: issuer)
            && (authority?.key ?? key).sign(pointer)
        guard filled else { throw CertificateError(draining: "cannot make a certificate") }
        return certificate
    }

    /// 127 random bits: positive, within the 20 bytes of RFC 5280 §4.1.2.2.
    private func setSerial(_ certificate: OpaquePointer) -> Bool {
        guard let number = BN_new() else { return false }
        defer { BN_free(number) }
        return BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }

    private func setSubject(_ certificate: OpaquePointer) -> Bool {
        guard let commonName else { return true }
        guard let subject = X509_get_subject_name(certificate) else { return false }
        return gwx_add_common_name(subject, commonName) == 1
    }

    private func addExtensions(_ certificate: OpaquePointer, issuer: OpaquePointer) -> Bool {
        func add(_ kind: CInt, _ value: String) -> Bool {
            gwx_add_extension(certificate, issuer, kind, value) == 1
        }
        guard add(NID_subject_key_identifier, "hash"),
            add(NID_authority_key_identifier, "keyid:always")
        else { return false }
        switch role {
        case .authority(let intermediatesMax):
            return add(NID_basic_constraints, "critical,CA:TRUE,pathlen:\(intermediatesMax)")
                && add(NID_key_usage, "critical,keyCertSign,cRLSign")
        case .server(let names):
            // Without a subject the names must be critical (RFC 5280 §4.2.1.6).
            let critical = commonName == nil ? "critical," : ""
            return add(NID_basic_constraints, "critical,CA:FALSE")
                && add(NID_key_usage, "critical,digitalSignature")
                && add(NID_ext_key_usage, "serverAuth")
                && add(NID_subject_alt_name, critical + names.joined(separator: ","))
        }
    }
}
