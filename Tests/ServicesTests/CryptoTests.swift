// Hashes against published vectors.
import CGateway
import Testing

@testable import Services

@Suite struct CryptoTests {
    private let table = CryptoInterface.makeTable().pointee

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func view(_ text: StaticString) -> gw_view {
        gw_view(ptr: text.utf8Start, len: text.utf8CodeUnitCount)
    }

    /// FIPS 180-4, "abc" and the empty message.
    @Test func hashes() {
        var digest = [UInt8](repeating: 0, count: 32)
        table.sha256(view("abc"), &digest)
        #expect(hex(digest) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        table.sha256(gw_view(ptr: nil, len: 0), &digest)
        #expect(hex(digest) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    /// RFC 4231 §4.3; and both empty.
    @Test func authenticates() {
        var digest = [UInt8](repeating: 0, count: 32)
        table.hmac_sha256(view("Jefe"), view("what do ya want for nothing?"), &digest)
        #expect(hex(digest) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        table.hmac_sha256(gw_view(ptr: nil, len: 0), gw_view(ptr: nil, len: 0), &digest)
        #expect(hex(digest) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func compares() {
        #expect(table.equal([1, 2, 3], [1, 2, 3], 3) == 1)
        #expect(table.equal([1, 2, 3], [1, 2, 4], 3) == 0)
        #expect(table.equal([1], [2], 0) == 1)
    }

    @Test func randomBytesDiffer() {
        var first = [UInt8](repeating: 0, count: 32)
        var second = first
        #expect(table.random(&first, 32) == GW_OK)
        #expect(table.random(&second, 32) == GW_OK)
        #expect(first != second)
    }
}
