// Issuers, storage and certificates of the process: what reloads share.
import Base
import Certificates
import Synchronization

/// Made once; nothing is written before the first certificate is needed. Any thread but a loop's:
/// calls may block on the disk.
final class CertificateService: Sendable {
    private struct State {
        var store: CertificateStore?
        var manager: CertificateManager?
        var authorities: [AuthoritySettings: InternalAuthority] = [:]
    }

    private let directory: String?
    private let state = Mutex(State())

    /// - Parameter directory: Where certificates are kept; nil when no place is known.
    init(directory: String?) { self.directory = directory }

    /// What brings issuers and the store together.
    func manager() throws(CertificateError) -> CertificateManager {
        try state.withLock { (state) throws(CertificateError) in
            if let manager = state.manager { return manager }
            let manager = CertificateManager(store: try store(&state))
            state.manager = manager
            return manager
        }
    }

    /// The issuer with these settings. A second kind of issuer is a second case here.
    func issuer(
        _ settings: IssuerSettings, _ authority: AuthoritySettings, now: Int64
    ) throws(CertificateError) -> InternalIssuer {
        let authority = try state.withLock { (state) throws(CertificateError) in
            if let known = state.authorities[authority] { return known }
            let made = try InternalAuthority(authority, store: try store(&state), now: now)
            state.authorities[authority] = made
            return made
        }
        return InternalIssuer(
            authority, lifetimeSeconds: settings.lifetimeSeconds,
            signsWithRoot: settings.signsWithRoot, keyKind: settings.keyKind)
    }

    /// What the authorities have to say, once.
    func takeWarnings() -> [String] { authorities.flatMap { $0.takeWarnings() } }

    /// A hint for each root that was made since the last call and is meant to be trusted.
    func takeHints() -> [String] {
        authorities.filter { $0.takeNewRoot() && $0.settings.suggestsTrust }.map {
            "root \($0.rootPath) is new: \"gatewright trust\" lets this machine trust it"
        }
    }

    private var authorities: [InternalAuthority] {
        state.withLock { Array($0.authorities.values) }
    }

    private func store(_ state: inout State) throws(CertificateError) -> CertificateStore {
        if let store = state.store { return store }
        guard let directory else {
            throw CertificateError(
                "certificates are needed, and there is no data directory: set XDG_DATA_HOME or HOME"
            )
        }
        let store = try CertificateStore(directory: directory)
        state.store = store
        return store
    }
}
