// `trust` and `untrust`: the root of an authority in the trust stores of this machine.
import Base
import Certificates
import Commands
import Server

extension Command {
    static let trust = Command(
        name: "trust", summary: "lets this machine trust the internal authority",
        details: """
            Puts the root certificate of an internal authority into the system's trust store and \
            into the NSS databases of Chromium and Firefox, and tells what other programs need. \
            The authority is made when there is none yet. The system's store needs root.
            """,
        flags: TrustTarget.flags,
        run: { arguments throws(CommandError) in
            let target = try TrustTarget(arguments)
            let root = try target.root(makesAuthority: !target.isDryRun)
            let done = TrustStores(target).install(root)
            TrustHints.show(root.path)
            return done ? .success : .failed
        })

    static let untrust = Command(
        name: "untrust", summary: "takes the internal authority out of this machine's trust stores",
        details: """
            Removes what trust has put into the trust stores. The authority itself stays in the \
            data directory.
            """,
        flags: TrustTarget.flags,
        run: { arguments throws(CommandError) in
            let target = try TrustTarget(arguments)
            let root = try target.root(makesAuthority: false)
            return TrustStores(target).remove(root) ? .success : .failed
        })
}

/// A root and the file that holds it.
struct TrustedRoot {
    var certificate: RootCertificate
    var path: String

    /// Names the entries in the stores, so that a certificate is found again whatever its authority.
    var entry: String { "gatewright-\(certificate.fingerprint.prefix(16))" }
}

/// What the flags say.
struct TrustTarget {
    var authority: String
    var certificatePath: String?
    /// Settings of `apps.pki`, by id.
    private var authorities: [String: AuthoritySettings] = [:]
    var isDryRun: Bool
    /// Stands for `/` in the paths of the system's store; empty is the machine itself.
    var prefix: String

    static let flags =
        [
            Flag("ca", .value("id"), "the authority (local)"),
            Flag(
                "cert", short: "p", .value("file"), "another certificate than the authority's root"),
            Flag("dry-run", "shows what would be done"),
            Flag("prefix", .value("folder"), "folder that the system's store is under, for images"),
        ] + ConfigInput.flags

    init(_ arguments: ParsedArguments) throws(CommandError) {
        authority = arguments.value("ca") ?? "local"
        certificatePath = arguments.value("cert")
        isDryRun = arguments.has("dry-run")
        prefix = arguments.value("prefix") ?? ""
        try Environment.load(files: arguments.values("envfile"))
        guard arguments.value("config") != nil else { return }
        let plugins = PluginSet(arguments)
        plugins.loadAll()
        let config = try ConfigInput(arguments, fallback: .json).load(plugins)
        do throws(ServerError) {
            authorities = try AuthorityConfiguration.read(config.json["apps"]?["pki"] ?? .null)
        } catch {
            throw CommandError(message: "\(error)")
        }
    }

    /// - Parameter makesAuthority: Makes the authority when there is none yet.
    func root(makesAuthority: Bool) throws(CommandError) -> TrustedRoot {
        do throws(CertificateError) {
            if let certificatePath {
                return TrustedRoot(
                    certificate: try RootCertificate(path: certificatePath), path: certificatePath)
            }
            var settings = try AuthoritySettings(identifier: authority)
            if let known = authorities[authority] { settings = known }
            if let files = settings.rootFiles {
                return TrustedRoot(
                    certificate: try RootCertificate(path: files.certificate),
                    path: files.certificate)
            }
            return try storedRoot(settings, makesAuthority: makesAuthority)
        } catch {
            throw CommandError(message: "\(error)")
        }
    }

    private func storedRoot(
        _ settings: AuthoritySettings, makesAuthority: Bool
    ) throws(CertificateError) -> TrustedRoot {
        guard
            let directory = CertificateStore.defaultDirectory(environment: Environment.variables)
        else {
            throw CertificateError("there is no data directory: set XDG_DATA_HOME or HOME")
        }
        let path = "\(directory)/\(AuthorityPaths(settings.identifier).root)"
        if makesAuthority {
            let store = try CertificateStore(directory: directory)
            let authority = try InternalAuthority(settings, store: store, now: Files.now)
            for warning in authority.takeWarnings() { Console.error(warning) }
        }
        return TrustedRoot(certificate: try RootCertificate(path: path), path: path)
    }
}
