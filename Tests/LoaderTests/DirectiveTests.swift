// Directive parsers of plugins, and what they may ask while they run.
import Base
import Testing

@testable import Loader

private struct HostProblem: Error, Equatable {}

@Suite struct DirectiveTests {
    private let quiet = DirectiveHost(
        matcher: { _ in .notFound }, routes: { _ in .json("[]") },
        directive: { _ in .notFound }, warn: { _ in })

    private func directive(_ name: String, _ body: String) throws -> LoadedDirective {
        var fixture = PluginFixture(name)
        fixture.definitions["PARSE"] = "read"
        fixture.extra = """
            static const gw_directive_call *kept_call;
            static gw_out *kept_out;
            static const gw_host_adapt *adapt(void) {
                gw_view id = V(GW_IFACE_ADAPT);
                return boot->iface(id);
            }
            static gw_status text(gw_out *out, const char *text) {
                gw_view view = {(const uint8_t *)text, strlen(text)};
                return core()->out_write(out, view);
            }
            static gw_status read(const struct gw_directive_call *call, gw_out *out) {
                (void)kept_call; (void)kept_out; (void)adapt; (void)call; (void)text;
                \(body)
            }
            """
        return try #require(fixture.load().modules.first?.directives.first)
    }

    private func tokens(_ texts: String...) -> [DirectiveToken] {
        texts.enumerated().map { DirectiveToken(text: $1, line: 3, depth: $0 == 0 ? 0 : 1) }
    }

    @Test func givesTheJSONThatTheParserWrote() throws {
        let directive = try directive(
            "echo",
            """
            text(out, "{\\"a\\": \\"");
            core()->out_write(out, call->tokens[1].text);
            text(out, "\\", \\"line\\": ");
            text(out, call->tokens[1].line == 3 && call->tokens[1].depth == 1 ? "true}" : "false}");
            return GW_OK;
            """)
        #expect(
            try directive.parse(tokens("echo", "é"), file: "Caddyfile", host: quiet)
                == ["a": "é", "line": true])
    }

    @Test func reportsTheTokenThatIsWrong() throws {
        let directive = try directive(
            "refuse",
            """
            gw_diag diag = {sizeof diag, 1, GW_E_CONFIG, 0, V("unknown option"), V("say x"), 1, 0};
            adapt()->fail(call, &diag);
            (void)out;
            return GW_E_CONFIG;
            """)
        do {
            _ = try directive.parse(tokens("refuse", "y"), file: "f", host: quiet)
            Issue.record("nothing was thrown")
        } catch {
            guard case .refused(let problem) = error else { throw error }
            #expect(problem.message == "unknown option")
            #expect(problem.hint == "say x")
            #expect(problem.token == 1)
        }
    }

    @Test func passesErrorsOfTheConfigurationThrough() throws {
        let directive = try directive("pass", "return adapt()->routes(call, 1, 2, out);")
        var host = quiet
        host.routes = { range in
            #expect(range == 1..<2)
            return .failed(HostProblem())
        }
        do {
            _ = try directive.parse(tokens("pass", "x"), file: "f", host: host)
            Issue.record("nothing was thrown")
        } catch {
            guard case .host(let problem) = error else { throw error }
            #expect(problem as? HostProblem == HostProblem())
        }
    }

    @Test func expandsAnotherDirectiveIntoText() throws {
        let directive = try directive(
            "wrap",
            """
            gw_view json;
            gw_status code = adapt()->expand(call, call->tokens + 1, 1, &json);
            if (code != GW_OK) return code;
            text(out, "[");
            core()->out_write(out, json);
            return text(out, "]");
            """)
        var host = quiet
        host.directive = { _ in .json("{\"a\":1}") }
        let expected: JSONValue = [["a": 1]]
        #expect(try directive.parse(tokens("wrap", "x"), file: "f", host: host) == expected)
    }

    @Test func recognisesItsOwnTokens() throws {
        let directive = try directive(
            "short",
            """
            gw_token other[2] = {call->tokens[1], {V("made up"), 3, 0, 0, 0}};
            return adapt()->directive(call, other, 2, out);
            """)
        var host = quiet
        host.directive = { tokens in
            #expect(tokens.map(\.token.text) == ["x", "made up"])
            #expect(tokens.map(\.index) == [1, nil])
            return .json("{}")
        }
        #expect(try directive.parse(tokens("short", "x"), file: "f", host: host) == [:])
    }

    @Test(arguments: [
        ("nothing", "(void)out; return GW_OK;", "directive nothing: wrote invalid JSON"),
        ("garbage", "text(out, \"{\"); return GW_OK;", "directive garbage: wrote invalid JSON"),
        (
            "mute", "(void)out; return GW_E_CONFIG;",
            "directive mute: failed with code -8 and gave no reason"
        ),
    ])
    func blamesParsersThatBreakTheContract(name: String, body: String, message: String) throws {
        let directive = try directive(name, body)
        do {
            _ = try directive.parse(tokens(name), file: "f", host: quiet)
            Issue.record("nothing was thrown")
        } catch {
            guard case .plugin(let problem) = error else { throw error }
            #expect(problem.message.hasPrefix(message))
        }
    }

    @Test func refusesDeadCallsAndOutputs() throws {
        let directive = try directive(
            "keep",
            """
            if (kept_call) {
                gw_diag diag = {sizeof diag, 1, GW_E_CONFIG};
                adapt()->fail(kept_call, &diag);
                if (core()->out_write(kept_out, call->tokens[0].text) != GW_E_STALE) abort();
                gw_view absurd = {0, 5};
                if (core()->out_write(out, absurd) != GW_E_INVALID) abort();
                if (adapt()->matcher(call, 99, out) != GW_E_INVALID) abort();
            }
            kept_call = (const gw_directive_call *)0x1000;
            kept_out = (gw_out *)0x2000;
            return text(out, "{}");
            """)
        #expect(try directive.parse(tokens("keep"), file: "f", host: quiet) == [:])
        #expect(try directive.parse(tokens("keep"), file: "f", host: quiet) == [:])
        #expect(
            TestHost.violations(of: "keep").map(\.call) == [
                "gw.adapt/1 fail", "gw.core/1 out_write", "gw.core/1 out_write",
                "gw.adapt/1 matcher",
            ])
    }

    @Test func boundsWhatAParserWrites() throws {
        let directive = try directive(
            "flood",
            """
            static uint8_t block[1 << 20];
            gw_view view = {block, sizeof block};
            for (int i = 0; i < 16; i++) if (core()->out_write(out, view) != GW_OK) abort();
            return core()->out_write(out, view);
            """)
        do {
            _ = try directive.parse(tokens("flood"), file: "f", host: quiet)
            Issue.record("nothing was thrown")
        } catch {
            guard case .plugin(let problem) = error else { throw error }
            #expect(problem.message == "directive flood: failed with code -4 and gave no reason")
        }
    }
}

@Suite struct ContractCheckTests {
    @Test func configCallsFromAWorkerAreReported() throws {
        TestHost.install()
        let scope = PluginScope(plugin: "p", module: "test.thread")
        let before = ThreadRole.current
        ThreadRole.current = .loop(3)
        defer { ThreadRole.current = before }
        #expect(ThreadRole.current == .loop(3))
        ContractCheck.requireConfig("gw.core/1 fail", scope: scope)
        ContractCheck.requireLoop("gw.http/1 respond", scope: scope)
        #expect(
            TestHost.violations(of: "test.thread").map(\.description) == [
                "test.thread broke the contract in gw.core/1 fail: "
                    + "[config] only, was called from worker 3"
            ])
    }

    @Test func scopesAreStaleAfterTheirRelease() {
        let scope = PluginScope(plugin: "p")
        let pointer = scope.pointer
        #expect(PluginScope.find(pointer) === scope)
        scope.release()
        #expect(PluginScope.find(pointer) == nil)
        #expect(!scope.onRelease {})
    }
}
