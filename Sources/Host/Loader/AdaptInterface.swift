// gw.adapt/1: what a directive's parser asks the host for. All [config].
internal import Base
package import CGateway

/// Builds the table of `gw.adapt/1`.
package enum AdaptInterface {
    package typealias Duration = @convention(c) (gw_view, UnsafeMutablePointer<Int64>) -> gw_status

    /// Offers the table to plugins.
    ///
    /// - Parameter duration: Reads durations as the configuration does.
    @discardableResult
    package static func register(duration: @escaping Duration) -> UnsafePointer<gw_host_adapt> {
        HostInterfaces.register(
            GW_IFACE_ADAPT,
            copying: gw_host_adapt(
                struct_size: UInt32(MemoryLayout<gw_host_adapt>.size), rev: 1,
                fail: failDirective, warn: warnDirective, matcher: writeMatcher,
                routes: writeRoutes, directive: writeDirective, duration: duration,
                expand: expandDirective))
    }
}

private typealias Call = UnsafePointer<gw_directive_call>

private func session(_ call: Call, _ name: String) -> DirectiveSession? {
    ContractCheck.requireConfig("gw.adapt/1 \(name)")
    let session = DirectiveSession.find(call)
    if session == nil {
        ContractCheck.violation("gw.adapt/1 \(name)", "call is dead when parse returned")
    }
    return session
}

private func failDirective(_ call: Call, _ diag: UnsafePointer<gw_diag>) {
    session(call, "fail")?.fail(PluginDiagnostic(copying: diag))
}

private func warnDirective(_ call: Call, _ diag: UnsafePointer<gw_diag>) {
    session(call, "warn")?.host.warn(PluginDiagnostic(copying: diag))
}

private func writeMatcher(_ call: Call, _ token: UInt32, _ out: OpaquePointer) -> gw_status {
    guard let session = session(call, "matcher") else { return GW_E_STALE }
    guard Int(token) < session.tokenCount else {
        ContractCheck.violation("gw.adapt/1 matcher", "token is less than token_count")
        return GW_E_INVALID
    }
    return write(session.host.matcher(Int(token)), to: out, session)
}

private func writeRoutes(
    _ call: Call, _ first: UInt32, _ end: UInt32, _ out: OpaquePointer
) -> gw_status {
    guard let session = session(call, "routes") else { return GW_E_STALE }
    guard first <= end, Int(end) <= session.tokenCount else {
        ContractCheck.violation("gw.adapt/1 routes", "first ≤ end ≤ token_count")
        return GW_E_INVALID
    }
    return write(session.host.routes(Int(first)..<Int(end)), to: out, session)
}

private func writeDirective(
    _ call: Call, _ tokens: UnsafePointer<gw_token>, _ count: Int, _ out: OpaquePointer
) -> gw_status {
    guard let session = session(call, "directive") else { return GW_E_STALE }
    guard let copies = session.copy(tokens, count) else {
        ContractCheck.violation("gw.adapt/1 directive", "tokens are at least one, of valid UTF-8")
        return GW_E_INVALID
    }
    return write(session.host.directive(copies), to: out, session)
}

private func expandDirective(
    _ call: Call, _ tokens: UnsafePointer<gw_token>, _ count: Int,
    _ out: UnsafeMutablePointer<gw_view>
) -> gw_status {
    guard let session = session(call, "expand") else { return GW_E_STALE }
    guard let copies = session.copy(tokens, count) else {
        ContractCheck.violation("gw.adapt/1 expand", "tokens are at least one, of valid UTF-8")
        return GW_E_INVALID
    }
    switch session.host.directive(copies) {
    case .notFound: return GW_E_NOT_FOUND
    case .failed(let error):
        session.fail(error)
        return GW_E_CONFIG
    case .json(let json):
        out.pointee = session.keep(json)
        return GW_OK
    }
}

private func write(
    _ answer: DirectiveHost.Answer, to out: OpaquePointer, _ session: DirectiveSession
) -> gw_status {
    switch answer {
    case .notFound: return GW_E_NOT_FOUND
    case .failed(let error):
        session.fail(error)
        return GW_E_CONFIG
    case .json(var json):
        guard let sink = OutputSink.find(out) else {
            ContractCheck.violation("gw.adapt/1", "out is dead when the call that gave it ended")
            return GW_E_STALE
        }
        return json.withUTF8 { sink.write(UnsafeRawBufferPointer($0)) }
    }
}
