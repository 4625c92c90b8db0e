// Formatting: layout, what stays untouched, stability.
import Foundation
import Testing

@testable import Config

@Suite struct FormatterTests {
    private func format(_ text: String) -> String {
        String(decoding: CaddyfileFormatter.format(Array(text.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        ("a {\nb\n}", "a {\n\tb\n}\n"),
        ("a {\n b   c\n\n\n\n d\n}\nb {\n}", "a {\n\tb c\n\n\td\n}\nb {\n}\n"),
        ("a {\n# x  y\n}", "a {\n\t# x  y\n}\n"),
        ("a {\n respond <<E\n   x\n   E\n}", "a {\n\trespond <<E\n   x\n   E\n}\n"),
        ("a \"b   c\" `d   e`", "a \"b   c\" `d   e`\n"),
        ("{\nx\n}\n\n\n\na {\n}", "{\n\tx\n}\n\na {\n}\n"),
        ("a {b}  {$C}", "a {b} {$C}\n"),
        ("a \\\n   b", "a \\\n b\n"),
        ("import x\n{\n}", "import x\n{\n}\n"),
    ])
    func formats(_ text: String, _ expected: String) {
        let formatted = format(text)
        #expect(formatted == expected)
        #expect(format(formatted) == formatted)
    }

    @Test(arguments: GoldenAdaptTests.cases)
    func isStableAndKeepsTheMeaning(_ name: String) throws {
        let text = try String(
            contentsOf: TestSupport.fixtures.appending(path: "\(name).caddyfile"), encoding: .utf8)
        let formatted = format(text)
        #expect(format(formatted) == formatted)
        guard let adapted = try? TestSupport.adapt(text).json else { return }
        #expect(try TestSupport.adapt(formatted).json == adapted)
    }

    @Test func unformattedFilesWarnAtTheFirstDifference() throws {
        let result = try TestSupport.adapt(":80 {\n  respond x\n}\n")
        #expect(result.warnings.map { $0.location?.line } == [2])
        #expect(try TestSupport.adapt(":80 {\n\trespond x\n}\n").warnings.isEmpty)
        #expect(try TestSupport.adapt(":80 {\r\n\trespond x\r\n}\r\n").warnings.isEmpty)
    }
}
