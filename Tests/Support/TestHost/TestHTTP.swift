// gw.http/1 of the checking host.
import CGateway

extension TestHost {
    static let http = gw_host_http(
        struct_size: UInt32(MemoryLayout<gw_host_http>.size), rev: 0,
        field_id: { name in
            let text = String(name)
            return text.isEmpty || text.contains(" ") ? 0 : TestHost.fieldID(text)
        },
        field_get: { _, _, _ in GW_E_UNSUPPORTED },
        field_set: { fields, id, value in
            guard !String(value).contains("\n") else { return GW_E_INVALID }
            return TestHost.change(fields) { lines in
                let first = lines.firstIndex { TestHost.fieldID($0.name) == id }
                lines = lines.enumerated().filter {
                    $0.offset == first || TestHost.fieldID($0.element.name) != id
                }.map(\.element)
                if let first {
                    lines[first].value = String(value)
                } else {
                    lines.append((TestHost.fieldName(id), String(value)))
                }
            }
        },
        field_add: { fields, id, value in
            TestHost.change(fields) { $0.append((TestHost.fieldName(id), String(value))) }
        },
        field_remove: { fields, id in
            TestHost.change(fields) { $0.removeAll { TestHost.fieldID($0.name) == id } }
        },
        field_remove_matching: { fields, pattern in
            let pattern = String(pattern).lowercased()
            return TestHost.change(fields) { lines in
                lines.removeAll { TestHost.matches($0.name.lowercased(), pattern) }
            }
        },
        field_set_at: { fields, index, value in
            TestHost.change(fields) { $0[Int(index)].value = String(value) }
        },
        field_add_named: { fields, name, value in
            TestHost.change(fields) { $0.append((String(name), String(value))) }
        },
        set_uri: { _, uri in
            TestHost.state.exchange?.uri = String(uri)
            return GW_OK
        },
        set_method: { _, method in
            TestHost.state.exchange?.method = String(method)
            return GW_OK
        },
        variable: { name in
            TestHost.state.variables.append(String(name))
            return UInt32(TestHost.state.variables.count - 1)
        },
        variable_get: { _, _, _ in GW_E_NOT_FOUND },
        variable_set: { _, slot, value in
            let name = "http.vars." + TestHost.state.variables[Int(slot)]
            TestHost.state.exchange?.placeholders[name] = String(value)
            return GW_OK
        },
        placeholder_set: { _, name, value in
            TestHost.state.exchange?.placeholders[String(name)] = String(value)
            return GW_OK
        },
        template_compile: { _, text, flags, out in
            let keepsUnknown = flags & GW_TEMPLATE_KEEP_UNKNOWN != 0
            TestHost.state.templates.append((text: String(text), keepsUnknown: keepsUnknown))
            out.pointee = UInt32(TestHost.state.templates.count - 1)
            return GW_OK
        },
        template_eval: { request, template, out in
            let (text, keeps) = TestHost.state.templates[Int(template)]
            guard request != nil else {
                out.pointee = lasting(TestHost.expandEnvironment(text))
                return GW_OK
            }
            out.pointee = lasting(
                TestHost.state.exchange?.expand(text, keepsUnknown: keeps) ?? text)
            return GW_OK
        },
        alloc: { _, size in
            UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        },
        response: { _, status in TestHost.state.exchange?.newResponse(status) },
        respond: { _, body in
            TestHost.state.exchange?.body = String(body)
            TestHost.state.exchange?.isEnded = true
            return GW_OK
        },
        start: { _ in GW_OK },
        write: { _, piece, flags in
            TestHost.state.exchange?.body += String(piece)
            if flags & GW_WRITE_END != 0 { TestHost.state.exchange?.isEnded = true }
            return GW_OK
        },
        abort: { _ in TestHost.state.exchange?.isEnded = true },
        emit: { _, _ in GW_OK },
        fail: { _, problem in
            TestHost.state.exchange?.problem = TestProblem(problem)
            TestHost.state.exchange?.problemStatus = problem.pointee.http_status
            return GW_OK
        },
        routes_compile: { _, _, out in
            out.pointee = 1
            return GW_OK
        },
        enter_routes: { _, _ in GW_OK },
        copy_response: { _, _ in GW_OK })

    private static func change(
        _ fields: UnsafeMutablePointer<gw_fields>,
        _ body: (inout [(name: String, value: String)]) -> Void
    ) -> gw_status {
        let message = TestMessage.of(fields)
        let before = message.lines.count
        body(&message.lines)
        TestHost.state.exchange?.refresh()
        return message.lines.count < before || message.lines.count > 0 ? GW_OK : GW_E_NOT_FOUND
    }

    static func matches(_ name: String, _ pattern: String) -> Bool {
        if pattern == "*" { return true }
        let text = pattern.replacing("*", with: "")
        switch (pattern.hasPrefix("*"), pattern.hasSuffix("*")) {
        case (true, true): return name.contains(text)
        case (true, false): return name.hasSuffix(text)
        case (false, true): return name.hasPrefix(text)
        case (false, false): return name == text
        }
    }
}
