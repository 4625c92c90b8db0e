// api_keys against the checking host.
import Foundation
import TestHost
import Testing

extension PluginTests {
    @Suite struct APIKeysTests {
        let plugin = try! TestPlugin(named: "auth")
        private static let id = "http.handlers.api_keys"

        private func handler(
            _ keys: String =
                #"{"name":"alice","value":"alice-secret"},{"name":"bob","value":"bob-secret-1"}"#,
            more: String = ""
        ) throws -> TestHandler {
            try plugin.make(Self.id, #"{"keys":[\#(keys)]\#(more)}"#)
        }

        private func problem(_ keys: String, more: String = "") -> String? {
            #expect(throws: TestProblem.self) { try handler(keys, more: more) }?.message
        }

        @Test func keepsNoPlainKeyInTheJSON() throws {
            let json = try plugin.adapt("api_keys {\n key alice test-secret\n }")
            #expect(
                json == #"{"handler":"api_keys","keys":[{"hash":"sha256:"#
                    + "9caf06bb4436cdbfa20af9121a626bc1093c4f54b31c0fa937957856135345b6"
                    + #"","name":"alice"}]}"#)
        }

        @Test func adaptsEveryOption() throws {
            TestHost.environment = ["B": "bob-secret-1", "UP": "up"]
            let json = try plugin.adapt(
                """
                api_keys {
                 key_env b B
                 key_file c /run/c
                 key d {env.B}
                 keys_file /run/all
                 header authorization
                 header x-api-key
                 header Authorization Token
                 basic
                 name_header X-User-ID
                 upstream_key {env.UP} api-key
                 strip_key
                 realm "a realm"
                 }
                """)
            #expect(
                json == """
                    {"basic":true,"handler":"api_keys","key_files":["/run/all"],\
                    "keys":[{"env":"B","name":"b"},{"file":"/run/c","name":"c"},\
                    {"name":"d","value":"{env.B}"}],"name_field":"X-User-Id","realm":"a realm",\
                    "sources":[{"field":"Authorization","scheme":"Bearer"},{"field":"X-Api-Key"},\
                    {"field":"Authorization","scheme":"Token"}],"strip_key":true,\
                    "upstream_key":{"field":"Api-Key","value":"{env.UP}"}}
                    """)
        }

        @Test(arguments: [
            ("", "api_keys has no key", 0),
            ("key a \"\"", #"key "a" is empty"#, 4),
            ("key a", "key has 1 arguments, expected 2", 3),
            ("key a b:c sk", "key has 3 arguments, expected 2", 5),
            ("key a:b long-enough", #""a:b" is no name of a key"#, 3),
            ("key a sha256:12", #"the hash of key "a" is malformed"#, 4),
            ("key a long-enough\n key a long-enougH", #"key "a" is given twice"#, 6),
            ("key a long-enough\n key b long-enough", #"keys "a" and "b" are the same"#, 7),
            (
                "key_env a UNSET_VARIABLE", "environment variable UNSET_VARIABLE is unset or empty",
                4
            ),
            (
                "key a {env.UNSET_VARIABLE}",
                "environment variable UNSET_VARIABLE is unset or empty", 4
            ),
            (
                "upstream_key {env.UNSET_VARIABLE}", "environment variable UNSET_VARIABLE is unset",
                3
            ),
            ("upstream_key \"\"", "upstream_key is empty", 3),
            ("header \"a b\"", #""a b" is no field name"#, 3),
            ("header x-a\n header X-A", "header X-A is given twice", 5),
            ("basic\n basic", "basic is given twice", 3),
            ("keyfile a", #"unknown option "keyfile" in api_keys"#, 2),
        ])
        func pointsAtWhatIsWrong(_ lines: String, _ message: String, _ token: Int) {
            TestHost.environment = [:]
            let problem = #expect(throws: TestProblem.self) {
                try plugin.adapt("api_keys {\n \(lines)\n }")
            }
            #expect(problem?.message.hasPrefix(message) == true)
            #expect(problem?.token == token)
        }

        @Test func warnsOfShortKeys() throws {
            _ = try plugin.adapt("api_keys {\n key a short-1\n }")
            #expect(TestHost.logged.last == #"key "a" is shorter than 8 characters"#)
        }

        @Test func refusesConfigurationsWithoutMeaning() throws {
            #expect(problem("") == "api_keys has no key")
            #expect(problem(#"{"name":"a","value":""}"#) == #"key "a" is empty"#)
            #expect(problem(#"{"name":"a","env":"UNSET_VARIABLE"}"#) == #"key "a" is empty"#)
            #expect(
                problem(#"{"name":"a","value":"two words"}"#)?.contains("cannot be sent") == true)
            #expect(
                problem(#"{"name":"a"}"#)
                    == "keys[0] needs exactly one of hash, value, env and file")
            #expect(problem(#"{"name":"","value":"long-enough"}"#) == "a key has no name")
            #expect(
                problem(#"{"name":"a","value":"long-enough"},{"name":"b","value":"long-enough"}"#)
                    == #"keys "a" and "b" are the same"#)
            #expect(
                problem(
                    #"{"name":"a","value":"long-enough"}"#, more: #","upstream_key":{"value":""}"#)
                    == "upstream_key is empty")
        }

        @Test func knowsEveryKeyByItsName() throws {
            let handler = try handler()
            for name in ["alice", "bob"] {
                let key = name == "alice" ? "alice-secret" : "bob-secret-1"
                let exchange = handler.exchange(fields: [("Authorization", "bearer \(key)")])
                #expect(exchange.runRequest() == 0)
                #expect(exchange.placeholders["http.auth.user.id"] == name)
                #expect(exchange.placeholders["http.auth.api_key.name"] == name)
                #expect(exchange.requestFields == ["Authorization: bearer \(key)"])
            }
        }

        @Test(arguments: [
            "Bearer alice-secre", "Bearer alice-secret ", "Bearer alice-secretx", "Bearer ",
            "Bearer ALICE-SECRET", "Bearer alice-secret,bob-secret-1",
        ])
        func refusesAnyOtherKeyWithoutEchoingIt(_ value: String) throws {
            let exchange = try handler().exchange(
                fields: [("Authorization", value), ("Accept", "text/html, application/json")])
            #expect(exchange.runRequest() == 6)
            #expect(exchange.status == 401)
            #expect(
                exchange.responseFields == [
                    #"www-authenticate: Bearer realm="api", error="invalid_token""#,
                    "content-type: application/json",
                ])
            #expect(
                exchange.body
                    == #"{"error":{"message":"The API key is not valid.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#
            )
            #expect(exchange.placeholders.isEmpty)
        }

        @Test(arguments: [
            ("/", [], false), ("/", [("Accept", "text/html")], false), ("/v1/models", [], true),
            ("/", [("Accept", "*/*")], true), ("/", [("Content-Type", "application/JSON")], true),
        ])
        func answersInTheShapeThatTheClientReads(
            _ uri: String, _ fields: [(String, String)], _ isJSON: Bool
        ) throws {
            let exchange = try handler(more: #","basic":true"#).exchange(
                "GET", uri, fields: fields.map { (name: $0.0, value: $0.1) })
            #expect(exchange.runRequest() == 6)
            #expect(exchange.status == 401)
            #expect(
                exchange.responseFields == [
                    #"www-authenticate: Bearer realm="api""#,
                    #"www-authenticate: Basic realm="api""#,
                    "content-type: " + (isJSON ? "application/json" : "text/plain; charset=utf-8"),
                ])
            #expect(exchange.body.hasPrefix("{") == isJSON)
        }

        @Test func takesKeysFromTheConfiguredFieldsOnly() throws {
            let handler = try handler(
                more:
                    #","sources":[{"field":"X-Api-Key"},{"field":"Authorization","scheme":"Token"}]"#
            )
            func verdict(_ fields: (name: String, value: String)...) -> Int32 {
                handler.exchange(fields: fields).runRequest()
            }
            #expect(verdict(("x-api-key", "alice-secret")) == 0)
            #expect(verdict(("authorization", "Token alice-secret")) == 0)
            #expect(verdict(("authorization", "Bearer alice-secret")) == 6)
            #expect(verdict(("authorization", "Basic YTphbGljZS1zZWNyZXQ=")) == 6)
            #expect(verdict(("x-api-key", "alice-secret"), ("x-api-key", "alice-secret")) == 6)
        }

        @Test func takesThePasswordWhenAskedTo() throws {
            let handler = try handler(more: #","basic":true"#)
            let exchange = handler.exchange(
                fields: [("authorization", "Basic YW55OmFsaWNlLXNlY3JldA==")])
            #expect(exchange.runRequest() == 0)
            #expect(exchange.placeholders["http.auth.user.id"] == "alice")
        }

        @Test func handsTheNameUpstreamAndNothingOfTheClients() throws {
            let handler = try handler(more: #","name_field":"X-User-ID","strip_key":true"#)
            let exchange = handler.exchange(fields: [
                ("X-User-Id", "root"), ("Authorization", "Bearer alice-secret"),
                ("x_user_id", "root"), ("X_User-ID", "root"), ("X-User-Ids", "kept"),
            ])
            #expect(exchange.runRequest() == 0)
            #expect(exchange.requestFields == ["X-User-Ids: kept", "x-user-id: alice"])
        }

        @Test(arguments: [
            ("", "up-key", "authorization: Bearer up-key"),
            ("", "Basic abc", "authorization: Basic abc"),
            (#","field":"api-key""#, "up-key", "api-key: up-key"),
        ])
        func replacesTheKeyByTheUpstreams(
            _ field: String, _ value: String, _ sent: String
        ) throws {
            TestHost.environment = ["UP": value]
            let handler = try handler(more: #","upstream_key":{"value":"{env.UP}"\#(field)}"#)
            let exchange = handler.exchange(fields: [
                ("Authorization", "Bearer alice-secret"), ("api_key", "mine"),
            ])
            #expect(exchange.runRequest() == 0)
            #expect(exchange.requestFields.last?.lowercased() == sent.lowercased())
            #expect(!exchange.requestFields.contains { $0.contains("alice") })
            #expect(exchange.requestFields.contains("api_key: mine") == field.isEmpty)
        }

        @Test func readsKeysFromFilesAndTheEnvironment() throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let (one, many) = (folder.appending(path: "one"), folder.appending(path: "many"))
            try Data("file-secret\r\nrest".utf8).write(to: one)
            try Data("# all\n\n a:a-secret-1 \nb:sha256:\(Self.hashOfTestSecret)\n".utf8).write(
                to: many)
            TestHost.environment = ["E": "env-secret-1"]
            let handler = try handler(
                #"{"name":"f","file":"\#(one.path)"},{"name":"e","env":"E"}"#,
                more: #","key_files":["\#(many.path)"]"#)
            for (key, name) in [
                ("file-secret", "f"), ("env-secret-1", "e"), ("a-secret-1", "a"),
                ("test-secret", "b"),
            ] {
                let exchange = handler.exchange(fields: [("authorization", "Bearer \(key)")])
                #expect(exchange.runRequest() == 0)
                #expect(exchange.placeholders["http.auth.user.id"] == name)
            }
            try Data("a:a-secret-1\nnonsense\n".utf8).write(to: many)
            #expect(
                problem("", more: #","key_files":["\#(many.path)"]"#)
                    == "\(many.path):2: a line without a colon, expected name:key")
            #expect(
                problem("", more: #","key_files":["\#(folder.path)/none"]"#)
                    == "cannot read \(folder.path)/none: No such file or directory")
        }

        private static let hashOfTestSecret =
            "9caf06bb4436cdbfa20af9121a626bc1093c4f54b31c0fa937957856135345b6"
    }
}
