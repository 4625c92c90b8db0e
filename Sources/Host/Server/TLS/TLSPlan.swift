// Which servers speak TLS, with which certificates.
import Base
import Certificates
import Transport

/// Works out certificates and contexts of one configuration. Control thread only.
struct TLSPlan {
    private let service: CertificateService
    private let automation: AutomationPlan
    private let authorities: [String: AuthoritySettings]
    private let httpPort: UInt16
    /// Nothing is issued or stored: the configuration is only looked at.
    private let isRehearsal: Bool
    private(set) var warnings: [String] = []
    /// When certificates are to be loaded again, seconds since 1970.
    private(set) var renewalDue: Int64?
    private var files: [(chain: String, key: String)] = []

    /// - Parameters:
    ///   - app: The `apps.tls` object; null for none.
    ///   - authorities: Those of `apps.pki`, by id.
    init(
        _ app: JSONValue, authorities: [String: AuthoritySettings], httpPort: UInt16,
        isRehearsal: Bool, service: CertificateService
    ) throws(ServerError) {
        self.service = service
        self.authorities = authorities
        self.isRehearsal = isRehearsal
        self.httpPort = httpPort
        automation = try AutomationPlan(app["automation"] ?? .null)
        warnings = automation.warnings
        guard !automation.usesOnDemand else {
            throw ServerError("on_demand is not supported yet", at: "apps.tls.automation")
        }
        for (index, file) in (app["certificates"]?["load_files"]?.arrayValue ?? []).enumerated() {
            let location = "apps.tls.certificates.load_files[\(index)]"
            var object = try StrictObject(file, at: location)
            guard let chain = try object.string("certificate"), let key = try object.string("key")
            else { throw ServerError("needs certificate and key", at: location) }
            _ = try object.strings("tags")
            _ = try object.string("format")
            try object.finish()
            files.append((chain, key))
        }
    }

    /// Whether the listener of a server on that port is encrypted, as Caddy decides it.
    func isEncrypted(_ server: ServerConfiguration, port: UInt16) -> Bool {
        guard port != httpPort else { return false }
        if let policies = server.tlsPolicies, !policies.isEmpty { return true }
        return !server.automaticHTTPS.isDisabled && !managedNames(server).isEmpty
    }

    /// The context of a server; nil when none of its listeners is encrypted.
    mutating func context(_ server: ServerConfiguration, ports: [UInt16], now: Int64) throws
        -> TLSServerContext?
    {
        guard ports.contains(where: { isEncrypted(server, port: $0) }) else { return nil }
        var loaded = try loadFiles(now: now)
        let names =
            server.automaticHTTPS.isDisabled || server.automaticHTTPS.skipsCertificates
            ? [] : managedNames(server)
        let covered = Set(loaded.flatMap(\.names))
        loaded += try issue(names.filter { !Self.covers(covered, $0) }, now: now)
        var policies: [TLSPolicy] = []
        for (index, policy) in (server.tlsPolicies ?? []).enumerated() {
            policies.append(
                try TLSPolicy(
                    policy,
                    at: "apps.http.servers.\(server.name).tls_connection_policies[\(index)]"))
        }
        return try TLSServerContext(settings(loaded, policies, server))
    }

    private mutating func loadFiles(now: Int64) throws -> [LoadedCertificate] {
        var loaded: [LoadedCertificate] = []
        for file in files {
            let checked = try CertificateFiles.load(chain: file.chain, key: file.key, now: now)
            warnings += checked.warnings
            loaded.append(checked.certificate)
        }
        return loaded
    }

    /// Certificates of the names' issuers, which come to life with the first name that needs them.
    private mutating func issue(_ names: [String], now: Int64) throws -> [LoadedCertificate] {
        guard !names.isEmpty, !isRehearsal else { return [] }
        var requests: [CertificateRequest] = []
        for name in names {
            requests.append(
                CertificateRequest(name: name, issuer: try issuer(for: name, now: now)))
        }
        let issued = try service.manager().load(requests, now: now)
        warnings += issued.warnings + service.takeWarnings()
        if let due = issued.renewalDue { renewalDue = min(renewalDue ?? .max, due) }
        return issued.certificates
    }

    private func issuer(for name: String, now: Int64) throws(CertificateError) -> InternalIssuer {
        let settings = automation.policy(for: name).issuer
        if let authority = authorities[settings.authority] {
            return try service.issuer(settings, authority, now: now)
        }
        return try service.issuer(
            settings, AuthoritySettings(identifier: settings.authority), now: now)
    }

    private func settings(
        _ loaded: [LoadedCertificate], _ policies: [TLSPolicy], _ server: ServerConfiguration
    ) throws(ServerError) -> TLSServerSettings {
        let certificates = loaded.map {
            TLSCertificate(
                names: $0.names, chainPEM: $0.chainPEM, keyPEM: $0.keyPEM,
                clientAuthentication: policies.clientAuthentication($0.names))
        }
        let byDefault = policies.compactMap(\.defaultName).first.flatMap { name in
            certificates.firstIndex { Self.covers(Set($0.names), name.lowercased()) }
        }
        // Without a name that decides, the first certificate is shown, as nginx does; never one
        // that asks for a client certificate less than another site would.
        var settings = TLSServerSettings(
            certificates: certificates,
            defaultCertificate: byDefault
                ?? certificates.firstIndex { $0.clientAuthentication != nil }
                ?? (certificates.isEmpty ? nil : 0))
        settings.applicationProtocols = [.http1]
        if let version = try policies.agreedVersion(\.minimumVersion, server: server.name) {
            settings.minimumVersion = version
        }
        if let version = try policies.agreedVersion(\.maximumVersion, server: server.name) {
            settings.maximumVersion = version
        }
        return settings
    }

    /// Host names of the server's routes that certificates are managed for.
    func managedNames(_ server: ServerConfiguration) -> [String] {
        var names: [String] = []
        for route in server.routes.arrayValue ?? [] {
            for set in route["match"]?.arrayValue ?? [] {
                for host in set["host"]?.arrayValue?.compactMap(\.stringValue) ?? [] {
                    let name = host.lowercased()
                    guard !name.contains("{"), !server.automaticHTTPS.skipped.contains(name),
                        !names.contains(name)
                    else { continue }
                    names.append(name)
                }
            }
        }
        return names
    }

    private static func covers(_ names: Set<String>, _ name: String) -> Bool {
        if names.contains(name) { return true }
        guard let dot = name.firstIndex(of: ".") else { return false }
        return names.contains("*\(name[dot...])")
    }
}
