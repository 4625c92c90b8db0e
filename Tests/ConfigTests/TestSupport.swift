// Adapts texts with files and environment from memory.
import Base
import Foundation

@testable import Config

struct MissingFile: Error {}

enum TestSupport {
    static func sources(
        files: [String: String] = [:], environment: [String: String] = [:]
    ) -> ConfigSources {
        ConfigSources(
            readFile: { path in
                guard let text = files[path] else { throw MissingFile() }
                return Array(text.utf8)
            },
            glob: { pattern in
                let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
                return files.keys.filter {
                    $0.hasPrefix(parts[0]) && $0.hasSuffix(parts[parts.count - 1])
                }
                .sorted()
            },
            environment: { environment[$0] })
    }

    static func adapt(
        _ text: String, files: [String: String] = [:], environment: [String: String] = [:]
    ) throws(ConfigError) -> AdaptResult {
        try CaddyfileAdapter.adapt(
            Array(text.utf8), fileName: "Caddyfile",
            options: AdaptOptions(
                directives: SampleDirectives.all,
                sources: sources(files: files, environment: environment)))
    }

    /// The message that an adaptation fails with, empty when it does not fail.
    static func failure(
        _ text: String, files: [String: String] = [:], environment: [String: String] = [:]
    ) -> String {
        do {
            _ = try adapt(text, files: files, environment: environment)
            return ""
        } catch {
            return "\(error)"
        }
    }

    /// The routes of the first server.
    static func routes(_ text: String, files: [String: String] = [:]) throws -> [JSONValue] {
        try adapt(text, files: files).json["apps"]?["http"]?["servers"]?["srv0"]?["routes"]?
            .arrayValue ?? []
    }

    static func tokens(
        _ text: String, environment: [String: String] = [:]
    ) throws(ConfigError) -> [Token] {
        let bytes = Array(text.utf8)
        return try Lexer.tokens(
            of: bytes, file: SourceFile(name: "f", bytes: bytes),
            environment: { environment[$0] }
        ).tokens
    }

    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/adapt")
}
