// bcrypt hashes of passwords.
import AuthCrypt
import PluginSDK

/// A hash of the shape `$2b$14$` + 22 characters of salt + 31 of checksum. Immutable. [any]
final class PasswordHash: Sendable {
    /// 60 bytes, always of the revision `2b`.
    let text: ConstantText
    /// Logarithm of the rounds.
    let cost: Int

    /// The revisions 2a, 2b and 2y of today's libraries mean the same; libcrypt takes 2a for an old
    /// one with a bug and hashes some passwords differently, so all of them become 2b.
    ///
    /// - Returns: nil when the text is no bcrypt hash with a cost within `Limits.bcryptCostRange`.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == Int(GW_CRYPT_HASH_SIZE), text.hasPrefix("$2"),
            [UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "y")].contains(bytes[2]),
            bytes[3] == UInt8(ascii: "$"), bytes[6] == UInt8(ascii: "$"),
            bytes[4...5].allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
            let cost = Int(String(decoding: bytes[4...5], as: UTF8.self)),
            Limits.bcryptCostRange.contains(cost),
            bytes[7...].allSatisfy(Self.alphabet.contains)
        else { return nil }
        self.cost = cost
        self.text = ConstantText("$2b" + text.dropFirst(3))
    }

    /// A hash that nobody knows the password of, as costly as a real one.
    static func unknowable(cost: Int) throws(Status) -> PasswordHash? {
        var text = "$2b$" + (cost < 10 ? "0" : "") + String(cost) + "$"
        let random = try Crypto.random(22 + 31)
        for (index, byte) in random.enumerated() {
            // The last characters of salt and checksum carry 2 and 4 bits only.
            let mask: UInt8 = index == 21 ? 0x30 : index == 52 ? 0x3C : 0x3F
            text.unicodeScalars.append(Unicode.Scalar(alphabet[Int(byte & mask)]))
        }
        return PasswordHash(text)
    }

    /// Whether a password has this hash. Takes a second for a cost of 14. [work]
    func matches(_ password: Password) -> Bool {
        withUnsafeTemporaryAllocation(
            byteCount: Int(GW_CRYPT_HASH_SIZE), alignment: 1
        ) { out in
            guard let start = out.bindMemory(to: UInt8.self).baseAddress,
                let own = text.bytes.start,
                password.withBytes({ gw_crypt_hash($0.start, $0.count, own, start) }) == 0
            else { return false }
            return Crypto.equal(Bytes(UnsafeRawBufferPointer(out)), text.bytes)
        }
    }

    /// bcrypt's own base64, in the order of its values.
    private static let alphabet = Array(
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
}

/// A password on its way to a pool thread, wiped when nobody needs it any more.
final class Password: Sendable {
    private let bytes: Bytes

    init(_ password: Bytes) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: password.count, alignment: 1)
        copy.copyMemory(from: password.buffer)
        bytes = Bytes(UnsafeRawBufferPointer(copy))
    }

    deinit {
        guard let start = bytes.start else { return }
        gw_crypt_wipe(UnsafeMutablePointer(mutating: start), bytes.count)
        start.deallocate()
    }

    func withBytes<Result>(_ body: (Bytes) -> Result) -> Result { body(bytes) }
}
