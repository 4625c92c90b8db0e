// TLS contexts of upstream pools.
import Transport

/// What a pool's connections need for TLS: the context, and whose certificate is accepted.
package struct UpstreamTLS: Sendable {
    let context: TLSClientContext
    let peer: TLSPeerName

    /// - Throws: `TLSError` when a CA or certificate file cannot be used.
    init(_ spec: UpstreamSpec.TLS) throws {
        var settings = TLSClientSettings()
        if spec.isInsecure {
            settings.trust = .insecureSkipVerify
        } else if !spec.authorityFiles.isEmpty {
            settings.trust = .files(spec.authorityFiles)
        }
        if !spec.certificateFile.isEmpty {
            settings.certificate = TLSCertificate(
                names: [], chainPEM: try ControlFiles.read(spec.certificateFile),
                keyPEM: try ControlFiles.read(spec.keyFile))
        }
        context = try TLSClientContext(settings)
        peer = try TLSPeerName(spec.serverName)
    }

    /// The same trust towards another name.
    init(like other: UpstreamTLS, serverName: String) throws {
        context = other.context
        peer = try TLSPeerName(serverName)
    }
}
