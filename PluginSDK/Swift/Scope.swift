// What an instance acquires while it is made: ids, templates, variables, routes, expressions.
import CGateway

/// Owner of everything that one instance acquires. Valid as long as the instance, on any thread
/// for `log`, otherwise [config].
public struct Scope: @unchecked Sendable, BitwiseCopyable {
    /// The `gw_scope *`, for the tables of services.
    public let pointer: OpaquePointer

    public init(_ pointer: OpaquePointer) { self.pointer = pointer }

    /// Id of a field name.
    ///
    /// - Throws: When the name is no token (RFC 9110 §5.1), or ids have run out.
    public func fieldID(_ name: String) throws(PluginError) -> FieldID {
        let id = name.withBytes { Host.http.pointee.field_id($0.view) }
        guard id != 0 else {
            throw PluginError(
                "\"\(name)\" is no field name", hint: "letters, digits and hyphens are allowed")
        }
        return FieldID(rawValue: id)
    }

    /// A request variable, `{http.vars.NAME}`.
    public func variable(_ name: String) -> Variable {
        Variable(rawValue: name.withBytes { Host.http.pointee.variable($0.view) })
    }

    /// Compiles a text with placeholders.
    public func template(
        _ text: String, _ options: TemplateOptions = []
    ) throws(PluginError) -> Template {
        var handle: gw_template = 0
        let code = text.withBytes {
            Host.http.pointee.template_compile(pointer, $0.view, options.rawValue, &handle)
        }
        guard code == GW_OK else { throw .reported(Status(code: code)) }
        return Template(rawValue: handle, constant: Self.constant(text, handle))
    }

    /// What a text without placeholders gives, where the host keeps it; nil for others.
    private static func constant(_ text: String, _ handle: gw_template) -> Bytes? {
        guard !text.utf8.contains(UInt8(ascii: "{")) else { return nil }
        var view = gw_view()
        return Host.http.pointee.template_eval(nil, handle, &view) == GW_OK ? Bytes(view) : nil
    }

    /// The text with the placeholders that do not need a request filled in (environment, system).
    public func evaluate(_ text: String) throws(PluginError) -> String {
        let template = try template(text)
        var view = gw_view()
        let code = Host.http.pointee.template_eval(nil, template.rawValue, &view)
        guard code == GW_OK else { throw .reported(Status(code: code)) }
        return String(Bytes(view))
    }

    /// Compiles the JSON array of routes of a member of this instance's configuration.
    public func routes(_ routes: JSONValue) throws(PluginError) -> Routes {
        var handle: gw_routes = 0
        let code = routes.serialized.withBytes {
            Host.http.pointee.routes_compile(pointer, $0.view, &handle)
        }
        guard code == GW_OK else { throw .reported(Status(code: code)) }
        return Routes(rawValue: handle)
    }

    /// Compiles a regular expression (RE2 syntax).
    public func regex(_ pattern: String) throws(PluginError) -> Regex {
        guard let table = Host.regex else { throw .missing(.regex) }
        var handle: gw_regex = 0
        let code = pattern.withBytes { table.pointee.compile(pointer, $0.view, &handle) }
        guard code == GW_OK else { throw .reported(Status(code: code)) }
        return Regex(rawValue: handle)
    }

    /// Value of an environment variable, nil when unset.
    public func environment(_ name: String) -> String? {
        var view = gw_view()
        let code = name.withBytes { Host.core.pointee.environment($0.view, &view) }
        return code == GW_OK ? String(Bytes(view)) : nil
    }

    /// Says that the instance depends on a file, before it reads it: a change of it reloads under
    /// `--watch`, and the instance is made anew then.
    public func uses(file path: String) {
        _ = path.withBytes { Host.core.pointee.uses_file(pointer, $0.view) }
    }

    /// Tells the operator about something that works but is hardly meant.
    public func warn(_ warning: PluginError) {
        warning.report { Host.core.pointee.warn(pointer, $0) }
    }
}

extension PluginError {
    /// The host lacks an interface that this configuration needs.
    static func missing(_ interface: Interface) -> PluginError {
        var error = PluginError("this host does not have \(interface.rawValue)")
        error.status = .unsupported
        return error
    }
}

/// A compiled text with placeholders; see `Request.evaluate`.
public struct Template: Sendable, BitwiseCopyable {
    let rawValue: gw_template
    /// The text when it depends on nothing; lives as long as the template.
    let constant: Bytes?
}

/// How a template treats what it does not know.
public struct TemplateOptions: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Unknown placeholders stay as they are; otherwise they vanish.
    public static let keepUnknown = TemplateOptions(rawValue: GW_TEMPLATE_KEEP_UNKNOWN)
    /// CR, LF and NUL in a value become spaces: for field values.
    public static let noLineBreaks = TemplateOptions(rawValue: GW_TEMPLATE_NO_CRLF)
}

/// A request variable; see `Request.value(of:)`.
public struct Variable: Sendable, BitwiseCopyable {
    let rawValue: gw_slot
}

/// A compiled list of routes; see `Request.enter`.
public struct Routes: Sendable, BitwiseCopyable {
    let rawValue: gw_routes
}

/// A compiled regular expression. [any]
public struct Regex: RawRepresentable, Sendable, BitwiseCopyable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Whether it matches anywhere in a text.
    public func matches(_ text: Bytes) -> Bool {
        guard let table = Host.regex else { return false }
        return table.pointee.match(rawValue, text.view, nil, 0) == 1
    }

    /// The text with every match replaced; `$1` and `${name}` stand for groups. [loop]
    ///
    /// - Returns: Bytes that live as long as the exchange; nil when nothing matched.
    public func replacing(
        in text: RawSpan, with replacement: Bytes, for exchange: Exchange
    ) -> Bytes? {
        guard let table = Host.regex else { return nil }
        return text.withView { text in
            var out = gw_view()
            let count = table.pointee.replace_in(
                rawValue, exchange.pointer, text, replacement.view, &out)
            return count > 0 ? Bytes(out) : nil
        }
    }
}
