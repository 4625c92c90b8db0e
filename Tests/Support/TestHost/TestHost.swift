// A host for tests of plugins: the gw.* tables over plain memory, on one thread, without sockets.
import CGateway

/// What plugins were given and what they said. Tests that use it run one at a time.
public enum TestHost {
    nonisolated(unsafe) static var problems: [TestProblem] = []
    nonisolated(unsafe) static var templates: [(text: String, keepsUnknown: Bool)] = [("", false)]
    nonisolated(unsafe) static var variables: [String] = [""]
    nonisolated(unsafe) static var patterns: [String] = [""]
    nonisolated(unsafe) static var exchange: TestExchange?
    nonisolated(unsafe) private static var fieldIDs = knownFields
    nonisolated(unsafe) public private(set) static var logged: [String] = []
    /// Timers in the order of their start; `fireTimers` runs them.
    nonisolated(unsafe) static var timers:
        [(id: UInt64, fn: (UnsafeMutableRawPointer?) -> Void, arg: UnsafeMutableRawPointer?)] = []
    nonisolated(unsafe) static var nextTicket: UInt64 = 1
    /// Functions that were posted to the loop.
    nonisolated(unsafe) static var posted:
        [(fn: (UnsafeMutableRawPointer?) -> Void, arg: UnsafeMutableRawPointer?)] = []

    static func log(_ message: String) { logged.append(message) }

    /// Id of a name, a new one when it is not known.
    static func fieldID(_ name: String) -> UInt16 {
        let key = name.lowercased()
        if let id = fieldIDs[key] { return id }
        let id = UInt16(fieldIDs.count + 1)
        fieldIDs[key] = id
        return id
    }

    static func fieldName(_ id: UInt16) -> String {
        fieldIDs.first { $0.value == id }?.key ?? ""
    }

    /// Runs every timer that is waiting now.
    public static func fireTimers() {
        let due = timers
        timers = []
        for timer in due { timer.fn(timer.arg) }
    }

    /// Runs what was posted to the loop, and what that posts, until there is nothing left.
    public static func runLoop() {
        while !posted.isEmpty {
            let job = posted.removeFirst()
            job.fn(job.arg)
        }
    }

    /// The first problem that was reported since the last call.
    static func takeProblem() -> TestProblem? {
        defer { problems = [] }
        return problems.first
    }

    private static let knownFields: [String: UInt16] = {
        let names = [
            "host", "connection", "content-length", "transfer-encoding", "te", "trailer",
            "upgrade", "keep-alive", "proxy-connection", "expect", "content-type",
            "content-encoding", "date", "server", "via", "authorization", "proxy-authorization",
            "proxy-authenticate", "www-authenticate", "cookie", "set-cookie", "location",
            "accept", "accept-encoding", "accept-language", "user-agent", "referer", "origin",
            "range", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded",
            "cache-control", "etag", "last-modified", "if-none-match", "if-modified-since",
            "alt-svc", "retry-after", "vary",
        ]
        return Dictionary(
            uniqueKeysWithValues: names.enumerated().map { ($1, UInt16($0 + 1)) })
    }()
}

/// What a plugin reported through `fail`.
public struct TestProblem: Error, CustomStringConvertible {
    public let message: String
    public let hint: String
    public let token: Int

    public var description: String { message }

    init(_ diagnostic: UnsafePointer<gw_diag>) {
        message = String(diagnostic.pointee.message)
        hint = String(diagnostic.pointee.hint)
        token = Int(diagnostic.pointee.token)
    }

    init(message: String) {
        self.message = message
        hint = ""
        token = 0
    }
}

extension String {
    init(_ view: gw_view) {
        self = String(
            decoding: UnsafeBufferPointer(start: view.ptr, count: view.len), as: UTF8.self)
    }
}

/// Text that lives as long as the process; tests are short.
func lasting(_ text: String) -> gw_view {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: text.utf8.count + 1)
    for (index, byte) in text.utf8.enumerated() { bytes[index] = byte }
    return gw_view(ptr: UnsafePointer(bytes), len: text.utf8.count)
}
