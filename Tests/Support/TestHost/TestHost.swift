// A host for tests of plugins: the gw.* tables over plain memory, on one thread, without sockets.
import CGateway
import Foundation

/// What plugins were given and what they said in one test. Hooks run on the thread of the test, so
/// tests that run at the same time do not see each other.
final class TestState {
    var problems: [TestProblem] = []
    var templates: [(text: String, keepsUnknown: Bool)] = [("", false)]
    var variables: [String] = [""]
    var patterns: [String] = [""]
    var exchange: TestExchange?
    var fieldIDs = TestHost.knownFields
    var logged: [String] = []
    /// In the order of their start.
    var timers:
        [(id: UInt64, fn: (UnsafeMutableRawPointer?) -> Void, arg: UnsafeMutableRawPointer?)] = []
    var nextTicket: UInt64 = 1
    /// Functions that were posted to the loop.
    var posted: [(fn: (UnsafeMutableRawPointer?) -> Void, arg: UnsafeMutableRawPointer?)] = []
    var documents: [UInt32: Any] = [:]
    var nextDocument: UInt32 = 1
    var environment: [String: String] = [:]
    var workMax = Int.max
    /// Exchanges by the ticket that they wait for.
    var waiting: [UInt64: TestExchange] = [:]
}

public enum TestHost {
    static var state: TestState {
        let key = "TestHost.state"
        if let state = Thread.current.threadDictionary[key] as? TestState { return state }
        let state = TestState()
        Thread.current.threadDictionary[key] = state
        return state
    }

    /// Messages of the log and of warnings.
    public static var logged: [String] { state.logged }

    static func log(_ message: String) { state.logged.append(message) }

    /// Id of a name, a new one when it is not known.
    static func fieldID(_ name: String) -> UInt16 {
        let key = name.lowercased()
        if let id = state.fieldIDs[key] { return id }
        let id = UInt16(state.fieldIDs.count + 1)
        state.fieldIDs[key] = id
        return id
    }

    static func fieldName(_ id: UInt16) -> String {
        state.fieldIDs.first { $0.value == id }?.key ?? ""
    }

    public static var hasTimers: Bool { !state.timers.isEmpty }

    /// Runs every timer that is waiting now.
    public static func fireTimers() {
        let due = state.timers
        state.timers = []
        for timer in due { timer.fn(timer.arg) }
    }

    /// Runs what was state.posted to the loop, and what that posts, until there is nothing left.
    public static func runLoop() {
        while !state.posted.isEmpty {
            let job = state.posted.removeFirst()
            job.fn(job.arg)
        }
    }

    /// The first problem that was reported since the last call.
    static func takeProblem() -> TestProblem? {
        defer { state.problems = [] }
        return state.problems.first
    }

    static let knownFields: [String: UInt16] = {
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
