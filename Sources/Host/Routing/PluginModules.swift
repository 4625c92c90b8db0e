// Matchers and placeholders that plugins brought, as routes and templates call them.
package import CGateway

/// A matcher of a plugin. The generation keeps its instance alive.
package struct PluginMatcher: @unchecked Sendable {
    package typealias Match =
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<gw_req>) -> Int32

    private let match: Match
    private let instance: UnsafeMutableRawPointer?

    package init(match: @escaping Match, instance: UnsafeMutableRawPointer?) {
        self.match = match
        self.instance = instance
    }

    /// A matcher that cannot tell leaves its reason in `context.refusal`.
    func matches(_ context: RequestContext) -> Bool {
        let answer = match(instance, context.req)
        if answer < 0 { context.refusal = answer }
        return answer > 0
    }
}

/// A placeholder of a plugin, found by its name when a template was compiled. Whoever uses it keeps
/// the instance alive.
package struct PluginPlaceholder {
    package typealias Resolve =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<gw_req>, UInt32,
            UnsafeMutablePointer<gw_view>
        ) -> gw_status

    private let resolve: Resolve
    private let instance: UnsafeMutableRawPointer?
    private let slot: UInt32

    package init(
        resolve: @escaping Resolve, instance: UnsafeMutableRawPointer?, slot: UInt32
    ) {
        self.resolve = resolve
        self.instance = instance
        self.slot = slot
    }

    /// Its value, `fallback` when it has none; nil when it failed, for `context.refusal`.
    func value(_ context: RequestContext, fallback: Bytes) -> Bytes? {
        var found = gw_view()
        let status = resolve(instance, context.req, slot, &found)
        if status == GW_OK { return Bytes(start: found.ptr, count: found.len) }
        if status == GW_E_NOT_FOUND { return fallback }
        context.refusal = status < 0 ? status : GW_E_INTERNAL
        return nil
    }
}
