// From the bytes of a plugin's file to its manifest, without running any of it.
internal import Base

/// Reads manifests. Any bytes may be given; nothing here traps.
package enum ManifestReader {
    /// The manifest in a plugin's file, or in `NAME.manifest.json` beside it when the file has none.
    ///
    /// - Throws: `LoaderError` when the file is no shared object for this machine, or the manifest
    ///   is missing or wrong.
    package static func read(
        _ file: PluginFile, plugin: String
    ) throws(LoaderError) -> PluginManifest {
        if let section = try manifestSection(file, plugin: plugin) {
            return try parse(section, plugin: plugin)
        }
        let sidecar = String(file.path.dropLast(PluginFinder.fileSuffix.count)) + ".manifest.json"
        guard PluginFile.exists(sidecar) else {
            throw LoaderError(
                .manifest, plugin: plugin, "\(file.path) has no manifest",
                hint: "add GW_MANIFEST(…) to one C file of the plugin, or \(sidecar)")
        }
        let text = try PluginFile(path: sidecar, plugin: plugin)
        return try parse(text.bytes[...], plugin: plugin)
    }

    /// The manifest that one JSON text holds. NUL bytes behind it are ignored, as C adds one.
    package static func parse(
        _ text: ArraySlice<UInt8>, plugin: String
    ) throws(LoaderError) -> PluginManifest {
        let end = text.lastIndex { $0 != 0 }.map { $0 + 1 } ?? text.startIndex
        let text = text[..<end]
        guard text.count <= Limits.manifestBytesMax else {
            throw LoaderError(
                .manifest, plugin: plugin,
                "its manifest has \(text.count) bytes, "
                    + "expected at most \(Limits.manifestBytesMax)")
        }
        guard !isDeeperThan(Limits.manifestDepthMax, text) else {
            throw LoaderError(
                .manifest, plugin: plugin,
                "its manifest is nested deeper than \(Limits.manifestDepthMax) levels")
        }
        do {
            return try ManifestDecoder.decode(try JSONValue(parsing: text))
        } catch let error as JSONError {
            throw LoaderError(.manifest, plugin: plugin, "its manifest is \(error.description)")
        } catch let error as ManifestError {
            throw LoaderError(.manifest, plugin: plugin, "its manifest: \(error.message)")
        } catch {
            throw LoaderError(.manifest, plugin: plugin, "its manifest: \(error)")
        }
    }

    private static func manifestSection(
        _ file: PluginFile, plugin: String
    ) throws(LoaderError) -> ArraySlice<UInt8>? {
        do {
            #if os(macOS)
            return try MachOImage(file.bytes).section("__gwmanifest", in: "__DATA")
            #else
            let image = try ELFImage(file.bytes)
            return image.section(named: ".gwmanifest").map { file.bytes[$0.data] }
            #endif
        } catch {
            throw LoaderError(error, path: file.path, plugin: plugin)
        }
    }

    /// Whether brackets outside of strings nest deeper than `limit`.
    private static func isDeeperThan(_ limit: Int, _ text: ArraySlice<UInt8>) -> Bool {
        var depth = 0
        var inString = false
        var isEscaped = false
        for byte in text {
            if isEscaped {
                isEscaped = false
            } else if inString {
                if byte == UInt8(ascii: "\\") { isEscaped = true }
                if byte == UInt8(ascii: "\"") { inString = false }
            } else if byte == UInt8(ascii: "\"") {
                inString = true
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
                if depth > limit { return true }
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                depth -= 1
            }
        }
        return false
    }
}

extension LoaderError {
    init(_ error: ObjectFileError, path: String, plugin: String) {
        let rule: Rule =
            switch error.kind {
            case .format: .format
            case .architecture: .architecture
            }
        self.init(rule, plugin: plugin, "\(path): \(error.message)")
    }
}
