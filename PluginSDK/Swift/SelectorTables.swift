// The tables of matchers and placeholders: C functions that find the type through the instance.
import CGateway

enum SelectorTables {
    static var matcher: gw_matcher_ops {
        gw_matcher_ops(
            struct_size: UInt32(MemoryLayout<gw_matcher_ops>.size), rev: 0,
            match: { instance, request in
                do throws(Status) {
                    let instance = made(instance)
                    guard let type = instance.pointee.matcher else { return GW_E_INTERNAL }
                    return try type.call(instance.pointee.value, request) ? 1 : 0
                } catch {
                    return error.code
                }
            })
    }

    static var placeholders: gw_placeholder_ops {
        gw_placeholder_ops(
            struct_size: UInt32(MemoryLayout<gw_placeholder_ops>.size), rev: 0,
            find: { instance, name, slot in
                let instance = made(instance)
                guard let type = instance.pointee.placeholders else { return GW_E_INTERNAL }
                do throws(PluginError) {
                    guard let found = try type.find(instance.pointee.value, Bytes(name).span.text)
                    else {
                        return GW_E_NOT_FOUND
                    }
                    slot.pointee = found
                    return GW_OK
                } catch {
                    error.report { Host.core.pointee.fail(instance.pointee.scope, $0) }
                    return error.status.code
                }
            },
            resolve: { instance, request, slot, out in
                out.pointee = gw_view()
                do throws(Status) {
                    let instance = made(instance)
                    guard let type = instance.pointee.placeholders,
                        let value = try type.call(instance.pointee.value, request, slot)
                    else { return GW_E_NOT_FOUND }
                    out.pointee = value.view
                    return GW_OK
                } catch {
                    return error.code
                }
            })
    }
}

@inline(__always)
private func made(_ instance: UnsafeMutableRawPointer?) -> UnsafePointer<Instance> {
    UnsafePointer(instance.unsafelyUnwrapped.assumingMemoryBound(to: Instance.self))
}

extension MatcherModule {
    @inline(__always)
    fileprivate static func call(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>
    ) throws(Status) -> Bool {
        var request = Request(request)
        return try self.value(at: value).pointee.matches(&request)
    }
}

extension PlaceholderModule {
    fileprivate static func find(
        _ value: UnsafeMutableRawPointer, _ name: String
    ) throws(PluginError) -> UInt32? {
        try self.value(at: value).pointee.slot(of: name)
    }

    @inline(__always)
    fileprivate static func call(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>, _ slot: UInt32
    ) throws(Status) -> Bytes? {
        var request = Request(request)
        return try self.value(at: value).pointee.value(of: slot, in: &request)
    }
}
