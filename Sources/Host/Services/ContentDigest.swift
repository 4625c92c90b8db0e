// SHA-256 of files, for the control plane.
private import COpenSSL

package enum ContentDigest {
    /// SHA-256 in hexadecimal digits, as sha256sum prints it.
    package static func sha256(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let isDone = bytes.withUnsafeBufferPointer {
            SHA256($0.baseAddress, $0.count, &digest) != nil
        }
        precondition(isDone, "OpenSSL computes SHA-256")
        return digest.map { byte in
            byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16)
        }.joined()
    }
}
