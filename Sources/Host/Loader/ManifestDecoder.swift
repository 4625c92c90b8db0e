// Strict types for a manifest's members; unknown members only warn, they may be from the future.
internal import Base

struct ManifestError: Error {
    var message: String
}

/// Decodes one manifest.
struct ManifestDecoder {
    private var warnings: [String] = []

    static func decode(_ value: JSONValue) throws(ManifestError) -> PluginManifest {
        var decoder = ManifestDecoder()
        return try decoder.manifest(value)
    }

    private mutating func manifest(_ value: JSONValue) throws(ManifestError) -> PluginManifest {
        let known: Set = [
            "name", "version", "abi", "runtime", "modules", "permissions", "provides", "license",
            "build_id", "signature", "description",
        ]
        let members = try object(value, "manifest", known: known)
        let name = try text(members, "name")
        guard PluginName.isValid(name) else {
            throw ManifestError(
                message: "name \"\(name)\" is not valid, expected letters, digits, _ and -")
        }
        let modules = try array(members, "modules")
        guard modules.count <= Limits.pluginModulesMax else {
            throw ManifestError(
                message: "\(modules.count) modules, expected at most \(Limits.pluginModulesMax)")
        }
        var entries: [PluginManifest.Module] = []
        for (index, module) in modules.enumerated() {
            entries.append(try self.module(module, "modules[\(index)]"))
        }
        return PluginManifest(
            name: name, version: try text(members, "version"),
            abi: try abi(members["abi"] ?? .null), runtime: try runtime(members["runtime"]),
            modules: entries, permissions: try texts(members, "permissions"),
            provides: try texts(members, "provides"), warnings: warnings)
    }

    private mutating func abi(_ value: JSONValue) throws(ManifestError) -> PluginManifest.ABI {
        let members = try object(value, "abi", known: ["major", "min_minor", "built_minor"])
        let minimum = try number(members, "min_minor", in: "abi")
        return PluginManifest.ABI(
            major: try number(members, "major", in: "abi"), minMinor: minimum,
            builtMinor: members["built_minor"] == nil
                ? minimum : try number(members, "built_minor", in: "abi"))
    }

    private mutating func runtime(
        _ value: JSONValue?
    ) throws(ManifestError) -> PluginManifest.Runtime? {
        guard let value else { return nil }
        let known: Set = ["lang", "mode", "toolchain", "threads", "unloadable"]
        let members = try object(value, "runtime", known: known)
        let mode = try optionalText(members, "mode", in: "runtime")
        guard ["", "shared", "island", "embedded", "none"].contains(mode) else {
            throw ManifestError(
                message: "runtime.mode is \"\(mode)\", expected shared, island, embedded or none")
        }
        return PluginManifest.Runtime(
            language: try optionalText(members, "lang", in: "runtime"), mode: mode)
    }

    private mutating func module(
        _ value: JSONValue, _ path: String
    ) throws(ManifestError) -> PluginManifest.Module {
        let known: Set = [
            "id", "kind", "directives", "hooks", "needs", "optional", "reads", "writes", "doc",
        ]
        let members = try object(value, path, known: known)
        let id = try text(members, "id", in: path)
        let kind = try text(members, "kind", in: path)
        guard PluginName.isIdentifier(id), PluginName.isIdentifier(kind) else {
            throw ManifestError(message: "\(path) has an invalid id \"\(id)\" or kind \"\(kind)\"")
        }
        var directives: [PluginManifest.Directive] = []
        for directive in try array(members, "directives", in: path, isOptional: true) {
            directives.append(try self.directive(directive, "\(path).directives"))
        }
        return PluginManifest.Module(
            id: id, kind: kind, directives: directives,
            hooks: try texts(members, "hooks", in: path),
            needs: try texts(members, "needs", in: path),
            optional: try texts(members, "optional", in: path))
    }

    private mutating func directive(
        _ value: JSONValue, _ path: String
    ) throws(ManifestError) -> PluginManifest.Directive {
        let known: Set = ["name", "order", "scopes", "grammar", "doc"]
        let members = try object(value, path, known: known)
        let name = try text(members, "name", in: path)
        guard PluginName.isIdentifier(name) else {
            throw ManifestError(message: "\(path) has an invalid name \"\(name)\"")
        }
        return PluginManifest.Directive(
            name: name, order: try optionalText(members, "order", in: path))
    }
}

extension ManifestDecoder {
    private mutating func object(
        _ value: JSONValue, _ path: String, known: Set<String>
    ) throws(ManifestError) -> [String: JSONValue] {
        guard let members = value.objectValue else { throw wrong(path, value, "an object") }
        for name in members.keys.sorted() where !known.contains(name) {
            let place = path == "manifest" ? "its manifest" : "\(path) of its manifest"
            warnings.append("unknown member \"\(name)\" in \(place) is ignored")
        }
        return members
    }

    private func array(
        _ members: [String: JSONValue], _ name: String, in path: String = "",
        isOptional: Bool = false
    ) throws(ManifestError) -> [JSONValue] {
        if isOptional, members[name] == nil { return [] }
        guard let elements = members[name]?.arrayValue else {
            throw wrong(Self.join(path, name), members[name], "an array")
        }
        return elements
    }

    private func text(
        _ members: [String: JSONValue], _ name: String, in path: String = ""
    ) throws(ManifestError) -> String {
        guard let text = members[name]?.stringValue, !text.isEmpty else {
            throw wrong(Self.join(path, name), members[name], "a text")
        }
        return text
    }

    private func optionalText(
        _ members: [String: JSONValue], _ name: String, in path: String
    ) throws(ManifestError) -> String {
        guard let value = members[name] else { return "" }
        guard let text = value.stringValue else {
            throw wrong(Self.join(path, name), value, "a text")
        }
        return text
    }

    private func texts(
        _ members: [String: JSONValue], _ name: String, in path: String = ""
    ) throws(ManifestError) -> [String] {
        var texts: [String] = []
        for element in try array(members, name, in: path, isOptional: true) {
            guard let text = element.stringValue else {
                throw wrong(Self.join(path, name), element, "texts")
            }
            texts.append(text)
        }
        return texts
    }

    private func number(
        _ members: [String: JSONValue], _ name: String, in path: String
    ) throws(ManifestError) -> Int64 {
        guard let number = members[name]?.intValue, number >= 0, number <= UInt32.max else {
            throw wrong(Self.join(path, name), members[name], "a whole number")
        }
        return number
    }

    private func wrong(_ path: String, _ value: JSONValue?, _ expected: String) -> ManifestError {
        let found =
            switch value {
            case nil: "missing"
            case .null: "null"
            case .bool: "a boolean"
            case .int, .double: "a number"
            case .string(let text): text.isEmpty ? "an empty text" : "a text"
            case .array: "an array"
            case .object: "an object"
            }
        return ManifestError(message: "\(path) is \(found), expected \(expected)")
    }

    private static func join(_ path: String, _ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }
}
