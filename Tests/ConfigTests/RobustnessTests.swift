// Damaged input ends in a result or in an error, never in a trap.
import Foundation
import Testing

@testable import Config

@Suite struct RobustnessTests {
    private static let fragments = [
        "{", "}", "\n", "\"", "`", "<<E\n", "import ", "\\", "{$X}", "@a ", "(a) {\n", "&(r) {\n",
        "{args[0]}", "{args[:]}", "{block}", "\r\n", "\u{301}", "*", "[", "99999999999999999999",
        "\u{0}", "handle ", "tls ", "log ", "import a\n",
    ].map { Array($0.utf8) }

    @Test(arguments: GoldenAdaptTests.cases)
    func survivesDamagedFiles(_ name: String) throws {
        let url = TestSupport.fixtures.appending(path: "\(name).caddyfile")
        let original = Array(try Data(contentsOf: url))
        var random = SeededGenerator(state: UInt64(original.count) &+ 0x9E37_79B9_7F4A_7C15)
        for _ in 0..<40 {
            var damaged = original
            for _ in 0...Int.random(in: 0...4, using: &random) { damage(&damaged, &random) }
            let options = AdaptOptions(
                directives: SampleDirectives.all, sources: TestSupport.sources())
            do {
                _ = try CaddyfileAdapter.adapt(damaged, fileName: "Caddyfile", options: options)
            } catch {
                #expect(!error.message.isEmpty)
            }
            #expect(CaddyfileFormatter.format(damaged).last == UInt8(ascii: "\n"))
        }
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let position = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            let fragment = Self.fragments.randomElement(using: &random) ?? []
            bytes.insert(contentsOf: fragment, at: position)
        case 1: bytes.removeSubrange(position..<min(bytes.count, position + 9))
        default:
            if position < bytes.count {
                bytes[position] = UInt8.random(in: 0...255, using: &random)
            }
        }
    }
}

/// The same numbers on every run (xorshift).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
