// Which servers speak TLS, with which certificates.
import Base
import Certificates
import Transport

/// Works out certificates and contexts of one configuration. Control thread only.
struct TLSPlan {
    private let findManager: () throws(CertificateError) -> CertificateManager?
    private let httpPort: UInt16
    private(set) var warnings: [String] = []
    /// When certificates are to be loaded again, seconds since 1970.
    private(set) var renewalDue: Int64?
    private var fileNeeds: [CertificateNeed] = []

    /// - Parameters:
    ///   - app: The `apps.tls` object; null for none.
    ///   - manager: Asked when certificates are needed; nil when there is no place to keep them.
    init(
        _ app: JSONValue, httpPort: UInt16,
        manager: @escaping () throws(CertificateError) -> CertificateManager?
    ) throws(ServerError) {
        findManager = manager
        self.httpPort = httpPort
        for (index, file) in (app["certificates"]?["load_files"]?.arrayValue ?? []).enumerated() {
            let location = "apps.tls.certificates.load_files[\(index)]"
            var object = try StrictObject(file, at: location)
            guard let chain = try object.string("certificate"), let key = try object.string("key")
            else { throw ServerError("needs certificate and key", at: location) }
            _ = try object.strings("tags")
            _ = try object.string("format")
            try object.finish()
            fileNeeds.append(.files(chain: chain, key: key))
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
        guard let manager = try findManager() else {
            throw ServerError(
                "server \(server.name) needs certificates, and there is no data directory: set XDG_DATA_HOME or HOME")
        }
        let files = try manager.load(fileNeeds, now: now)
        warnings += files.warnings
        var names = server.automaticHTTPS.skipsCertificates ? [] : managedNames(server)
        if server.automaticHTTPS.isDisabled { names = [] }
        let covered = Set(files.certificates.flatMap(\.names))
        let missing = names.filter { !Self.covers(covered, $0) }
        let issued = try manager.load(missing.map { .issued(name: $0) }, now: now)
        warnings += issued.warnings
        if let due = issued.renewalDue { renewalDue = min(renewalDue ?? .max, due) }
        let certificates = (files.certificates + issued.certificates).map {
            TLSCertificate(names: $0.names, chainPEM: $0.chainPEM, keyPEM: $0.keyPEM)
        }
        return try TLSServerContext(settings(certificates, server))
    }

    private func settings(_ certificates: [TLSCertificate], _ server: ServerConfiguration)
        -> TLSServerSettings
    {
        var settings = TLSServerSettings(
            certificates: certificates, defaultCertificate: certificates.isEmpty ? nil : 0)
        settings.applicationProtocols = [.http1]
        for policy in server.tlsPolicies ?? [] {
            if policy["protocol_min"]?.stringValue == "tls1.3" {
                settings.minimumVersion = .tls13
            }
            if policy["protocol_max"]?.stringValue == "tls1.2" {
                settings.maximumVersion = .tls12
            }
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
