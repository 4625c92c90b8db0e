// basic_auth against the checking host.
import Foundation
import TestHost
import Testing

extension PluginTests {
    @Suite struct BasicAuthTests {
        let plugin = try! TestPlugin(named: "auth")
        private static let hello = "$2a$04$abcdefghijklmnopqrstuuwHJMEGjfAzmL1lWmUmlphguIbWfjYey"
        private static let id = "http.handlers.authentication"

        private func handler(
            _ accounts: [(String, String)] = [("joe", hello)], more: String = "",
            cache: String = #","hash_cache":{}"#
        ) throws -> TestHandler {
            let list = accounts.map { #"{"username":"\#($0.0)","password":"\#($0.1)"}"# }
            return try plugin.make(
                Self.id,
                #"{"providers":{"http_basic":{"accounts":[\#(list.joined(separator: ","))]\#(cache)\#(more)}}}"#
            )
        }

        private func exchange(_ handler: TestHandler, _ authorization: String...) -> TestExchange {
            handler.exchange(fields: authorization.map { ("authorization", $0) })
        }

        private func basic(_ text: String) -> String {
            "Basic " + Data(text.utf8).base64EncodedString()
        }

        /// The verdict, after a password check if there is one.
        private func run(_ exchange: TestExchange) -> Int32? {
            let verdict = exchange.runRequest()
            guard verdict == 5 else { return verdict }
            TestHost.runLoop()
            return exchange.resumed
        }

        @Test(arguments: [
            (
                "basic_auth {\n u h\n v i\n }",
                #"{"handler":"authentication","providers":{"http_basic":{"accounts":[{"password":"h","username":"u"},{"password":"i","username":"v"}],"hash":{"algorithm":"bcrypt"},"hash_cache":{}}}}"#
            ),
            (
                "basicauth argon2id \"a realm\" {\n }",
                #"{"handler":"authentication","providers":{"http_basic":{"hash":{"algorithm":"argon2id"},"hash_cache":{},"realm":"a realm"}}}"#
            ),
        ])
        func adaptsAsCaddyDoes(_ text: String, _ json: String) throws {
            #expect(try plugin.adapt(text) == json)
        }

        @Test(arguments: [
            ("basic_auth md5 {\n }", #"unknown hash algorithm "md5" in basic_auth"#, 1),
            ("basic_auth {\n joe\n }", #"account "joe" has no password hash"#, 2),
            ("basic_auth {\n joe \"\"\n }", "password hash is empty", 3),
            ("basic_auth {\n joe h x\n }", #"unexpected "x" behind the hash"#, 4),
            ("basic_auth a b c", "basic_auth has 3 arguments, expected 0 to 2", 3),
        ])
        func pointsAtWhatIsWrong(_ text: String, _ message: String, _ token: Int) {
            let problem = #expect(throws: TestProblem.self) { try plugin.adapt(text) }
            #expect(problem?.message == message)
            #expect(problem?.token == token)
        }

        @Test(arguments: [
            (
                "$2a$14$HASH_FROM_CADDY_HASH_PASSWORD",
                #"the password of account "joe" is no bcrypt hash"#
            ),
            ("$2a$03" + hello.dropFirst(6), "is no bcrypt hash"),
            ("$2a$31" + hello.dropFirst(6), "is no bcrypt hash"),
            ("$2x$04" + hello.dropFirst(6), "is no bcrypt hash"),
            (String(hello.dropLast()), "is no bcrypt hash"),
            ("$argon2id$v=19$m=1,t=1,p=1$YWJj$YWJj", "argon2 hash, which is not supported yet"),
            ("", "has no password hash"),
        ])
        func refusesHashesThatAreNone(_ hash: String, _ message: String) {
            let problem = #expect(throws: TestProblem.self) { try handler([("joe", hash)]) }
            #expect(problem?.message.contains(message) == true)
        }

        @Test func refusesConfigurationsWithoutMeaning() throws {
            #expect(throws: TestProblem.self) { try handler([]) }
            #expect(throws: TestProblem.self) {
                try handler([("a", Self.hello), ("a", Self.hello)])
            }
            #expect(throws: TestProblem.self) { try handler([("", Self.hello)]) }
            #expect(throws: TestProblem.self) { try handler(more: #","colour":1"#) }
            #expect(throws: TestProblem.self) {
                try handler(more: #","hash":{"algorithm":"argon2id"}"#)
            }
            #expect(throws: TestProblem.self) { try plugin.make(Self.id, "{}") }
        }

        @Test(arguments: ["$2a", "$2b", "$2y"])
        func acceptsEveryRevisionOfTheHash(_ revision: String) throws {
            let handler = try handler([("joe", revision + Self.hello.dropFirst(3))])
            let exchange = exchange(handler, basic("joe:hello"))
            #expect(exchange.runRequest() == 5)
            TestHost.runLoop()
            #expect(exchange.resumed == 0)
            #expect(exchange.placeholders["http.auth.user.id"] == "joe")
        }

        @Test func acceptsAHashInBase64() throws {
            let handler = try handler([("joe", Data(Self.hello.utf8).base64EncodedString())])
            #expect(run(exchange(handler, basic("joe:hello"))) == 0)
        }

        @Test func asksTheClientWhateverTheErrorRoutesAnswer() throws {
            let handler = try handler(more: #","realm":"a \"b\"""#)
            let exchange = exchange(handler)
            #expect(exchange.runRequest() < 0)
            #expect(exchange.problemStatus == 401)
            #expect(exchange.problem?.message == "not authenticated")
            _ = exchange.runResponse(302, fields: [("location", "/login")])
            #expect(
                exchange.responseFields == [
                    "location: /login", #"www-authenticate: Basic realm="a \"b\"""#,
                ])
        }

        @Test(arguments: ["joe:hellO", "joe:", "jo:hello", "nobody:hello", ":hello"])
        func deniesWhatDoesNotMatch(_ credentials: String) throws {
            let exchange = exchange(try handler(), basic(credentials))
            #expect(exchange.runRequest() == 5)
            TestHost.runLoop()
            #expect(exchange.resumed == -7)
            #expect(exchange.problemStatus == 401)
            #expect(exchange.placeholders["http.auth.user.id"] == nil)
            _ = exchange.runResponse(401, fields: [])
            #expect(exchange.responseFields == [#"www-authenticate: Basic realm="restricted""#])
            exchange.runComplete()
        }

        @Test(arguments: [
            "Basic", "Basic ", "Basicam9lOmhlbGxv", "Bearer am9lOmhlbGxv", "Basic am9lOmhlbGx",
            "Basic am9lOmhlbGxv=", "Basic am9lOmhlbGxv====", "Basic am9l", "Basic am9lOmhlbGxv ",
            "Basic am9lOmhlbGx=", "Basic =m9lOmhlbGxv", "Basic am9lOmhlbGxvAA==",
        ])
        func deniesMalformedCredentialsWithoutAsking(_ value: String) throws {
            let exchange = exchange(try handler(), value)
            #expect(exchange.runRequest() == -7)
            #expect(exchange.problemStatus == 401)
        }

        @Test func deniesTwoFieldsAtOnce() throws {
            let value = basic("joe:hello")
            #expect(exchange(try handler(), value, value).runRequest() == -7)
        }

        @Test func remembersWhatPassedAndNothingElse() throws {
            let handler = try handler()
            #expect(run(exchange(handler, basic("joe:hello"))) == 0)
            let again = exchange(handler, "basic   " + basic("joe:hello").dropFirst(6))
            #expect(again.runRequest() == 0)
            #expect(again.placeholders["http.auth.user.id"] == "joe")
            _ = again.runResponse(200, fields: [])
            #expect(again.responseFields == [])
            for _ in 0..<2 {
                #expect(exchange(handler, basic("joe:wrong")).runRequest() == 5)
                TestHost.runLoop()
            }
        }

        @Test func remembersNothingWithoutACache() throws {
            let handler = try handler(cache: "")
            for _ in 0..<2 {
                let exchange = exchange(handler, basic("joe:hello"))
                #expect(exchange.runRequest() == 5)
                TestHost.runLoop()
                #expect(exchange.resumed == 0)
            }
        }

        @Test func doesEqualChecksAtTheSameTimeOnce() throws {
            let handler = try handler(cache: "")
            TestHost.workMax = 1
            defer { TestHost.workMax = .max }
            let both = (0..<2).map { _ in exchange(handler, basic("joe:hello")) }
            for exchange in both { #expect(exchange.runRequest() == 5) }
            TestHost.runLoop()
            for exchange in both { #expect(exchange.resumed == 0) }
        }

        @Test func isUnavailableWhenTooManyWait() throws {
            TestHost.workMax = 0
            defer { TestHost.workMax = .max }
            let exchange = exchange(try handler(), basic("joe:hello"))
            #expect(exchange.runRequest() < 0)
            #expect(exchange.problemStatus == 503)
        }
    }
}
