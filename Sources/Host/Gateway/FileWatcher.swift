// Tells when the files of a configuration change: `--watch`.
import Commands

/// What a configuration's files looked like. A file counts as changed when its time, size or
/// identity differ and its content does, too.
struct FileWatcher {
    private let inputs: ConfigInputs
    private var stamps: [String: FileState?]
    private var digest: Int

    init(_ inputs: ConfigInputs) {
        self.inputs = inputs
        stamps = Self.stamps(of: inputs)
        digest = Self.digest(of: stamps.keys)
    }

    /// Whether something changed since the last call.
    mutating func hasChanged() -> Bool {
        let now = Self.stamps(of: inputs)
        guard now != stamps else { return false }
        let isSameSet = Set(now.keys) == Set(stamps.keys)
        stamps = now
        let digest = Self.digest(of: now.keys)
        defer { self.digest = digest }
        return !isSameSet || digest != self.digest
    }

    /// Every file, those that patterns match now included; nil for one that is gone.
    private static func stamps(of inputs: ConfigInputs) -> [String: FileState?] {
        var stamps: [String: FileState?] = [:]
        for path in inputs.files { stamps.updateValue(Files.stamp(path), forKey: path) }
        for path in inputs.patterns.flatMap(Files.matching) {
            stamps.updateValue(Files.stamp(path), forKey: path)
        }
        return stamps
    }

    private static func digest(of paths: some Sequence<String>) -> Int {
        var hasher = Hasher()
        for path in paths.sorted() {
            hasher.combine(path)
            let bytes = try? Files.read(path)
            hasher.combine(bytes)
        }
        return hasher.finalize()
    }
}
