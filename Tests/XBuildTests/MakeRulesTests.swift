// Which files a compiler has read.
import Testing

@testable import XBuild

@Suite struct MakeRulesTests {
    @Test(
        arguments: [
            ("a.o: a.c /usr/include/b.h", ["/p/a.c", "/usr/include/b.h"]),
            ("a.o: a.c \\\n  b.h \\\n /c.h\n", ["/p/a.c", "/p/b.h", "/c.h"]),
            ("/x/a.o : /x/a.swift /x/b.swift\n", ["/x/a.swift", "/x/b.swift"]),
            ("a.o: /with\\ space/a.h /ha\\#sh", ["/with space/a.h", "/ha#sh"]),
            ("# env-dep:A=b: c\na: /a.rs\n\n/a.rs:\n/b.rs: /c.rs", ["/a.rs", "/c.rs"]),
            ("", []), ("no rule", []), ("a:", []),
        ] as [(String, Set<String>)])
    func reads(text: String, sources: Set<String>) {
        #expect(MakeRules.sources(text, from: "/p") == sources)
    }
}
