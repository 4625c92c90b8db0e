// The tables of the host by interface id, and what a plugin sees of the host while it is loaded.
internal import Base
internal import CGateway
private import Synchronization

/// The interfaces that this process offers to plugins. Filled before the first plugin is loaded.
package enum HostInterfaces {
    private struct Table: @unchecked Sendable {
        let pointer: UnsafeRawPointer
    }

    private static let tables = Mutex<[String: Table]>([:])
    private static let version = Mutex<StaticString>("0")

    /// What plugins read as the host's version. Set before the first plugin is loaded.
    package static var hostVersion: StaticString {
        get { version.withLock { $0 } }
        set { version.withLock { $0 = newValue } }
    }

    /// Offers a table, for as long as the process lives. The first one of an id stays.
    ///
    /// - Parameter table: Begins with `struct_size` and `rev`, never changes, is never freed.
    package static func register(_ id: String, _ table: UnsafeRawPointer) {
        let table = Table(pointer: table)
        tables.withLock { $0[id] = $0[id] ?? table }
    }

    /// Moves a table to memory of its own and offers it.
    @discardableResult
    package static func register<Value>(_ id: String, copying table: Value) -> UnsafePointer<Value>
    {
        let memory = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        memory.initialize(to: table)
        register(id, UnsafeRawPointer(memory))
        return UnsafePointer(memory)
    }

    package static var ids: [String] { tables.withLock { $0.keys.sorted() } }

    static func find(_ id: String) -> UnsafeRawPointer? { tables.withLock { $0[id] }?.pointer }
}

/// The `gw_boot` of this process.
enum PluginBoot {
    private static let hostName: StaticString = "gatewright"

    nonisolated(unsafe) static let pointer: UnsafePointer<gw_boot> = {
        let memory = UnsafeMutablePointer<gw_boot>.allocate(capacity: 1)
        memory.initialize(
            to: gw_boot(
                struct_size: UInt32(MemoryLayout<gw_boot>.size), rev: 1,
                abi_minor: UInt32(GW_ABI_MINOR),
                flags: ContractCheck.isEnabled ? GW_BOOT_CHECK : 0,
                host_name: view(hostName), host_version: view(HostInterfaces.hostVersion),
                iface: findInterface, fail: reportFailure))
        return UnsafePointer(memory)
    }()

    private static func view(_ text: StaticString) -> gw_view {
        gw_view(ptr: text.utf8Start, len: text.utf8CodeUnitCount)
    }
}

private func findInterface(_ id: gw_view) -> UnsafeRawPointer? {
    ContractCheck.requireConfig("gw_boot.iface")
    guard let name = PluginText.identifier(id) else {
        ContractCheck.violation("gw_boot.iface", "the id is printable text")
        return nil
    }
    if let table = HostInterfaces.find(name) { return table }
    PluginScope.running?.warn(
        PluginDiagnostic(
            code: GW_E_UNSUPPORTED, message: "it asked for \(name), which this host does not have"))
    return nil
}

private func reportFailure(_ diag: UnsafePointer<gw_diag>) {
    guard let scope = PluginScope.running else {
        ContractCheck.violation("gw_boot.fail", "[load] only, while the plugin is loaded")
        return
    }
    scope.fail(PluginDiagnostic(copying: diag))
}
