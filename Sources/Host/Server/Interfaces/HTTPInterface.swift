// gw.http/1 over exchanges: fields, variables, templates, answers, routes.
import Base
import CGateway
import HTTP
import Loader
import Routing

/// Builds the table of `gw.http/1`. The functions are free functions below: C calls them.
enum HTTPInterface {
    static func register() {
        HostInterfaces.register(
            GW_IFACE_HTTP, copying: CallCheck.table(plain, checked: CheckedHTTP.table))
    }

    static let plain = gw_host_http(
        struct_size: UInt32(MemoryLayout<gw_host_http>.size), rev: 1,
        field_id: fieldID, field_get: fieldGet, field_set: fieldSet, field_add: fieldAdd,
        field_remove: fieldRemove, field_remove_matching: fieldRemoveMatching,
        field_set_at: fieldSetAt, field_add_named: fieldAddNamed, set_uri: setURI,
        set_method: setMethod, variable: variable, variable_get: variableGet,
        variable_set: variableSet, placeholder_set: placeholderSet,
        template_compile: templateCompile, template_eval: templateEvaluate,
        alloc: allocate, response: response, respond: respond, start: start, write: write,
        abort: abort, emit: emit, fail: fail, routes_compile: routesCompile,
        enter_routes: enterRoutes, copy_response: copyResponse)
}

// MARK: Fields

private func fieldID(_ name: gw_view) -> UInt16 {
    guard let bytes = name.utf8Buffer else { return 0 }
    return FieldNames.intern(bytes)
}

private func fieldGet(
    _ fields: UnsafePointer<gw_fields>, _ id: UInt16, _ out: UnsafeMutablePointer<gw_view>
) -> gw_status {
    guard let value = FieldSection.get(fields, id) else {
        out.pointee = gw_view()
        return GW_E_NOT_FOUND
    }
    out.pointee = gw_view(ptr: value.baseAddress, len: value.count)
    return GW_OK
}

private func status(_ error: FieldError) -> gw_status {
    switch error {
    case .invalidName, .invalidValue: GW_E_INVALID
    case .noSpace: GW_E_LIMIT
    case .notFound: GW_E_NOT_FOUND
    }
}

private func changing(_ change: () throws(FieldError) -> Void) -> gw_status {
    do throws(FieldError) {
        try change()
        return GW_OK
    } catch {
        return status(error)
    }
}

private func fieldSet(_ fields: UnsafeMutablePointer<gw_fields>, _ id: UInt16, _ value: gw_view)
    -> gw_status
{
    changing { () throws(FieldError) in try FieldSection.set(fields, id, value.buffer) }
}

private func fieldAdd(_ fields: UnsafeMutablePointer<gw_fields>, _ id: UInt16, _ value: gw_view)
    -> gw_status
{
    changing { () throws(FieldError) in try FieldSection.add(fields, id, value.buffer) }
}

private func fieldRemove(_ fields: UnsafeMutablePointer<gw_fields>, _ id: UInt16) -> gw_status {
    changing { () throws(FieldError) in try FieldSection.remove(fields, id) }
}

private func fieldRemoveMatching(_ fields: UnsafeMutablePointer<gw_fields>, _ pattern: gw_view)
    -> gw_status
{
    FieldSection.removeMatching(fields, pattern.buffer) > 0 ? GW_OK : GW_E_NOT_FOUND
}

private func fieldSetAt(
    _ fields: UnsafeMutablePointer<gw_fields>, _ index: UInt32, _ value: gw_view
) -> gw_status {
    guard index < fields.pointee.count else { return GW_E_INVALID }
    return changing { () throws(FieldError) in
        try FieldSection.setAt(fields, Int(index), value.buffer)
    }
}

private func fieldAddNamed(
    _ fields: UnsafeMutablePointer<gw_fields>, _ name: gw_view, _ value: gw_view
) -> gw_status {
    changing { () throws(FieldError) in
        try FieldSection.addNamed(fields, name: name.buffer, value: value.buffer)
    }
}

// MARK: The request

private func setURI(_ req: UnsafeMutablePointer<gw_req>, _ uri: gw_view) -> gw_status {
    Exchange.of(req).setURI(uri.bytes) ? GW_OK : GW_E_INVALID
}

private func setMethod(_ req: UnsafeMutablePointer<gw_req>, _ method: gw_view) -> gw_status {
    Exchange.of(req).setMethod(method.bytes) ? GW_OK : GW_E_INVALID
}

// MARK: Variables and templates

private func variable(_ name: gw_view) -> gw_slot {
    ControlPlane.withRegistries { $0.names.variable(name.string) }
}

private func variableGet(
    _ req: UnsafeMutablePointer<gw_req>, _ slot: gw_slot, _ out: UnsafeMutablePointer<gw_view>
) -> gw_status {
    guard let value = Exchange.of(req).context.value(ofSlot: slot) else {
        out.pointee = gw_view()
        return GW_E_NOT_FOUND
    }
    out.pointee = gw_view(value)
    return GW_OK
}

private func variableSet(_ req: UnsafeMutablePointer<gw_req>, _ slot: gw_slot, _ value: gw_view)
    -> gw_status
{
    Exchange.of(req).context.set(slot: slot, to: value.bytes) ? GW_OK : GW_E_LIMIT
}

private func placeholderSet(
    _ req: UnsafeMutablePointer<gw_req>, _ name: gw_view, _ value: gw_view
) -> gw_status {
    let exchange = Exchange.of(req)
    guard let names = exchange.generation?.names else { return GW_E_INVALID }
    return exchange.context.setPlaceholder(name.bytes, to: value.bytes, names: names)
        ? GW_OK : GW_E_LIMIT
}

private func templateCompile(
    _ scope: OpaquePointer, _ text: gw_view, _ flags: UInt32,
    _ out: UnsafeMutablePointer<gw_template>
) -> gw_status {
    out.pointee = 0
    guard let owner = PluginScope.find(scope) else { return GW_E_STALE }
    do throws(RoutingError) {
        out.pointee = try ControlPlane.compileTemplate(text.string, flags: flags, owner: owner)
        return GW_OK
    } catch {
        owner.fail(PluginDiagnostic(code: GW_E_CONFIG, message: "\(error)"))
        return GW_E_CONFIG
    }
}

private func templateEvaluate(
    _ req: UnsafeMutablePointer<gw_req>?, _ template: gw_template,
    _ out: UnsafeMutablePointer<gw_view>
) -> gw_status {
    out.pointee = gw_view()
    guard let req else {
        return ControlPlane.evaluate(template, into: out)
    }
    let exchange = Exchange.of(req)
    guard let compiled = exchange.generation?.templates[template] else { return GW_E_INVALID }
    exchange.refreshContext()
    guard let text = compiled.evaluateCopied(exchange.context) else {
        let refusal = exchange.context.refusal
        exchange.context.refusal = GW_OK
        return refusal == GW_OK ? GW_E_LIMIT : refusal
    }
    out.pointee = gw_view(text)
    return GW_OK
}

private func allocate(_ req: UnsafeMutablePointer<gw_req>, _ size: Int) -> UnsafeMutableRawPointer?
{
    guard size >= 0, size <= Limits.arenaBytesMax else { return nil }
    return Exchange.of(req).arena.allocate(size)
}

// MARK: Answers

private func response(_ req: UnsafeMutablePointer<gw_req>, _ status: UInt16)
    -> UnsafeMutablePointer<gw_res>?
{
    guard status >= 200, status < 600 else { return nil }
    return Exchange.of(req).offerAnswer(status: status)
}

private func respond(_ req: UnsafeMutablePointer<gw_req>, _ body: gw_view) -> gw_status {
    Exchange.of(req).respond(body.bytes)
}

private func start(_ req: UnsafeMutablePointer<gw_req>) -> gw_status {
    Exchange.of(req).startAnswer()
}

private func write(_ req: UnsafeMutablePointer<gw_req>, _ piece: gw_view, _ flags: UInt32)
    -> gw_status
{
    Exchange.of(req).writeAnswer(piece.bytes, flags: flags)
}

private func abort(_ req: UnsafeMutablePointer<gw_req>) { Exchange.of(req).abortAnswer() }

private func emit(_ req: UnsafeMutablePointer<gw_req>, _ bytes: gw_view) -> gw_status {
    let exchange = Exchange.of(req)
    guard exchange.isInBodyHook else {
        exchange.breach("gw.http/1 emit", "inside body hooks only")
        return GW_E_INVALID
    }
    exchange.emitted.append(bytes.bytes)
    return GW_OK
}

private func fail(_ req: UnsafeMutablePointer<gw_req>, _ diag: UnsafePointer<gw_diag>) -> gw_status
{
    let exchange = Exchange.of(req)
    exchange.failure.status = UInt16(clamping: diag.pointee.http_status)
    if let message = exchange.arena.copy(diag.pointee.message.bytes) {
        exchange.failure.message = message
    }
    return GW_OK
}

// MARK: Routes

private func routesCompile(
    _ scope: OpaquePointer, _ json: gw_view, _ out: UnsafeMutablePointer<gw_routes>
) -> gw_status {
    out.pointee = 0
    guard let owner = PluginScope.find(scope) else { return GW_E_STALE }
    do {
        let routes = try JSONValue(parsing: json.buffer)
        out.pointee = try ControlPlane.compileRoutes(routes, owner: owner)
        return GW_OK
    } catch {
        owner.fail(PluginDiagnostic(code: GW_E_CONFIG, message: "\(error)"))
        return GW_E_CONFIG
    }
}

private func enterRoutes(_ req: UnsafeMutablePointer<gw_req>, _ routes: gw_routes) -> gw_status {
    let exchange = Exchange.of(req)
    guard let program = exchange.generation?.routes[routes] else { return GW_E_INVALID }
    return exchange.context.enter(program) ? GW_OK : GW_E_LIMIT
}

private func copyResponse(_ req: UnsafeMutablePointer<gw_req>, _ fieldsOnly: UInt32) -> gw_status {
    Exchange.of(req).copyParkedResponse(fieldsOnly: fieldsOnly != 0)
}
