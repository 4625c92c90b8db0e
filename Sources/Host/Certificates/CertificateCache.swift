// Issued certificates in memory, by issuer and name.
import Base
import Synchronization

/// A bounded cache that reloads share, so that they neither read nor issue anything again.
package final class CertificateCache: Sendable {
    private let entries: Mutex<RecentlyUsed<String, LoadedCertificate>>

    package init(entriesMax: Int = Limits.certificateCacheEntriesMax) {
        entries = Mutex(RecentlyUsed(entriesMax: entriesMax))
    }

    package func certificate(for key: String) -> LoadedCertificate? {
        entries.withLock { $0.use(key) }
    }

    /// Replaces what there was. When full, the one that was not used for the longest time goes.
    package func insert(_ certificate: LoadedCertificate, for key: String) {
        entries.withLock { _ = $0.insert(certificate, for: key) }
    }
}
