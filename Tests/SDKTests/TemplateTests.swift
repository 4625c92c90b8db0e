// The plugins to copy, and the commands of the SDK's README.
import Foundation
import TestHost
import Testing

@Suite struct TemplateTests {
    private let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func readme() throws -> String {
        try String(contentsOf: root.appending(path: "PluginSDK/README.md"), encoding: .utf8)
    }

    @Test func swiftTemplateGreets() throws {
        let plugin = try TestPlugin(named: "hello")
        #expect(try plugin.adapt("hello you") == #"{"handler":"hello","name":"you"}"#)
        let exchange = try plugin.make("http.handlers.hello", #"{"name": "you"}"#).exchange()
        #expect(exchange.runRequest() == 6)
        #expect(exchange.body == "Hello, you!\n")
        #expect(exchange.responseFields == ["content-type: text/plain; charset=utf-8"])
    }

    @Test func swiftCodeOfTheReadmeIsTheTemplate() throws {
        let template = try String(
            contentsOf: root.appending(path: "PluginSDK/Template/swift/Hello.swift"),
            encoding: .utf8)
        let snippet = try #require(block("swift"))
        #expect(template.contains(snippet))
    }

    @Test func commandOfTheReadmeBuildsTheCTemplate() throws {
        let object = FileManager.default.temporaryDirectory
            .appending(path: "hello_c-\(UUID().uuidString).so")
        defer { try? FileManager.default.removeItem(at: object) }
        let command = try #require(block("sh")).replacing("hello_c.so", with: object.path)
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", command.replacing("cc -std", with: "${CC:-clang} -std")]
        shell.currentDirectoryURL = root
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        let plugin = try TestPlugin(path: object.path)
        let json = try plugin.adapt("hello_c \"Hi {x}\"")
        #expect(json == #"{"handler":"hello_c","greeting":"Hi {x}"}"#)
        let exchange = try plugin.make(
            "http.handlers.hello_c", #"{"greeting":"Hi {x}"}"#
        ).exchange()
        exchange.placeholders["x"] = "you"
        #expect(exchange.runRequest() == 6)
        #expect(exchange.body == "Hi you")
    }

    /// The first code block of a language.
    private func block(_ language: String) -> String? {
        guard let text = try? readme(), let start = text.range(of: "```\(language)\n"),
            let end = text[start.upperBound...].range(of: "\n```")
        else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
    }
}
