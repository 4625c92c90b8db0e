// The image that a distribution runs in: one of the system that it was made on.
import Commands

/// The packages of the system libraries have the names, and the versions, of that system.
enum BaseImage {
    /// Nil on systems other than Debian and Ubuntu, for which there is no image with apt.
    static func ofThisMachine() -> String? {
        let text = (try? Files.read("/etc/os-release")) ?? (try? Files.read("/usr/lib/os-release"))
        return text.flatMap { of(release: String(decoding: $0, as: UTF8.self)) }
    }

    /// - Parameter text: The file os-release: lines of the form `NAME=value` or `NAME="value"`.
    static func of(release text: String) -> String? {
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1].filter { $0 != "\"" && $0 != "'" } }
        }
        // A Debian that is not released yet has no number.
        let version = values["VERSION_ID"] ?? values["VERSION_CODENAME"]
        return switch (values["ID"], version) {
        case ("debian", let version?): "debian:\(version)-slim"
        case ("ubuntu", let version?): "ubuntu:\(version)"
        default: nil
        }
    }
}
