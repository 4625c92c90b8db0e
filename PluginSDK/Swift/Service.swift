// What plugins offer to each other: C tables under an id with its revision.
import CGateway

/// A service that another plugin offers.
public struct BoundService: @unchecked Sendable {
    /// Begins with struct_size and rev; valid as long as the process.
    public let table: UnsafeRawPointer
    /// The first argument of its functions, as the service defines it.
    public let context: UnsafeMutableRawPointer?
}

public enum Service {
    /// Offers a service such as "health.status/1". From `initialise` of the plugin, or from
    /// `provision` of a `ServiceModule`. [load] [config]
    ///
    /// - Parameter table: Stays valid as long as the process.
    public static func publish(
        _ id: String, table: UnsafeRawPointer, context: UnsafeMutableRawPointer? = nil
    ) throws(Status) {
        guard let service = Host.service else { throw .unsupported }
        try Status.check(id.withBytes { service.pointee.publish($0.view, table, context) })
    }
}

extension Scope {
    /// Finds a service; its provider outlives this scope. nil when no loaded plugin offers it.
    public func bind(_ id: String) throws(PluginError) -> BoundService? {
        guard let service = Host.service else { throw .missing(.service) }
        var table: UnsafeRawPointer?
        var context: UnsafeMutableRawPointer?
        let code = id.withBytes { service.pointee.bind(pointer, $0.view, &table, &context) }
        if code == GW_E_NOT_FOUND { return nil }
        guard code == GW_OK, let table else { throw .reported(Status(code: code)) }
        return BoundService(table: table, context: context)
    }
}
