// What goes wrong in TLS: errors of set-up (with text) and failures of a connection (plain values).
private import COpenSSL

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// A context could not be built: an unreadable file, a key that does not match, a bad setting.
package struct TLSError: Error, Equatable, CustomStringConvertible, Sendable {
    package let description: String

    init(_ description: String) { self.description = description }

    /// Says what failed and why, taking the reason from OpenSSL's error queue and emptying it.
    init(draining what: String) {
        let code = ERR_get_error()
        ERR_clear_error()
        description = code == 0 ? what : "\(what): \(reasonText(code))"
    }
}

/// Why a connection ended, small enough to travel by value; text is made only when asked for.
package enum TLSFailure: Error, Equatable, Sendable {
    /// The peer's bytes ended without close_notify: what was read so far may be cut short
    /// (RFC 8446 §6.1).
    case truncated
    /// The peer does not speak TLS (an HTTP request on a TLS port, a plain upstream).
    case plaintext
    /// No certificate for the name that the client asked for; it got `unrecognized_name`.
    case unknownServerName
    /// No common application protocol; the peer got `no_application_protocol` (RFC 7301 §3.2).
    case noApplicationProtocol
    /// We refused the peer's certificate; an `X509_V_ERR` code.
    case certificateRejected(Int32)
    /// The peer ended the session with this alert (RFC 8446 §6.2).
    case alert(UInt8)
    /// recv or send failed with this errno.
    case system(Int32)
    /// Anything else that breaks the protocol; OpenSSL's packed error code.
    case protocolViolation(UInt)
}

extension TLSFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "connection ended without close_notify"
        case .plaintext: "peer does not speak TLS"
        case .unknownServerName: "no certificate for the requested server name"
        case .noApplicationProtocol: "no common application protocol"
        case .certificateRejected(let code): "certificate verify failed: \(verifyText(code))"
        case .alert(let number):
            "peer sent alert \(number): \(string(SSL_alert_desc_string_long(CInt(number))))"
        case .system(let number): string(strerror(number))
        case .protocolViolation(let code): reasonText(code)
        }
    }
}

extension TLSFailure {
    /// Takes the first, most specific entry of this thread's OpenSSL error queue and empties it.
    ///
    /// - Parameters:
    ///   - verifyResult: `SSL_get_verify_result` of the session.
    ///   - systemError: errno of the last failed socket call, 0 when none failed.
    static func drain(verifyResult: Int, systemError: Int32) -> TLSFailure {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return systemError == 0 ? .truncated : .system(systemError) }
        let reason = ERR_GET_REASON(code)
        switch reason {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: return .truncated
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_WRONG_VERSION_NUMBER:
            return .plaintext
        case SSL_R_NO_APPLICATION_PROTOCOL: return .noApplicationProtocol
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return .certificateRejected(Int32(truncatingIfNeeded: verifyResult))
        case SSL_AD_REASON_OFFSET..<SSL_AD_REASON_OFFSET + 256:
            return .alert(UInt8(reason - SSL_AD_REASON_OFFSET))
        default:
            return .protocolViolation(code)
        }
    }
}

private func reasonText(_ code: UInt) -> String {
    if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
    // System errors have no text of OpenSSL's own: errno beside a bit that says so.
    let systemErrorFlag: UInt = 1 << 31
    if code & systemErrorFlag != 0 { return string(strerror(CInt(code & (systemErrorFlag - 1)))) }
    return "error \(code)"
}

private func verifyText(_ code: Int32) -> String {
    string(X509_verify_cert_error_string(Int(code)))
}

private func string(_ text: UnsafePointer<CChar>?) -> String {
    text.map { String(cString: $0) } ?? "unknown"
}
