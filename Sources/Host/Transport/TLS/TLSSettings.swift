// What a TLS context is built from: plain values that the control plane fills in.

/// An application protocol that ALPN can agree on (RFC 7301).
package enum TLSApplicationProtocol: UInt8, Sendable {
    /// The peer did not use ALPN.
    case none
    case http1
    case http2

    /// The identification sequence, empty for `none`.
    var identification: StaticString {
        switch self {
        case .none: ""
        case .http1: "http/1.1"
        case .http2: "h2"
        }
    }
}

package enum TLSVersion: UInt8, Sendable {
    case tls12
    case tls13
}

/// A certificate chain with its key, and the names for which a server shows it.
package struct TLSCertificate: Sendable {
    /// Lower-case names; `*.example.com` covers exactly one label.
    package var names: [String]
    /// Leaf first, then the intermediates.
    package var chainPEM: [UInt8]
    package var keyPEM: [UInt8]

    package init(names: [String], chainPEM: [UInt8], keyPEM: [UInt8]) {
        self.names = names
        self.chainPEM = chainPEM
        self.keyPEM = keyPEM
    }
}

/// How connections to some server names are made.
package struct TLSServerPolicy: Sendable {
    /// Lower case; `*.example.com` covers exactly one label. Empty is for all other names, and for
    /// clients that name none.
    package var names: [String]
    package var minimumVersion: TLSVersion?
    package var maximumVersion: TLSVersion?
    /// Nil asks for nothing.
    package var clientAuthentication: TLSClientAuthentication?

    package init(
        names: [String] = [], minimumVersion: TLSVersion? = nil, maximumVersion: TLSVersion? = nil,
        clientAuthentication: TLSClientAuthentication? = nil
    ) {
        self.names = names
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
        self.clientAuthentication = clientAuthentication
    }
}

/// Client certificates. Verifying modes need `authorityFiles`; a file that cannot be read is an
/// error at load, never an open door.
package struct TLSClientAuthentication: Sendable, Hashable {
    package enum Mode: Sendable, Hashable {
        case request
        case require
        case verifyIfGiven
        case requireAndVerify
    }

    package var mode: Mode
    package var authorityFiles: [String]

    package init(mode: Mode, authorityFiles: [String] = []) {
        self.mode = mode
        self.authorityFiles = authorityFiles
    }
}

package struct TLSServerSettings: Sendable {
    /// Several for one name are a choice when their keys are of different kinds; else the first
    /// one counts.
    package var certificates: [TLSCertificate]
    /// The first one that fits counts; an exact name goes before a wildcard. Where none fits, the
    /// values below hold and clients are asked for nothing.
    package var policies: [TLSServerPolicy] = []
    /// Index into `certificates` for clients without a name or with an unknown one; nil refuses
    /// both with `unrecognized_name`.
    package var defaultCertificate: Int?
    /// Names without certificate, and clients without a name where there is no default, make the
    /// handshake wait for one (`TLSStep.wantCertificate`).
    package var asksForCertificates = false
    /// In order of preference; empty leaves ALPN out.
    package var applicationProtocols: [TLSApplicationProtocol] = [.http1]
    package var minimumVersion = TLSVersion.tls12
    package var maximumVersion = TLSVersion.tls13
    package var sessionTickets = true

    package init(certificates: [TLSCertificate], defaultCertificate: Int? = nil) {
        self.certificates = certificates
        self.defaultCertificate = defaultCertificate
    }
}

package struct TLSClientSettings: Sendable {
    package enum Trust: Sendable, Hashable {
        case systemStore
        /// PEM files; they replace the system store.
        case files([String])
        /// Accepts any certificate (`tls_insecure_skip_verify`).
        case insecureSkipVerify
    }

    package var trust = Trust.systemStore
    package var applicationProtocols: [TLSApplicationProtocol] = [.http1]
    package var minimumVersion = TLSVersion.tls12
    package var maximumVersion = TLSVersion.tls13
    /// Shown to servers that ask for one; its names are not used.
    package var certificate: TLSCertificate?

    package init(trust: Trust = .systemStore) { self.trust = trust }
}
