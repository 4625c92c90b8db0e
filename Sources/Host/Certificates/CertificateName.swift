// Checks names before they get into a certificate or a file name.

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// A DNS name or address that a certificate can be issued for.
package struct CertificateName: Hashable {
    /// Lower case, no final dot; addresses in their usual form.
    let text: String
    let isAddress: Bool

    /// - Throws: `CertificateError` saying what is wrong with the name.
    init(_ name: String) throws(CertificateError) {
        var text = name.lowercased()
        if let address = Self.address(text) {
            self.text = address
            isAddress = true
            return
        }
        if text.hasSuffix(".") { text.removeLast() }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let valid = labels.enumerated().allSatisfy { index, label in
            (index == 0 && label == "*" && labels.count > 1) || Self.isLabel(label)
        }
        guard valid, text.utf8.count <= 253 else {
            throw CertificateError(
                "invalid certificate name \"\(name)\", expected a host name or an address")
        }
        self.text = text
        isAddress = false
    }

    /// Whether a text that is lower case already is one host, or an address in its usual form: no
    /// wildcard, no final dot.
    package static func isExact(_ text: String) -> Bool {
        (try? CertificateName(text)).map { $0.text == text && !text.hasPrefix("*") } ?? false
    }

    /// The entry for a subjectAltName.
    var alternativeName: String { isAddress ? "IP:\(text)" : "DNS:\(text)" }

    /// Holds no separator and never begins with a dot.
    var fileName: String {
        if text.hasPrefix("*") { return "wildcard_" + text.dropFirst(2) }
        return String(text.map { $0 == ":" ? "_" : $0 })
    }

    private static func isLabel(_ label: Substring) -> Bool {
        guard (1...63).contains(label.utf8.count), !label.hasPrefix("-"), !label.hasSuffix("-")
        else { return false }
        return label.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    private static func address(_ text: String) -> String? {
        let bare =
            text.hasPrefix("[") && text.hasSuffix("]")
            ? String(text.dropFirst().dropLast()) : text
        for family in [AF_INET, AF_INET6] {
            var bytes: (UInt64, UInt64) = (0, 0)
            guard inet_pton(family, bare, &bytes) == 1 else { continue }
            var target = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            return target.withUnsafeMutableBufferPointer { target in
                inet_ntop(family, &bytes, target.baseAddress, socklen_t(target.count))
                    .map { String(cString: $0) }
            }
        }
        return nil
    }
}
