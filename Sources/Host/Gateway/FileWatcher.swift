// Tells when the files of a configuration change: `--watch`.
import Base
import Commands

/// Compares files with what a configuration was made from. A file counts as changed when its time,
/// size or identity differ and its content does, too, and only once it rests: whoever writes it in
/// several steps is waited for.
struct FileWatcher {
    private let inputs: ConfigInputs
    /// What the files looked like at the last look.
    private var stamps: [String: FileState?]
    /// What they said when the configuration was made, or when a change was told.
    private var digests: [String: FileDigest]
    /// Looks in a row that found something moving.
    private var unsettledLooks = 1

    /// Beyond it a file that never rests counts as changed: 5 s of short pauses.
    private static let unsettledLooksMax = 25

    init(_ inputs: ConfigInputs) {
        self.inputs = inputs
        stamps = Self.stamps(of: inputs)
        digests = inputs.files
        for path in stamps.keys where digests[path] == nil {
            digests[path] = FileDigest(ofFile: path)
        }
    }

    /// Nothing moved at the last look; else the next one is to come soon.
    var isSettled: Bool { unsettledLooks == 0 }

    /// Whether something has changed for good since it was told last.
    mutating func hasChanged() -> Bool {
        let now = Self.stamps(of: inputs)
        if now != stamps, unsettledLooks < Self.unsettledLooksMax {
            stamps = now
            unsettledLooks += 1
            return false
        }
        guard !isSettled else { return false }
        stamps = now
        unsettledLooks = 0
        let found = Dictionary(
            uniqueKeysWithValues: now.keys.map { ($0, FileDigest(ofFile: $0)) })
        defer { digests = found }
        return found != digests
    }

    /// Every file, those that patterns match now included; nil for one that is gone.
    private static func stamps(of inputs: ConfigInputs) -> [String: FileState?] {
        var stamps: [String: FileState?] = [:]
        for path in inputs.files.keys { stamps.updateValue(Files.stamp(path), forKey: path) }
        for path in inputs.patterns.flatMap(Files.matching) {
            stamps.updateValue(Files.stamp(path), forKey: path)
        }
        return stamps
    }
}
