// Which servers speak TLS, with which certificates.
import Base
import Certificates
import Loader
import Logging
import Transport

/// What a server's encrypted connections need.
struct ServerTLS {
    let context: TLSServerContext
    /// For names that only handshakes know.
    let onDemand: OnDemandPolicy?
}

/// Works out certificates and contexts of one configuration. Control thread only.
struct TLSPlan {
    private let service: CertificateService
    private let automation: AutomationPlan
    private let authorities: [String: AuthoritySettings]
    private let httpPort: UInt16
    private let httpsPort: UInt16
    /// Nothing is issued or stored: the configuration is only looked at.
    private let isRehearsal: Bool
    private(set) var warnings: [String] = []
    /// When certificates are to be loaded again, seconds since 1970.
    private(set) var renewalDue: Int64?
    /// Names that get a certificate of their own whatever else covers them.
    private let forced: [String]
    private var files: [(chain: String, key: String)] = []

    /// - Parameters:
    ///   - app: The `apps.tls` object; null for none.
    ///   - authorities: Those of `apps.pki`, by id.
    init(
        _ app: JSONValue, authorities: [String: AuthoritySettings], httpPort: UInt16,
        httpsPort: UInt16, isRehearsal: Bool, service: CertificateService
    ) throws(ServerError) {
        self.service = service
        self.authorities = authorities
        self.isRehearsal = isRehearsal
        self.httpPort = httpPort
        self.httpsPort = httpsPort
        automation = try AutomationPlan(app["automation"] ?? .null)
        warnings = automation.warnings
        forced =
            app["certificates"]?["automate"]?.arrayValue?.compactMap {
                $0.stringValue?.lowercased()
            } ?? []
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
        if server.automaticHTTPS.isDisabled { return false }
        // Nobody means plain HTTP who listens on the HTTPS port alone.
        let isOnHTTPSPort = server.listen.allSatisfy { $0.hasSuffix(":\(httpsPort)") }
        return isOnHTTPSPort || !managedNames(server).isEmpty
    }

    /// What a server's listeners need; nil when none of them is encrypted.
    ///
    /// - Parameter logger: For certificates on demand.
    mutating func makeTLS(
        _ server: ServerConfiguration, ports: [UInt16], logger: Logger, now: Int64
    ) throws -> ServerTLS? {
        guard ports.contains(where: { isEncrypted(server, port: $0) }) else { return nil }
        var loaded = try loadFiles(now: now)
        let names = names(server, loaded: loaded)
        loaded += try issue(names.issued, now: now)
        var policies: [TLSPolicy] = []
        for (index, policy) in (server.tlsPolicies ?? []).enumerated() {
            policies.append(
                try TLSPolicy(
                    policy,
                    at: "apps.http.servers.\(server.name).tls_connection_policies[\(index)]"))
        }
        for file in policies.flatMap({ $0.clientAuthentication?.authorityFiles ?? [] }) {
            FilesRead.note(file)
        }
        let onDemand =
            automation.usesOnDemand || !names.wildcards.isEmpty
            ? try onDemandPolicy(names.wildcards, logger) : nil
        return ServerTLS(
            context: try TLSServerContext(
                settings(loaded, policies, asksForCertificates: onDemand != nil)),
            onDemand: onDemand)
    }

    private func onDemandPolicy(_ wildcards: Set<String>, _ logger: Logger) throws -> OnDemandPolicy
    {
        let pool = try automation.onDemand.askURL.map { url in
            var spec = UpstreamSpec(dial: url.dial, target: .host(url.host, port: url.port))
            if url.isEncrypted { spec.tls = UpstreamSpec.TLS(serverName: url.host) }
            spec.connectTimeout = Limits.onDemandAskTimeout
            return try Workers.pools.open(spec)
        }
        return OnDemandPolicy(
            automation, authorities: authorities, wildcards: wildcards, pool: pool, logger: logger)
    }

    /// Which names get certificates now, and which wildcards stand for names that come later.
    private func names(
        _ server: ServerConfiguration, loaded: [LoadedCertificate]
    ) -> (issued: [String], wildcards: Set<String>) {
        let automatic = server.automaticHTTPS
        let managed =
            automatic.isDisabled || automatic.skipsCertificates ? [] : managedNames(server)
        let wildcards = managed.filter(Self.isNarrowWildcard)
        let fromFiles = automatic.ignoresLoaded ? [] : Set(loaded.flatMap(\.names))
        let issuedWildcards = Set(managed.filter { $0.hasPrefix("*.") && !wildcards.contains($0) })
        let needed = managed.filter { name in
            !wildcards.contains(name) && !Self.covers(fromFiles, name)
                && (issuedWildcards.contains(name) || !Self.covers(issuedWildcards, name))
        }
        let all = needed + forced.filter { !needed.contains($0) }
        return (all.filter { !automation.policy(for: $0).isOnDemand }, Set(wildcards))
    }

    /// A wildcard right below a top-level name: clients do not accept it in a certificate.
    private static func isNarrowWildcard(_ name: String) -> Bool {
        name.hasPrefix("*.") && !name.dropFirst(2).contains(".")
    }

    private mutating func loadFiles(now: Int64) throws -> [LoadedCertificate] {
        var loaded: [LoadedCertificate] = []
        for file in files {
            FilesRead.note(file.chain)
            FilesRead.note(file.key)
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
        _ loaded: [LoadedCertificate], _ policies: [TLSPolicy], asksForCertificates: Bool
    ) -> TLSServerSettings {
        let certificates = loaded.map(\.forTLS)
        let byDefault = policies.compactMap(\.defaultName).first.flatMap { name in
            certificates.firstIndex { Self.covers(Set($0.names), name.lowercased()) }
        }
        // Without a name that decides, the first certificate is shown, as nginx does, unless one
        // for the address that the client connected to can be made.
        let isAnyNameOnDemand = automation.policies.contains {
            $0.isOnDemand && $0.subjects.isEmpty
        }
        let first = certificates.isEmpty || isAnyNameOnDemand ? nil : 0
        var settings = TLSServerSettings(
            certificates: certificates, defaultCertificate: byDefault ?? first)
        settings.applicationProtocols = [.http1]
        settings.policies = policies.map(\.forServer)
        settings.asksForCertificates = asksForCertificates
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
