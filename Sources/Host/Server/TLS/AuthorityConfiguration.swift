// The `apps.pki` object: certificate authorities of the gateway's own.
package import Base
package import Certificates

/// Settings of the authorities by id, read strictly.
package enum AuthorityConfiguration {
    /// - Parameter app: The `apps.pki` object; null for none.
    package static func read(_ app: JSONValue) throws(ServerError) -> [String: AuthoritySettings] {
        guard app != .null else { return [:] }
        var pki = try StrictObject(app, at: "apps.pki")
        var authorities: [String: AuthoritySettings] = [:]
        for (id, json) in pki.take("certificate_authorities")?.objectValue ?? [:] {
            authorities[id] = try authority(
                id, json, at: "apps.pki.certificate_authorities.\(id)")
        }
        try pki.finish()
        return authorities
    }

    private static func authority(
        _ id: String, _ json: JSONValue, at location: String
    ) throws(ServerError) -> AuthoritySettings {
        var object = try StrictObject(json, at: location)
        var settings: AuthoritySettings
        do throws(CertificateError) {
            settings = try AuthoritySettings(identifier: id)
        } catch {
            throw ServerError("\(error)", at: location)
        }
        if let name = try object.string("name") { settings.name = name }
        if let name = try object.string("root_common_name") { settings.rootCommonName = name }
        if let name = try object.string("intermediate_common_name") {
            settings.intermediateCommonName = name
        }
        if let lifetime = try object.seconds("intermediate_lifetime") {
            settings.intermediateLifetimeSeconds = lifetime
        }
        if let ratio = object.take("renewal_window_ratio") {
            settings.renewalRemainingRatio = try self.ratio(ratio, at: object.location)
        }
        if let files = object.take("root") {
            settings.rootFiles = try self.files(files, at: "\(location).root")
        }
        if let files = object.take("intermediate") {
            settings.intermediateFiles = try self.files(files, at: "\(location).intermediate")
        }
        settings.suggestsTrust = try object.bool("install_trust") ?? true
        // Renewal needs no interval: each issuing looks whether it is due.
        _ = object.take("maintenance_interval")
        try object.finish()
        return settings
    }

    private static func ratio(_ json: JSONValue, at location: String) throws(ServerError) -> Double
    {
        let ratio: Double =
            switch json {
            case .double(let value): value
            case .int(let value): Double(value)
            case .null, .bool, .string, .array, .object: 0
            }
        guard ratio > 0, ratio < 1 else {
            throw ServerError("renewal_window_ratio must be above 0 and below 1", at: location)
        }
        return ratio
    }

    private static func files(
        _ json: JSONValue, at location: String
    ) throws(ServerError) -> AuthoritySettings.Files {
        var object = try StrictObject(json, at: location)
        guard let certificate = try object.string("certificate") else {
            throw ServerError("needs a certificate", at: location)
        }
        let key = try object.string("private_key")
        if let format = try object.string("format"), format != "pem_file" {
            throw ServerError("unknown format \"\(format)\", expected pem_file", at: location)
        }
        try object.finish()
        return AuthoritySettings.Files(certificate: certificate, key: key)
    }
}

extension StrictObject {
    /// A duration of at least one second.
    mutating func seconds(_ name: String) throws(ServerError) -> Int64? {
        guard let nanoseconds = try duration(name) else { return nil }
        guard nanoseconds >= Limits.second else {
            throw ServerError("expected at least a second", at: "\(location).\(name)")
        }
        return Int64(nanoseconds / Limits.second)
    }
}
