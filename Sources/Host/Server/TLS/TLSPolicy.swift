// One TLS connection policy of a server, read strictly.
import Base
import Transport

/// What a policy asks for. Whatever it says that this gateway cannot do yet is an error: a policy
/// that is half applied would be a hole.
struct TLSPolicy {
    /// Server names that it is for; empty is for all.
    var names: [String] = []
    var minimumVersion: TLSVersion?
    var maximumVersion: TLSVersion?
    var clientAuthentication: TLSClientAuthentication?
    var defaultName: String?

    init(_ json: JSONValue, at location: String) throws(ServerError) {
        var object = try StrictObject(json, at: location)
        if let match = object.take("match") {
            var matchers = try StrictObject(match, at: "\(location).match")
            names = (try matchers.strings("sni") ?? []).map { $0.lowercased() }
            try matchers.finish()
        }
        minimumVersion = try Self.version(try object.string("protocol_min"), at: location)
        maximumVersion = try Self.version(try object.string("protocol_max"), at: location)
        if let protocols = try object.strings("alpn"), !protocols.contains("http/1.1") {
            throw ServerError("alpn without http/1.1 is not supported yet", at: location)
        }
        if let authentication = object.take("client_authentication") {
            clientAuthentication = try Self.clientAuthentication(
                authentication, at: "\(location).client_authentication")
        }
        let fallback = try object.string("fallback_sni")
        defaultName = try object.string("default_sni")
        if defaultName == nil { defaultName = fallback }
        // Which certificate is shown follows from its names; tags only repeat that.
        _ = object.take("certificate_selection")
        try object.finish()
    }

    private static func version(_ text: String?, at location: String) throws(ServerError)
        -> TLSVersion?
    {
        switch text {
        case nil: nil
        case "tls1.2": .tls12
        case "tls1.3": .tls13
        case .some(let other):
            throw ServerError(
                "unknown protocol \"\(other)\", expected tls1.2 or tls1.3", at: location)
        }
    }

    private static func clientAuthentication(_ json: JSONValue, at location: String)
        throws(ServerError) -> TLSClientAuthentication
    {
        var object = try StrictObject(json, at: location)
        var files = try object.strings("trusted_ca_certs_pem_files") ?? []
        if let pool = object.take("ca") {
            var source = try StrictObject(pool, at: "\(location).ca")
            let provider = try source.string("provider") ?? ""
            guard provider == "file" else {
                throw ServerError("trust pool \"\(provider)\" is not supported yet", at: location)
            }
            files += try source.strings("pem_files") ?? []
            try source.finish()
        }
        let mode: TLSClientAuthentication.Mode =
            switch try object.string("mode") {
            case nil: files.isEmpty ? .require : .requireAndVerify
            case "request": .request
            case "require": .require
            case "verify_if_given": .verifyIfGiven
            case "require_and_verify": .requireAndVerify
            case .some(let other): throw ServerError("unknown mode \"\(other)\"", at: location)
            }
        try object.finish()
        if files.isEmpty, mode == .verifyIfGiven || mode == .requireAndVerify {
            throw ServerError("mode needs trusted authorities", at: location)
        }
        return TLSClientAuthentication(mode: mode, authorityFiles: files)
    }
}

extension TLSPolicy {
    var forServer: TLSServerPolicy {
        TLSServerPolicy(
            names: names, minimumVersion: minimumVersion, maximumVersion: maximumVersion,
            clientAuthentication: clientAuthentication)
    }
}
