// Looks at a plugin's file without running any of it: what the host would say, and more.
import Base
import CGateway
import Loader

/// The outcome of looking at one shared object.
struct ObjectReport {
    var path: String
    var size: Int
    var manifest: PluginManifest?
    var needs: [String] = []
    var findings: [Finding] = []

    var hasErrors: Bool { findings.contains { $0.severity == .error } }
}

enum SharedObjectCheck {
    private static let entryName = "gw_plugin_entry_v1"

    /// - Parameter name: What the plugin has to be called; by the file's name when nil.
    static func run(_ bytes: [UInt8], path: String, name: String? = nil) -> ObjectReport {
        let fileName = Paths.name(path)
        let plugin =
            name ?? (fileName.hasSuffix(".so") ? String(fileName.dropLast(3)) : fileName)
        var report = ObjectReport(path: path, size: bytes.count)
        readManifest(bytes, plugin, &report)
        do throws(ObjectFileError) {
            let image = try ELFImage(bytes)
            report.needs = try image.neededLibraries()
            try checkExports(image, &report)
            try checkLoading(image, &report)
            try checkLibraries(image, &report)
            try ImportCheck.run(image, path: path, &report)
            try checkPermissions(image, &report)
        } catch {
            // The manifest's reader has said it already when it is no object file at all.
            if !report.hasErrors { report.findings.append(Finding(.error, "file", error.message)) }
        }
        if bytes.count > sizeWarned {
            report.findings.append(
                Finding(.note, "size", "the file has \(bytes.count / 1024) KiB"))
        }
        return report
    }

    private static let sizeWarned = 32 * 1024 * 1024

    private static func readManifest(
        _ bytes: [UInt8], _ plugin: String, _ report: inout ObjectReport
    ) {
        guard PluginName.isValid(plugin) else {
            report.findings.append(
                Finding(
                    .error, "name", "\"\(plugin)\" is no name of a plugin",
                    hint:
                        "the file is NAME.so, with letters, digits, _ and -, not beginning with lib"
                ))
            return
        }
        do throws(LoaderError) {
            let manifest = try ManifestReader.read(
                PluginFile(path: report.path, bytes: bytes), plugin: plugin)
            report.manifest = manifest
            for warning in manifest.warnings {
                report.findings.append(Finding(.warning, "manifest", warning))
            }
            checkManifest(manifest, plugin, &report)
        } catch {
            let rule = error.rule == .manifest ? "manifest" : "file"
            report.findings.append(Finding(.error, rule, error.message, hint: error.hint))
        }
    }

    private static func checkManifest(
        _ manifest: PluginManifest, _ plugin: String, _ report: inout ObjectReport
    ) {
        if manifest.name != plugin {
            report.findings.append(
                Finding(
                    .error, "manifest",
                    "its manifest says that its name is \(manifest.name), expected \(plugin)",
                    hint: "call it \(manifest.name), or change the manifest"))
        }
        if manifest.abi.major != Int64(GW_ABI_MAJOR) || manifest.abi.minMinor > Int64(GW_ABI_MINOR)
        {
            report.findings.append(
                Finding(
                    .error, "abi",
                    "made for ABI \(manifest.abi.major).\(manifest.abi.minMinor), this host has "
                        + "\(GW_ABI_MAJOR).\(GW_ABI_MINOR)"))
        }
        if manifest.modules.isEmpty {
            report.findings.append(Finding(.warning, "manifest", "it has no modules"))
        }
    }

    private static func checkExports(
        _ image: ELFImage, _ report: inout ObjectReport
    ) throws(ObjectFileError) {
        let exports = try image.exports()
        if !exports.contains(where: { $0.name == entryName }) {
            report.findings.append(
                Finding(
                    .error, "exports", "it does not export \(entryName)",
                    hint: "is it visible, and with C linkage?"))
        }
        let others = exports.filter { $0.name != entryName }
        let secrets = others.map(\.name).filter(isCryptographic)
        if !secrets.isEmpty {
            report.findings.append(
                Finding(
                    .error, "exports",
                    "exports functions of a cryptographic library: \(shortened(secrets))",
                    hint: "other code of the process could run them instead of its own; link with "
                        + "-Wl,--exclude-libs,ALL and -Wl,--version-script=plugin.map"))
        }
        let rest = others.map(\.name).filter { !isCryptographic($0) }
        if !rest.isEmpty {
            report.findings.append(
                Finding(
                    .error, "exports", "exports \(shortened(rest)), expected \(entryName) only",
                    hint: "link it with -Wl,--version-script=plugin.map"))
        }
        let unique = exports.filter(\.isUnique).map(\.name)
        if !unique.isEmpty {
            report.findings.append(
                Finding(
                    .error, "unique", "has unique symbols: \(shortened(unique))",
                    hint: "two versions of it would share them; compile it with -fno-gnu-unique"))
        }
    }

    private static func checkLoading(
        _ image: ELFImage, _ report: inout ObjectReport
    ) throws(ObjectFileError) {
        if image.hasExecutableStack {
            report.findings.append(
                Finding(
                    .error, "stack", "asks for an executable stack",
                    hint: "link it with -Wl,-z,noexecstack"))
        }
        if try image.hasTextRelocations() {
            report.findings.append(
                Finding(
                    .error, "relocations", "has text relocations", hint: "compile it with -fPIC"))
        }
        if image.section(named: ".note.gnu.build-id") == nil {
            report.findings.append(
                Finding(
                    .note, "build-id", "has no build id",
                    hint: "link it with -Wl,--build-id, so that crashes can be told apart"))
        }
        for folder in try image.libraryFolders() where !folder.hasPrefix("$ORIGIN") {
            report.findings.append(
                Finding(
                    .warning, "rpath", "looks for libraries in \(folder)",
                    hint: "that folder may not be there elsewhere; use $ORIGIN/../lib/swift"))
        }
    }

    private static func checkLibraries(
        _ image: ELFImage, _ report: inout ObjectReport
    ) throws(ObjectFileError) {
        let needs = try image.neededLibraries()
        let foreign = needs.filter {
            !KnownLibraries.isEverywhere($0) && !KnownLibraries.isSwift($0)
        }
        if !foreign.isEmpty {
            report.findings.append(
                Finding(
                    .note, "libraries", "needs \(foreign.joined(separator: ", "))",
                    hint: "these have to be installed where it runs"))
        }
        let usesSwift = needs.contains(where: KnownLibraries.isSwift)
        if usesSwift, report.manifest?.runtime?.mode != "shared" {
            report.findings.append(
                Finding(
                    .note, "runtime", "uses the Swift run-time library of the host",
                    hint:
                        "it works with hosts of the same toolchain; publish islands or Embedded Swift"
                ))
        }
    }

    /// The host's own rule: what it imports against what its manifest asks for.
    private static func checkPermissions(
        _ image: ELFImage, _ report: inout ObjectReport
    ) throws(ObjectFileError) {
        guard let manifest = report.manifest else { return }
        let check = try PermissionCheck(image, manifest)
        if let message = check.message {
            report.findings.append(Finding(.error, "permissions", message, hint: check.hint))
        }
        for name in check.unknown {
            report.findings.append(
                Finding(.warning, "permissions", "unknown permission \"\(name)\" in its manifest"))
        }
    }

    static func shortened(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }

    private static func isCryptographic(_ name: String) -> Bool {
        let prefixes = [
            "SSL_", "EVP_", "RSA_", "EC_KEY_", "X509_", "BIO_", "CRYPTO_", "AES_", "SHA1_",
            "SHA256_",
            "SHA512_", "HMAC_", "RAND_", "OPENSSL_", "mbedtls_", "gnutls_", "crypto_sign",
            "crypto_box",
            "crypto_secretbox", "wolfSSL_",
        ]
        return prefixes.contains { name.hasPrefix($0) }
    }
}
