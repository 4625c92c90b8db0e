// A parsed certificate and a private key: owners of OpenSSL's objects.
import Base
private import COpenSSL

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// A parsed X.509 certificate. Never on a request's path.
final class X509Certificate: @unchecked Sendable {
    // Unchecked: never changed once it is out of the builder; OpenSSL locks its lazy caches.
    let pointer: OpaquePointer

    /// Takes over the reference.
    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_free(pointer) }

    /// All certificates of a PEM text, in order; empty when there is none or one is malformed.
    static func parse(pem: [UInt8]) -> [X509Certificate] {
        withMemoryBIO(pem) { bio in
            var chain: [X509Certificate] = []
            while let element = PEM_read_bio_X509(bio, nil, refusePassphrase, nil) {
                chain.append(X509Certificate(owning: element))
            }
            let atEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
            ERR_clear_error()
            return atEnd ? chain : []
        } ?? []
    }

    var pem: [UInt8] { writePEM { PEM_write_bio_X509($0, pointer) } }

    /// Seconds since 1970.
    var notBefore: Int64 { seconds(X509_get0_notBefore(pointer)) }
    var notAfter: Int64 { seconds(X509_get0_notAfter(pointer)) }

    /// DNS names in lower case and addresses as text; the common name when there are none.
    var names: [String] {
        let alternatives = alternativeNames
        return alternatives.isEmpty ? commonName.map { [$0.lowercased()] } ?? [] : alternatives
    }

    var commonName: String? {
        guard let subject = X509_get_subject_name(pointer) else { return nil }
        let count = X509_NAME_get_text_by_NID(subject, NID_commonName, nil, 0)
        guard count > 0 else { return nil }
        var text = [CChar](repeating: 0, count: Int(count) + 1)
        X509_NAME_get_text_by_NID(subject, NID_commonName, &text, count + 1)
        return String(decoding: text.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// SHA-256 over its DER form, lower-case hexadecimal.
    var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard X509_digest(pointer, EVP_sha256(), &digest, nil) == 1 else { return "" }
        let digits = Array("0123456789abcdef")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// Whether it may sign certificates.
    var isAuthority: Bool { X509_check_ca(pointer) == 1 }

    /// Whether `key` belongs to this certificate.
    func matches(_ key: PrivateKey) -> Bool {
        defer { ERR_clear_error() }
        return X509_check_private_key(pointer, key.pointer) == 1
    }

    /// Whether `authority` signed this certificate.
    func isSigned(by authority: X509Certificate) -> Bool {
        defer { ERR_clear_error() }
        guard X509_check_issued(authority.pointer, pointer) == X509_V_OK,
            let key = X509_get0_pubkey(authority.pointer)
        else { return false }
        return X509_verify(pointer, key) == 1
    }

    private var alternativeNames: [String] {
        guard let list = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else {
            ERR_clear_error()
            return []
        }
        let names = OpaquePointer(list)
        defer { GENERAL_NAMES_free(names) }
        return (0..<gwx_general_names_count(names)).compactMap { index in
            var isAddress: CInt = 0
            var count: CInt = 0
            let name = gwx_general_names_at(names, index)
            guard let bytes = gwx_general_name(name, &isAddress, &count) else { return nil }
            let raw = UnsafeRawBufferPointer(start: bytes, count: Int(count))
            return isAddress == 1
                ? addressText(raw) : String(decoding: raw, as: UTF8.self).lowercased()
        }
    }
}

/// Kinds of keys for leafs, as `key_type` names them.
package enum KeyKind: String, Sendable, Hashable {
    case p256, p384, rsa2048, rsa4096, ed25519
}

/// A private key. Never on a request's path.
final class PrivateKey: @unchecked Sendable {
    // Unchecked: never changed after it was made.
    let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    static func generate(_ kind: KeyKind = .p256) throws(CertificateError) -> PrivateKey {
        let pointer =
            switch kind {
            case .p256: gwx_generate_ec("P-256")
            case .p384: gwx_generate_ec("P-384")
            case .rsa2048: gwx_generate_rsa(2048)
            case .rsa4096: gwx_generate_rsa(4096)
            case .ed25519: gwx_generate_ed25519()
            }
        guard let pointer else {
            throw CertificateError(draining: "cannot generate a key")
        }
        return PrivateKey(owning: pointer)
    }

    /// nil when the text holds no unencrypted private key.
    convenience init?(pem: [UInt8]) {
        let parsed = withMemoryBIO(pem) { PEM_read_bio_PrivateKey($0, nil, refusePassphrase, nil) }
        ERR_clear_error()
        guard let parsed, let pointer = parsed else { return nil }
        self.init(owning: pointer)
    }

    /// Signs a certificate that is complete otherwise. Ed25519 has its digest built in.
    func sign(_ certificate: OpaquePointer) -> Bool {
        let digest = EVP_PKEY_get_base_id(pointer) == EVP_PKEY_ED25519 ? nil : EVP_sha256()
        return X509_sign(certificate, pointer, digest) > 0
    }

    /// PKCS #8, unencrypted.
    var pem: [UInt8] {
        writePEM { PEM_write_bio_PKCS8PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
    }
}

extension CertificateError {
    /// Adds the reason from OpenSSL's error queue and empties it.
    init(draining what: String) {
        let reason = ERR_reason_error_string(ERR_get_error()).map { String(cString: $0) }
        ERR_clear_error()
        self.init(reason.map { "\(what): \($0)" } ?? what)
    }
}

/// The usual text of 4 or 16 address bytes, nil for another length.
private func addressText(_ bytes: UnsafeRawBufferPointer) -> String? {
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    guard bytes.count == 4 || bytes.count == 16, let source = bytes.baseAddress else { return nil }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    return text.withUnsafeMutableBufferPointer { target in
        inet_ntop(family, source, target.baseAddress, socklen_t(target.count))
            .map { String(cString: $0) }
    }
}

private func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
    var parts = tm()
    guard ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
    return Int64(timegm(&parts))
}

private func withMemoryBIO<Result>(
    _ bytes: [UInt8], _ body: (OpaquePointer) -> Result
) -> Result? {
    bytes.withUnsafeBytes { raw in
        guard let bio = BIO_new_mem_buf(raw.baseAddress, CInt(raw.count)) else { return nil }
        defer { BIO_free(bio) }
        return body(bio)
    }
}

private func writePEM(_ body: (OpaquePointer) -> CInt) -> [UInt8] {
    guard let bio = BIO_new(BIO_s_mem()) else { return [] }
    defer { BIO_free(bio) }
    guard body(bio) == 1 else { return [] }
    var bytes: UnsafeMutablePointer<CChar>?
    let count = gwx_bio_memory(bio, &bytes)
    return [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
}

/// Without it OpenSSL would ask on the terminal.
private func refusePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: CInt, _ writing: CInt,
    _ data: UnsafeMutableRawPointer?
) -> CInt {
    -1
}
