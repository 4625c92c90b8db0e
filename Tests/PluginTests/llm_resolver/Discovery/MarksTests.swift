// What is marked, and what only looks as if it should be.
import Testing

@testable import LLMResolverParts

@Suite struct MarksTests {
    private func marks(
        _ command: String, _ arguments: String, _ port: UInt16, executable: String? = nil
    ) -> Marks {
        KnownPrograms.marks(
            of: ProcessFacts(
                processID: 1, parentID: 1, startTime: 1, command: command, arguments: arguments,
                executable: executable), port: port)
    }

    @Test(
        arguments: [
            ("sshd", "sshd: /usr/sbin/sshd -D", 22, Marks.system),
            ("node", "node /home/a/.vscode-server/cli/server-main.js --start", 38841, .editor),
            ("gopls", "gopls -mode=stdio", 4000, .editor),
            ("chrome", "chrome --remote-debugging-port=9222", 9222, [.desktop, .debugger]),
            ("node", "node --inspect=127.0.0.1:9230 src/worker.js", 9230, .debugger),
            ("node", "node --inspect=127.0.0.1:9230 src/worker.js", 3000, []),
            (
                "java", "java -agentlib:jdwp=transport=dt_socket,server=y,address=*:5005 App", 5005,
                .debugger
            ),
            ("docker-proxy", "docker-proxy -proto tcp", 8080, .containerHelper),
            // Words in arguments say what a program works on, not what it is.
            ("node", "node server.js --theme rider --data /home/a/.vscode", 3000, []),
            ("python3", "python3 rider.py", 8000, []),
        ] as [(String, String, UInt16, Marks)])
    func knowsPrograms(_ command: String, _ arguments: String, _ port: UInt16, _ expected: Marks) {
        #expect(marks(command, arguments, port) == expected)
    }

    @Test func everyMarkHasANameAndAReason() {
        for mark in Marks.names {
            let found = Marks(named: mark)
            #expect(found?.names == [mark] && found?.reasons.count == 1)
        }
        #expect(Marks(named: "other") == nil)
        #expect(Marks.usual.names == Marks.names)
    }
}
