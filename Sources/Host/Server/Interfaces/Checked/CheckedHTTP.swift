// gw.http/1 of the checking host: every call is looked at before it is made.
import CGateway
import HTTP
import Loader

private typealias Plain = HTTPInterface

enum CheckedHTTP {
    static func table(_ plain: gw_host_http) -> gw_host_http {
        var table = plain
        addFields(to: &table)
        addRequest(to: &table)
        addConfiguration(to: &table)
        addAnswers(to: &table)
        return table
    }

    private static func addFields(to table: inout gw_host_http) {
        table.field_get = { fields, id, out in
            out.pointee = gw_view()
            guard CallCheck.fields(fields, "gw.http/1 field_get") else { return GW_E_INVALID }
            return Plain.plain.field_get(fields, id, out)
        }
        table.field_set = { fields, id, value in
            change(fields, value, "gw.http/1 field_set") {
                Plain.plain.field_set(fields, id, value)
            }
        }
        table.field_add = { fields, id, value in
            change(fields, value, "gw.http/1 field_add") {
                Plain.plain.field_add(fields, id, value)
            }
        }
        table.field_remove = { fields, id in
            change(fields, gw_view(), "gw.http/1 field_remove") {
                Plain.plain.field_remove(fields, id)
            }
        }
        table.field_remove_matching = { fields, pattern in
            change(fields, pattern, "gw.http/1 field_remove_matching") {
                Plain.plain.field_remove_matching(fields, pattern)
            }
        }
        table.field_set_at = { fields, index, value in
            change(fields, value, "gw.http/1 field_set_at") {
                Plain.plain.field_set_at(fields, index, value)
            }
        }
        table.field_add_named = { fields, name, value in
            guard CallCheck.view(name, "gw.http/1 field_add_named") else { return GW_E_INVALID }
            return change(fields, value, "gw.http/1 field_add_named") {
                Plain.plain.field_add_named(fields, name, value)
            }
        }
    }

    private static func addRequest(to table: inout gw_host_http) {
        table.set_uri = { req, uri in
            changeRequest(req, uri, "gw.http/1 set_uri") { Plain.plain.set_uri(req, uri) }
        }
        table.set_method = { req, method in
            changeRequest(req, method, "gw.http/1 set_method") {
                Plain.plain.set_method(req, method)
            }
        }
        table.variable_get = { req, slot, out in
            out.pointee = gw_view()
            return asked(req, "gw.http/1 variable_get") { Plain.plain.variable_get(req, slot, out) }
        }
        table.variable_set = { req, slot, value in
            asked(req, value, "gw.http/1 variable_set") {
                Plain.plain.variable_set(req, slot, value)
            }
        }
        table.placeholder_set = { req, name, value in
            guard CallCheck.view(name, "gw.http/1 placeholder_set") else { return GW_E_INVALID }
            return asked(req, value, "gw.http/1 placeholder_set") {
                Plain.plain.placeholder_set(req, name, value)
            }
        }
        table.template_eval = { req, text, out in
            out.pointee = gw_view()
            guard let req else {
                CallCheck.config("gw.http/1 template_eval")
                return Plain.plain.template_eval(nil, text, out)
            }
            return asked(req, "gw.http/1 template_eval") {
                Plain.plain.template_eval(req, text, out)
            }
        }
        table.alloc = { req, size in
            CallCheck.exchange(req, "gw.http/1 alloc").flatMap { _ in Plain.plain.alloc(req, size) }
        }
        table.enter_routes = { req, routes in
            asked(req, "gw.http/1 enter_routes") { Plain.plain.enter_routes(req, routes) }
        }
    }

    private static func addConfiguration(to table: inout gw_host_http) {
        table.field_id = { name in
            CallCheck.config("gw.http/1 field_id")
            return CallCheck.view(name, "gw.http/1 field_id") ? Plain.plain.field_id(name) : 0
        }
        table.variable = { name in
            CallCheck.config("gw.http/1 variable")
            return CallCheck.view(name, "gw.http/1 variable") ? Plain.plain.variable(name) : 0
        }
        table.template_compile = { scope, text, flags, out in
            out.pointee = 0
            guard CallCheck.config("gw.http/1 template_compile", scope),
                CallCheck.view(text, "gw.http/1 template_compile")
            else { return GW_E_INVALID }
            return Plain.plain.template_compile(scope, text, flags, out)
        }
        table.routes_compile = { scope, json, out in
            out.pointee = 0
            guard CallCheck.config("gw.http/1 routes_compile", scope),
                CallCheck.view(json, "gw.http/1 routes_compile")
            else { return GW_E_INVALID }
            return Plain.plain.routes_compile(scope, json, out)
        }
    }

    private static func addAnswers(to table: inout gw_host_http) {
        table.response = { req, status in
            guard let exchange = CallCheck.exchange(req, "gw.http/1 response") else { return nil }
            guard status >= 200, status < 600 else {
                exchange.breach("gw.http/1 response", "a final status is one of 200 to 599")
                return nil
            }
            return Plain.plain.response(req, status)
        }
        table.respond = { req, body in
            asked(req, body, "gw.http/1 respond") { Plain.plain.respond(req, body) }
        }
        table.start = { req in asked(req, "gw.http/1 start") { Plain.plain.start(req) } }
        table.write = { req, piece, flags in
            asked(req, piece, "gw.http/1 write") { Plain.plain.write(req, piece, flags) }
        }
        table.abort = { req in
            if CallCheck.exchange(req, "gw.http/1 abort") != nil { Plain.plain.abort(req) }
        }
        table.emit = { req, bytes in
            asked(req, bytes, "gw.http/1 emit") { Plain.plain.emit(req, bytes) }
        }
        table.fail = { req, diag in
            guard CallCheck.view(diag.pointee.message, "gw.http/1 fail") else {
                return GW_E_INVALID
            }
            return asked(req, "gw.http/1 fail") { Plain.plain.fail(req, diag) }
        }
        table.copy_response = { req, fieldsOnly in
            asked(req, "gw.http/1 copy_response") { Plain.plain.copy_response(req, fieldsOnly) }
        }
    }
}

private func asked(
    _ req: UnsafePointer<gw_req>, _ call: StaticString, _ body: () -> gw_status
) -> gw_status {
    asked(req, gw_view(), call, body)
}

private func asked(
    _ req: UnsafePointer<gw_req>, _ view: gw_view, _ call: StaticString, _ body: () -> gw_status
) -> gw_status {
    guard let exchange = CallCheck.exchange(req, call),
        CallCheck.view(view, call, of: exchange)
    else { return GW_E_INVALID }
    return body()
}

private func change(
    _ fields: UnsafeMutablePointer<gw_fields>, _ view: gw_view, _ call: StaticString,
    _ body: () -> gw_status
) -> gw_status {
    guard CallCheck.fields(fields, call, changes: true), CallCheck.view(view, call) else {
        return GW_E_INVALID
    }
    defer { CallCheck.moveBlock(of: fields) }
    return body()
}

private func changeRequest(
    _ req: UnsafeMutablePointer<gw_req>, _ view: gw_view, _ call: StaticString,
    _ body: () -> gw_status
) -> gw_status {
    guard let exchange = CallCheck.exchange(req, call),
        CallCheck.view(view, call, of: exchange)
    else { return GW_E_INVALID }
    defer { exchange.requestBlock.move() }
    return CallCheck.reported(body(), exchange, call)
}
