// One run of a directive parser: the memory that it reads and what it reported.
internal import Base
internal import CGateway
private import Synchronization

/// Owns the tokens of one call as C sees them. Control thread only.
final class DirectiveSession {
    struct Outcome {
        var problem: PluginDiagnostic?
        var hostError: (any Error)?
    }

    private static let live = LiveObjects<DirectiveSession>()

    let host: DirectiveHost
    let call: UnsafeMutablePointer<gw_directive_call>
    private let source: [DirectiveToken]
    private let text: UnsafeMutableBufferPointer<UInt8>
    private let tokens: UnsafeMutableBufferPointer<gw_token>
    private var outcome = Outcome()
    private var expansions: [UnsafeMutableBufferPointer<UInt8>] = []

    init(_ source: [DirectiveToken], file: String, host: DirectiveHost) {
        self.host = host
        self.source = source
        let bytes = source.flatMap { Array($0.text.utf8) } + Array(file.utf8)
        text = .allocate(capacity: max(bytes.count, 1))
        _ = text.update(fromContentsOf: bytes)
        tokens = .allocate(capacity: max(source.count, 1))
        call = .allocate(capacity: 1)
        var offset = 0
        for (index, token) in source.enumerated() {
            let count = token.text.utf8.count
            tokens.initializeElement(
                at: index,
                to: gw_token(
                    text: Self.view(text, offset, count), line: token.line, flags: token.flags,
                    depth: token.depth, reserved: 0))
            offset += count
        }
        call.initialize(
            to: gw_directive_call(
                struct_size: UInt32(MemoryLayout<gw_directive_call>.size), rev: 1,
                tokens: UnsafePointer(tokens.baseAddress.unsafelyUnwrapped),
                token_count: source.count,
                file: Self.view(text, offset, file.utf8.count), host: UnsafeMutableRawPointer(call))
        )
        Self.live.insert(self, at: UInt(bitPattern: call))
    }

    deinit {
        Self.live.remove(UInt(bitPattern: call))
        call.deallocate()
        tokens.deallocate()
        text.deallocate()
        for expansion in expansions { expansion.deallocate() }
    }

    /// The running session of a call, nil when the plugin kept it for longer.
    static func find(_ call: UnsafePointer<gw_directive_call>) -> DirectiveSession? {
        live.find(UInt(bitPattern: call))
    }

    var tokenCount: Int { source.count }

    /// The first problem is shown.
    func fail(_ problem: PluginDiagnostic) {
        if outcome.problem == nil { outcome.problem = problem }
    }

    func fail(_ error: any Error) {
        if outcome.hostError == nil { outcome.hostError = error }
    }

    /// A copy of a text that lives as long as this run.
    func keep(_ text: String) -> gw_view {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(text.utf8.count, 1))
        _ = copy.update(fromContentsOf: text.utf8)
        expansions.append(copy)
        return Self.view(copy, 0, text.utf8.count)
    }

    /// Ends the run: the call is stale from now on.
    func finish() -> Outcome {
        Self.live.remove(UInt(bitPattern: call))
        return outcome
    }

    /// Copies tokens that the plugin gave; nil when they make no sense.
    func copy(
        _ given: UnsafePointer<gw_token>, _ count: Int
    ) -> [(token: DirectiveToken, index: Int?)]? {
        guard count > 0, count <= Limits.directiveTokensMax else { return nil }
        var copies: [(token: DirectiveToken, index: Int?)] = []
        for token in UnsafeBufferPointer(start: given, count: count) {
            guard let text = PluginText.strict(token.text, bytesMax: Limits.outputBytesMax) else {
                return nil
            }
            let copy = DirectiveToken(
                text: text, line: token.line, flags: token.flags, depth: token.depth)
            copies.append((copy, index(of: token)))
        }
        return copies
    }

    /// The index of one of this session's own tokens, by where its text is.
    private func index(of token: gw_token) -> Int? {
        guard token.text.len > 0 else { return nil }
        return tokens.prefix(source.count).firstIndex {
            $0.text.ptr == token.text.ptr && $0.text.len == token.text.len
        }
    }

    private static func view(
        _ text: UnsafeMutableBufferPointer<UInt8>, _ offset: Int, _ count: Int
    ) -> gw_view {
        gw_view(ptr: text.baseAddress.map { UnsafePointer($0 + offset) }, len: count)
    }
}
