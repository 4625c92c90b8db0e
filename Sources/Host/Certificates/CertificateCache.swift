// Issued certificates in memory, by name.
import Base
import Synchronization

/// A bounded cache that reloads share, so that they neither read nor issue anything again.
package final class CertificateCache: Sendable {
    private let entries = Mutex<[String: LoadedCertificate]>([:])

    package init() {}

    package func certificate(for name: String) -> LoadedCertificate? {
        entries.withLock { $0[name] }
    }

    /// Replaces what there was for `name`. When full, the one that expires first goes.
    package func insert(_ certificate: LoadedCertificate, for name: String) {
        entries.withLock { entries in
            if entries[name] == nil, entries.count >= Limits.certificateCacheEntriesMax,
                let first = entries.min(by: { $0.value.notAfter < $1.value.notAfter })
            {
                entries[first.key] = nil
            }
            entries[name] = certificate
        }
    }
}
