internal import Base
package import CGateway
private import Synchronization

// gw.core/1: diagnostics, output, clocks, environment; logging comes from the server.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

/// Builds the table of `gw.core/1`.
package enum CoreInterface {
    package typealias Log =
        @convention(c) (
            OpaquePointer?, UInt32, gw_view, UnsafePointer<gw_log_field>?, Int
        ) -> Void
    package typealias LogEnabled = @convention(c) (OpaquePointer?, UInt32) -> Int32
    package typealias WorkerCount = @convention(c) () -> UInt32

    /// Offers the table to plugins.
    @discardableResult
    package static func register(
        log: @escaping Log, logEnabled: @escaping LogEnabled, workerCount: @escaping WorkerCount
    ) -> UnsafePointer<gw_host_core> {
        HostInterfaces.register(
            GW_IFACE_CORE,
            copying: gw_host_core(
                struct_size: UInt32(MemoryLayout<gw_host_core>.size), rev: 1, log: log,
                log_enabled: logEnabled, now_monotonic: monotonicNow, now_wall: wallNow,
                fail: reportProblem, warn: reportWarning, out_write: writeOutput,
                worker_count: workerCount, environment: findEnvironment, uses_file: noteFile))
    }
}

private func monotonicNow() -> UInt64 { SystemClock.monotonic }
private func wallNow() -> UInt64 { SystemClock.wall }

private func reportProblem(_ pointer: OpaquePointer, _ diag: UnsafePointer<gw_diag>) {
    guard let scope = liveScope(pointer, "gw.core/1 fail") else { return }
    scope.fail(PluginDiagnostic(copying: diag))
}

private func reportWarning(_ pointer: OpaquePointer, _ diag: UnsafePointer<gw_diag>) {
    guard let scope = liveScope(pointer, "gw.core/1 warn") else { return }
    scope.warn(PluginDiagnostic(copying: diag))
}

private func noteFile(_ pointer: OpaquePointer, _ path: gw_view) -> gw_status {
    guard let scope = liveScope(pointer, "gw.core/1 uses_file") else { return GW_E_STALE }
    guard let path = PluginText.strict(path, bytesMax: Limits.pluginTextBytesMax), !path.isEmpty,
        !path.utf8.contains(0)
    else { return GW_E_INVALID }
    FilesRead.note(path, for: scope)
    return GW_OK
}

private func liveScope(_ pointer: OpaquePointer, _ call: String) -> PluginScope? {
    guard let scope = PluginScope.find(pointer) else {
        ContractCheck.violation(call, "the scope is one of a living instance")
        return nil
    }
    ContractCheck.requireConfig(call, scope: scope)
    return scope
}

private func writeOutput(_ pointer: OpaquePointer, _ bytes: gw_view) -> gw_status {
    guard let sink = OutputSink.find(pointer) else {
        ContractCheck.violation(
            "gw.core/1 out_write", "out is dead when the call that gave it ended")
        return GW_E_STALE
    }
    guard !PluginText.isAbsurd(bytes) else {
        ContractCheck.violation(
            "gw.core/1 out_write",
            "bytes is a view of memory, not \(bytes.len) bytes at NULL or more")
        return GW_E_INVALID
    }
    return sink.write(UnsafeRawBufferPointer(start: bytes.ptr, count: bytes.len))
}

/// Values that were asked for; kept for as long as the process lives, as the ABI promises.
private let knownVariables = Mutex<[String: EnvironmentValue]>([:])

private struct EnvironmentValue: @unchecked Sendable {
    let start: UnsafePointer<UInt8>
    let count: Int
}

private func findEnvironment(_ name: gw_view, _ out: UnsafeMutablePointer<gw_view>) -> gw_status {
    ContractCheck.requireConfig("gw.core/1 environment")
    out.pointee = gw_view(ptr: nil, len: 0)
    guard let name = PluginText.strict(name, bytesMax: Limits.pluginTextBytesMax), !name.isEmpty,
        !name.utf8.contains(0)
    else { return GW_E_INVALID }
    let value = knownVariables.withLock { known in
        if let value = known[name] { return value as EnvironmentValue? }
        guard let text = getenv(name) else { return nil }
        let count = strlen(text)
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: count + 1)
        memcpy(copy, text, count + 1)
        let value = EnvironmentValue(start: UnsafePointer(copy), count: count)
        known[name] = value
        return value
    }
    guard let value else { return GW_E_NOT_FOUND }
    out.pointee = gw_view(ptr: value.start, len: value.count)
    return GW_OK
}
