// JSON for people, differences of lines, help pages.
import Base
import Commands
import Testing

@testable import Gateway

@Suite struct TextFormTests {
    @Test func indentsJSONByTabs() {
        let json = IndentedJSON.format(#"{"a":[1,{"b":"x:{,\""}],"c":{},"d":[]}"#)
        #expect(
            json == """
                {
                \t"a": [
                \t\t1,
                \t\t{
                \t\t\t"b": "x:{,\\""
                \t\t}
                \t],
                \t"c": {},
                \t"d": []
                }
                """)
    }

    @Test(arguments: [
        ("a\nb\nc\n", "a\n\tb\nc\n", "  a\n- b\n+ \tb\n  c\n"),
        ("a\n", "a\n", "  a\n"),
        ("", "a\n", "+ a\n"),
        ("a\nb\n", "", "- a\n- b\n"),
        ("x\na\n\nb\n", "a\nb\ny\n", "- x\n  a\n- \n  b\n+ y\n"),
    ])
    func showsWhatChanges(old: String, new: String, difference: String) {
        #expect(LineDifference.text(from: Array(old.utf8), to: Array(new.utf8)) == difference)
    }

    @Test func namesEveryCommandInTheOverview() {
        for command in Tool.gatewright.commands {
            #expect(HelpText.overview(of: Tool.gatewright).contains("\n  \(command.name) "))
        }
    }

    @Test func everyFlagOfACommandIsNamedOnce() {
        for command in Tool.gatewright.commands {
            let names = command.flags.map(\.name)
            #expect(Set(names).count == names.count, "\(command.name)")
            let shorts = command.flags.compactMap(\.short)
            #expect(Set(shorts).count == shorts.count, "\(command.name)")
        }
    }

    @Test func showsFlagsWithTheirValues() {
        let page = HelpText.page(of: .run, in: Tool.gatewright)
        #expect(page.contains("-c, --config <file>"))
        #expect(page.contains("    --pidfile <file>"))
    }
}
