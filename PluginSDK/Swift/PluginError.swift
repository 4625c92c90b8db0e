// What is wrong with a configuration, for the operator to read.
import CGateway

/// A problem found while a directive is read or an instance is made.
///
/// Messages are lower case without a full stop: what was found, what was expected.
public struct PluginError: Error, Sendable {
    public var status: Status
    public var message: String
    /// What to do about it; may be empty.
    public var hint: String
    /// The token that it is about, while a directive is read.
    public var token: UInt32
    /// The host has been told already.
    let isReported: Bool

    public init(_ message: String, hint: String = "", at token: Token? = nil) {
        status = .config
        self.message = message
        self.hint = hint
        self.token = token?.index ?? 0
        isReported = false
    }

    init(message: String, token: UInt32) {
        self.init(message)
        self.token = token
    }

    /// After a host call that has told the operator itself.
    static func reported(_ status: Status) -> PluginError {
        PluginError(reported: status)
    }

    private init(reported status: Status) {
        self.status = status
        message = ""
        hint = ""
        token = 0
        isReported = true
    }

    /// Hands the problem to `report` unless the host knows it; text is borrowed for the call.
    func report(_ report: (UnsafePointer<gw_diag>) -> Void) {
        guard !isReported else { return }
        message.withBytes { message in
            hint.withBytes { hint in
                var diagnostic = gw_diag()
                diagnostic.struct_size = UInt32(MemoryLayout<gw_diag>.size)
                diagnostic.code = status.code
                diagnostic.message = message.view
                diagnostic.hint = hint.view
                diagnostic.token = token
                report(&diagnostic)
            }
        }
    }
}

extension PluginError {
    /// "unknown option "gzipp" in encode", with the closest known name as hint.
    public static func unknown(
        _ what: String, _ name: String, in place: String, known: [String], at token: Token? = nil
    ) -> PluginError {
        let message = "unknown \(what) \"\(name)\" in \(place)"
        guard let best = closest(to: name, among: known) else {
            let list = known.sorted().joined(separator: ", ")
            return PluginError(message, hint: list.isEmpty ? "" : "known: \(list)", at: token)
        }
        return PluginError(message, hint: "did you mean \"\(best)\"?", at: token)
    }

    private static func closest(to name: String, among known: [String]) -> String? {
        let ranked = known.map { ($0, editDistance(name, $0)) }
        guard let best = ranked.min(by: { $0.1 < $1.1 }) else { return nil }
        return best.1 <= max(1, name.utf8.count / 3) ? best.0 : nil
    }
}

/// Edits (insert, delete, change) from one text to the other, in bytes.
func editDistance(_ a: String, _ b: String) -> Int {
    let b = Array(b.utf8)
    var row = Array(0...b.count)
    for (line, byte) in a.utf8.enumerated() {
        var diagonal = row[0]
        row[0] = line + 1
        for column in b.indices {
            let change = diagonal + (byte == b[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(change, min(row[column], diagonal) + 1)
        }
    }
    return row[b.count]
}
