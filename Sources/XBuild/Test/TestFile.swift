// `test.json` of a plugin: its example configuration, and requests with what they are answered.
import Base
import Commands

/// What an author says of a plugin for `xbuild test`.
///
///     {"config": "greet \"hello\"",
///      "requests": [{"method": "GET", "uri": "/", "fields": {}, "body": "",
///                    "expect": {"status": 200, "fields": {}, "body": "hello"}}]}
struct TestFile: Equatable {
    struct Request: Equatable {
        var method = "GET"
        var uri = "/"
        var fields: [String: String] = [:]
        var body = ""
        var status: Int?
        var expectedFields: [String: String] = [:]
        var expectedBody: String?
    }

    static let fileName = "test.json"

    /// Lines of a Caddyfile as they stand in a site.
    var config: String?
    var requests: [Request] = []

    init() {}

    /// - Parameter path: Nothing is said when there is no such file.
    init(path: String) throws(BuildError) {
        self.init()
        guard Folders.isFile(path) else { return }
        let text = try withFiles { () throws(FilesError) in try Files.read(path) }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: text) } catch {
            throw BuildError("\(path): \(error.description)")
        }
        guard let members = value.objectValue else {
            throw BuildError("\(path): expected an object")
        }
        try Self.require(members, ["config", "requests"], path)
        config = members["config"]?.stringValue
        for entry in members["requests"]?.arrayValue ?? [] {
            requests.append(try Self.request(entry, path))
        }
    }

    private static func request(
        _ value: JSONValue, _ path: String
    ) throws(BuildError) -> Request {
        guard let members = value.objectValue else {
            throw BuildError("\(path): a request is no object")
        }
        try require(members, ["method", "uri", "fields", "body", "expect"], path)
        let expected = members["expect"]?.objectValue ?? [:]
        try require(expected, ["status", "fields", "body"], path)
        var request = Request()
        request.method = members["method"]?.stringValue ?? "GET"
        request.uri = members["uri"]?.stringValue ?? "/"
        request.fields = texts(members["fields"])
        request.body = members["body"]?.stringValue ?? ""
        request.status = expected["status"]?.intValue.map(Int.init)
        request.expectedFields = texts(expected["fields"])
        request.expectedBody = expected["body"]?.stringValue
        return request
    }

    private static func texts(_ value: JSONValue?) -> [String: String] {
        (value?.objectValue ?? [:]).compactMapValues(\.stringValue)
    }

    private static func require(
        _ members: [String: JSONValue], _ known: [String], _ path: String
    ) throws(BuildError) {
        for name in members.keys.sorted() where !known.contains(name) {
            let hint = Suggestion.hint(for: name, among: known)
            throw BuildError(
                "\(path): unknown member \"\(name)\"" + (hint.map { ", \($0)" } ?? ""))
        }
    }
}
