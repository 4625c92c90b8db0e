internal import CGateway

// A plugin's shared object in this process: checked from outside, mapped, and asked who it is.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

/// Opens shared objects. They are never unmapped: Swift images cannot be (docs/abi.md, "Loading").
enum PluginImage {
    private typealias Entry = @convention(c) (UnsafePointer<gw_boot>) -> UnsafePointer<gw_plugin>?
    private static let entryName = "gw_plugin_entry_v1"

    /// Checks what the file would do to the process before any of it runs.
    ///
    /// - Returns: Warnings.
    static func check(
        _ file: PluginFile, _ manifest: PluginManifest, plugin: String
    ) throws(LoaderError) -> [String] {
        #if os(macOS)
        // Two-level namespaces keep images apart there, whatever they export.
        return []
        #else
        do {
            let image = try ELFImage(file.bytes)
            return try checkObject(image, file, plugin: plugin)
                + checkPermissions(image, manifest, plugin: plugin)
        } catch let error as ObjectFileError {
            throw LoaderError(error, path: file.path, plugin: plugin)
        } catch let error as LoaderError {
            throw error
        } catch {
            throw LoaderError(.format, plugin: plugin, "\(file.path): \(error)")
        }
        #endif
    }

    /// Maps the file and calls its entry point.
    ///
    /// - Parameter scope: Of the plugin; collects what it reports.
    /// - Returns: The plugin's own table, as it is.
    static func open(
        _ file: PluginFile, scope: PluginScope
    ) throws(LoaderError) -> UnsafePointer<gw_plugin> {
        let name = scope.plugin
        let handle = scope.run { dlopen(file.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) }
        guard let handle else {
            throw LoaderError(.format, plugin: name, "cannot be loaded: \(lastError)")
        }
        guard let symbol = dlsym(handle, entryName) else {
            throw missingEntry(file, name)
        }
        let entry = unsafeBitCast(symbol, to: Entry.self)
        let table = scope.run { entry(PluginBoot.pointer) }
        let problems = scope.takeProblems()
        let wishes = scope.takeWarnings()
        guard let table else {
            throw refusal(problems, wishes, plugin: name)
        }
        return table
    }

    private static func refusal(
        _ problems: [PluginDiagnostic], _ wishes: [PluginDiagnostic], plugin: String
    ) -> LoaderError {
        guard let problem = problems.first else {
            let hint = wishes.map(\.message).joined(separator: "; ")
            return LoaderError(
                .entry, plugin: plugin, "\(entryName) returned NULL and gave no reason", hint: hint)
        }
        return LoaderError(.entry, plugin: plugin, problem.message, hint: problem.hint)
    }

    private static func checkObject(
        _ image: ELFImage, _ file: PluginFile, plugin: String
    ) throws -> [String] {
        let exports = try image.exports()
        guard exports.contains(where: { $0.name == entryName }) else {
            throw missingEntry(file, plugin)
        }
        let others = exports.map(\.name).filter { $0 != entryName }
        guard others.isEmpty else {
            let shown = others.prefix(5).joined(separator: ", ")
            let more = others.count > 5 ? " and \(others.count - 5) more" : ""
            throw LoaderError(
                .symbols, plugin: plugin, "exports \(shown)\(more), expected \(entryName) only",
                hint: "link it with -Wl,--version-script=plugin.map or -fvisibility=hidden")
        }
        guard exports.allSatisfy({ !$0.isUnique }) else {
            throw LoaderError(
                .symbols, plugin: plugin, "\(entryName) is a unique symbol",
                hint: "compile it with -fno-gnu-unique")
        }
        if image.hasExecutableStack {
            throw LoaderError(
                .symbols, plugin: plugin, "asks for an executable stack",
                hint: "link it with -z noexecstack")
        }
        if try image.hasTextRelocations() {
            throw LoaderError(
                .symbols, plugin: plugin, "has text relocations", hint: "compile it with -fPIC")
        }
        return try image.libraryFolders().filter { !isUsual($0) }.map {
            "looks for libraries in \($0), which may not exist elsewhere (expected $ORIGIN)"
        }
    }

    private static func checkPermissions(
        _ image: ELFImage, _ manifest: PluginManifest, plugin: String
    ) throws -> [String] {
        let check = try PermissionCheck(image, manifest)
        guard let message = check.message else { return check.warnings }
        throw LoaderError(.permission, plugin: plugin, message, hint: check.hint)
    }

    private static func isUsual(_ folder: String) -> Bool {
        folder.hasPrefix("$ORIGIN") || folder.hasSuffix("/lib/swift/linux")
    }

    private static func missingEntry(_ file: PluginFile, _ plugin: String) -> LoaderError {
        LoaderError(
            .symbols, plugin: plugin, "\(file.path) does not export \(entryName)",
            hint: "it is no Gatewright plugin, or one for another major version of the ABI")
    }

    private static var lastError: String {
        dlerror().map { String(cString: $0) } ?? "unknown error"
    }
}
