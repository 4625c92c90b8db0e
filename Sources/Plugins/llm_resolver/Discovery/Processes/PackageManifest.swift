// The name that a project gives itself in the manifest of its package.
import PluginSDK

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

enum PackageManifest {
    private static let readers: [(file: String, name: @Sendable ([UInt8]) -> String?)] = [
        ("package.json", jsonName),
        ("Cargo.toml", { tomlName($0, tables: ["package"]) }),
        ("pyproject.toml", { tomlName($0, tables: ["project", "tool.poetry"]) }),
        ("go.mod", moduleName),
        ("composer.json", jsonName),
    ]

    /// The first one that has a name. Links are not followed, so that nothing outside of the folder
    /// is read; special files and what is longer than the limit are passed over.
    static func name(in folder: String) -> String? {
        guard let folder = OpenFile(folder, flags: O_DIRECTORY) else { return nil }
        for reader in readers {
            guard let file = OpenFile(reader.file, in: folder.descriptor, flags: O_NOFOLLOW),
                file.isRegular
            else { continue }
            let bytes = file.bytes(atMost: DiscoveryLimits.manifestBytesMax + 1)
            guard bytes.count <= DiscoveryLimits.manifestBytesMax else { continue }
            if let name = reader.name(bytes), let name = checked(name) { return name }
        }
        return nil
    }

    /// A name is one short line.
    private static func checked(_ name: String) -> String? {
        let cleaned = CommandLine.cleaned(name, bytesMax: DiscoveryLimits.packageNameBytesMax)
        return cleaned.isEmpty || cleaned != name ? nil : cleaned
    }

    static func jsonName(_ bytes: [UInt8]) -> String? {
        let value = bytes.withUnsafeBytes { try? JSONValue(parsing: Bytes($0)) }
        guard case .object(let members) = value, case .string(let name) = members["name"] else {
            return nil
        }
        return name
    }

    /// `name = "x"` in one of the tables. Enough of TOML for what these files have at that place.
    static func tomlName(_ bytes: [UInt8], tables: [String]) -> String? {
        var isInTable = false
        for line in lines(bytes) {
            if line.hasPrefix("[") {
                isInTable = tables.contains { line == "[\($0)]" || line.hasPrefix("[\($0)] ") }
            } else if isInTable, line.hasPrefix("name") {
                let rest = trimmed(line.dropFirst(4))
                guard rest.hasPrefix("=") else { continue }
                return quoted(trimmed(rest.dropFirst()))
            }
        }
        return nil
    }

    /// The last part of the path in `module example.com/shop/api`, without a version such as "/v2".
    static func moduleName(_ bytes: [UInt8]) -> String? {
        for line in lines(bytes) where line.hasPrefix("module ") {
            let path = trimmed(line.dropFirst(7))
            var parts = (quoted(path) ?? String(path.prefix { $0 != " " })).split(separator: "/")
            if parts.count > 1, let last = parts.last, last.first == "v",
                last.dropFirst().allSatisfy(\.isNumber)
            {
                parts.removeLast()
            }
            return parts.last.map(String.init)
        }
        return nil
    }

    private static func lines(_ bytes: [UInt8]) -> [Substring] {
        bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
            .map { trimmed(Substring(String(decoding: $0, as: UTF8.self))) }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    private static func quoted(_ text: Substring) -> String? {
        guard let quote = text.first, quote == "\"" || quote == "'",
            let end = text.dropFirst().firstIndex(of: quote)
        else { return nil }
        return String(text[text.index(after: text.startIndex)..<end])
    }
}
