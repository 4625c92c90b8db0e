// Caddyfiles with the JSON or the message that they must give (Tests/Fixtures/adapt).
import Base
import Foundation
import Testing

@testable import Config

@Suite struct GoldenAdaptTests {
    /// Cases of what the host owns; the ones of plugins run against the plugins.
    static let cases: [String] = {
        let names =
            (try? FileManager.default.contentsOfDirectory(
                atPath: TestSupport.fixtures.path)) ?? []
        return names.filter { $0.hasPrefix("host_") && $0.hasSuffix(".caddyfile") }
            .map { String($0.dropLast(".caddyfile".count)) }.sorted()
    }()

    @Test func findsItsCases() {
        #expect(Self.cases.count > 60)
    }

    @Test(arguments: cases)
    func givesTheExpectedResult(_ name: String) throws {
        let text = try read("\(name).caddyfile")
        if let expected = try? read("\(name).json") {
            let adapted = try TestSupport.adapt(text).json
            #expect(adapted == (try JSONValue(parsing: expected)))
        } else {
            let expected = try read("\(name).error")
            #expect(TestSupport.failure(text) + "\n" == expected)
        }
    }

    private func read(_ name: String) throws -> String {
        try String(contentsOf: TestSupport.fixtures.appending(path: name), encoding: .utf8)
    }
}
