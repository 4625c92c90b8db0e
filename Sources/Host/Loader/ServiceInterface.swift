// gw.service/1: what plugins offer to each other.
internal import Base
package import CGateway
private import Synchronization

/// The services that plugins have published. [config]
package enum ServiceInterface {
    fileprivate struct Service: @unchecked Sendable {
        let table: UnsafeRawPointer
        let selfPointer: UnsafeMutableRawPointer?
        let provider: PluginScope
    }

    /// The providers of an id, oldest first: while a new generation is built, a module has two
    /// instances, and if the build fails the older one goes on.
    private static let services = Mutex<[String: [Service]]>([:])

    /// Offers the table to plugins.
    @discardableResult
    package static func register() -> UnsafePointer<gw_host_service> {
        HostInterfaces.register(
            GW_IFACE_SERVICE,
            copying: gw_host_service(
                struct_size: UInt32(MemoryLayout<gw_host_service>.size), rev: 1,
                publish: publishService, bind: bindService))
    }

    /// Ids with the names of their providers, sorted.
    package static var published: [(id: String, provider: String)] {
        services.withLock { services in
            services.sorted { $0.key < $1.key }.map { ($0.key, $0.value.last?.provider.name ?? "") }
        }
    }

    fileprivate static func find(_ id: String) -> Service? {
        services.withLock { $0[id]?.last }
    }

    /// - Returns: Who else provides that id; nil when it is provided by `service` now.
    fileprivate static func publish(_ id: String, _ service: Service) -> PluginScope? {
        let other = services.withLock { services in
            if let known = services[id]?.last, known.provider.name != service.provider.name {
                return known.provider as PluginScope?
            }
            services[id, default: []].append(service)
            return nil
        }
        guard other == nil else { return other }
        let provider = ObjectIdentifier(service.provider)
        service.provider.onRetire { withdraw(id, of: provider) }
        return nil
    }

    private static func withdraw(_ id: String, of provider: ObjectIdentifier) {
        services.withLock { services in
            services[id]?.removeAll { ObjectIdentifier($0.provider) == provider }
            if services[id]?.isEmpty == true { services[id] = nil }
        }
    }
}

private func publishService(
    _ id: gw_view, _ table: UnsafeRawPointer, _ selfPointer: UnsafeMutableRawPointer?
) -> gw_status {
    let call = "gw.service/1 publish"
    ContractCheck.requireConfig(call)
    guard let provider = PluginScope.running else {
        ContractCheck.violation(call, "called from init or provision only")
        return GW_E_INVALID
    }
    guard let id = PluginText.identifier(id), UInt(bitPattern: table) != 0 else {
        ContractCheck.violation(call, "the id is printable text and the table is not NULL")
        return GW_E_INVALID
    }
    let service = ServiceInterface.Service(
        table: table, selfPointer: selfPointer, provider: provider)
    guard let other = ServiceInterface.publish(id, service) else { return GW_OK }
    provider.fail(
        PluginDiagnostic(
            code: GW_E_INVALID,
            message: "publishes \(id), which \(other.name) publishes already",
            hint: "load only one of \(provider.plugin) and \(other.plugin)"))
    return GW_E_INVALID
}

private func bindService(
    _ pointer: OpaquePointer, _ id: gw_view, _ table: UnsafeMutablePointer<UnsafeRawPointer?>,
    _ selfPointer: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) -> gw_status {
    let call = "gw.service/1 bind"
    table.pointee = nil
    selfPointer.pointee = nil
    guard let scope = PluginScope.find(pointer) else {
        ContractCheck.violation(call, "the scope is one of a living instance")
        return GW_E_STALE
    }
    ContractCheck.requireConfig(call, scope: scope)
    guard let id = PluginText.identifier(id) else { return GW_E_INVALID }
    guard let service = ServiceInterface.find(id) else { return GW_E_NOT_FOUND }
    if service.provider !== scope {
        service.provider.hold()
        guard scope.onRelease({ service.provider.unhold() }) else {
            service.provider.unhold()
            return GW_E_STALE
        }
    }
    table.pointee = service.table
    selfPointer.pointee = service.selfPointer
    return GW_OK
}
