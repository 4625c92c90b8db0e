// What a configuration says about one certificate authority (`apps.pki.certificate_authorities`).
import Base

/// Two authorities with equal settings are one.
package struct AuthoritySettings: Sendable, Hashable {
    /// PEM files of the operator's own; the authority never writes to them.
    package struct Files: Sendable, Hashable {
        package var certificate: String
        /// Nil when only the certificate is there: a root that signed the intermediate elsewhere.
        package var key: String?

        package init(certificate: String, key: String?) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Names its folder in the store.
    package let identifier: String
    package var name = "Gatewright Local Authority"
    /// `{pki.ca.name}` and `{time.now.year}` are replaced.
    package var rootCommonName = "{pki.ca.name} - {time.now.year} ECC Root"
    package var intermediateCommonName = "{pki.ca.name} - ECC Intermediate"
    package var intermediateLifetimeSeconds = Limits.intermediateLifetimeSeconds
    /// The intermediate is renewed when this part of its lifetime is left.
    package var renewalRemainingRatio = Limits.intermediateRemainingRatio
    /// Whether the operator is told of a new root. It is never installed anywhere by itself.
    package var suggestsTrust = true
    package var rootFiles: Files?
    package var intermediateFiles: Files?

    /// - Throws: `CertificateError` when the identifier cannot name a folder.
    package init(identifier: String = "local") throws(CertificateError) {
        let isName = identifier.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isName, (1...64).contains(identifier.utf8.count) else {
            throw CertificateError(
                "authority \"\(identifier)\": expected 1 to 64 letters, digits, \"-\" or \"_\"")
        }
        self.identifier = identifier
    }

    /// A common name with its placeholders replaced.
    func commonName(_ pattern: String, now: Int64) -> String {
        // The mean Gregorian year is close enough for a label.
        let year = 1970 + now / 31_556_952
        var result = ""
        var rest = Substring(pattern)
        while let character = rest.first {
            if rest.hasPrefix("{time.now.year}") {
                result += "\(year)"
                rest = rest.dropFirst("{time.now.year}".count)
            } else if rest.hasPrefix("{pki.ca.name}") {
                result += name
                rest = rest.dropFirst("{pki.ca.name}".count)
            } else {
                result.append(character)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
