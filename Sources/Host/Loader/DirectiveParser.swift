// Runs a plugin's directive parser over the tokens of one use.
package import Base
internal import CGateway

/// A token for a plugin's directive parser: the ABI's gw_token.
package struct DirectiveToken: Sendable, Equatable {
    package var text: String
    /// From 1.
    package var line: UInt32
    /// `GW_TOKEN_*`
    package var flags: UInt32
    /// Blocks around it within the directive.
    package var depth: UInt32

    package init(text: String, line: UInt32, flags: UInt32 = 0, depth: UInt32 = 0) {
        self.text = text
        self.line = line
        self.flags = flags
        self.depth = depth
    }
}

/// What a parser may ask the configuration for while it runs (gw.adapt/1).
package struct DirectiveHost {
    /// What such a question came to.
    package enum Answer {
        case json(String)
        /// The token is no matcher, or is `*`.
        case notFound
        /// An error of the configuration; the directive fails with it, as it is.
        case failed(any Error)
    }

    /// The matcher set that the token with that index names.
    package var matcher: (_ token: Int) -> Answer
    /// The routes of the directives in those tokens, as a JSON array.
    package var routes: (_ tokens: Range<Int>) -> Answer
    /// What another directive makes of tokens. A token that was passed on unchanged comes with
    /// its index in this directive.
    package var directive: (_ tokens: [(token: DirectiveToken, index: Int?)]) -> Answer
    package var warn: (PluginDiagnostic) -> Void

    package init(
        matcher: @escaping (_ token: Int) -> Answer,
        routes: @escaping (_ tokens: Range<Int>) -> Answer,
        directive: @escaping (_ tokens: [(token: DirectiveToken, index: Int?)]) -> Answer,
        warn: @escaping (PluginDiagnostic) -> Void
    ) {
        self.matcher = matcher
        self.routes = routes
        self.directive = directive
        self.warn = warn
    }
}

/// Why a directive gave no JSON.
package enum DirectiveFailure: Error {
    /// The parser refused the tokens; `token` of the diagnostic is the index of the culprit.
    case refused(PluginDiagnostic)
    /// An error of the configuration that came up while the parser asked for something.
    case host(any Error)
    /// The parser broke the contract.
    case plugin(LoaderError)
}

extension LoadedDirective {
    /// The JSON for one use of the directive. [config]
    ///
    /// - Parameters:
    ///   - tokens: The name and all that follows, braces included.
    ///   - file: Where they stand, for messages of the plugin's own.
    package func parse(
        _ tokens: [DirectiveToken], file: String, host: DirectiveHost
    ) throws(DirectiveFailure) -> JSONValue {
        let session = DirectiveSession(tokens, file: file, host: host)
        let sink = OutputSink()
        let status = scope.run { table.pointee.parse(session.call, sink.pointer) }
        let outcome = session.finish()
        if let error = outcome.hostError { throw .host(error) }
        if let problem = outcome.problem {
            if status == GW_OK {
                ContractCheck.violation(
                    "parse of \(name)", "returns GW_E_CONFIG after fail", scope: scope)
            }
            throw .refused(problem)
        }
        guard status == GW_OK else {
            throw .plugin(broken("failed with code \(status) and gave no reason"))
        }
        do throws(JSONError) {
            return try JSONValue(parsing: sink.bytes)
        } catch {
            throw .plugin(broken("wrote \(error.description)"))
        }
    }

    private func broken(_ message: String) -> LoaderError {
        LoaderError(.directive, plugin: plugin, module: module, "directive \(name): \(message)")
    }
}
