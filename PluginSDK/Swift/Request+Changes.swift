// What a handler does to a request: rewrite it, keep variables with it, fill templates in.
import CGateway

extension Request {
    /// Changes what the handlers behind see and what goes upstream.
    ///
    /// - Parameter uri: Path and query, starting with `/`.
    /// - Throws: `invalid` when it holds bytes that a request target cannot.
    public mutating func setURI(_ uri: Bytes) throws(Status) {
        try Status.check(Host.http.pointee.set_uri(pointer, uri.view))
    }

    public mutating func setMethod(_ method: Bytes) throws(Status) {
        try Status.check(Host.http.pointee.set_method(pointer, method.view))
    }

    /// Value of a request variable, nil when unset. Dead when the variable is set again.
    public func value(of variable: Variable) -> Bytes? {
        var view = gw_view()
        let code = Host.http.pointee.variable_get(pointer, variable.rawValue, &view)
        return code == GW_OK ? Bytes(view) : nil
    }

    /// Sets a variable; the value is copied.
    public mutating func set(_ variable: Variable, to value: Bytes) throws(Status) {
        try Status.check(Host.http.pointee.variable_set(pointer, variable.rawValue, value.view))
    }

    /// Sets what a placeholder of any name gives, such as "http.auth.user.id".
    public mutating func setPlaceholder(_ name: Bytes, to value: Bytes) throws(Status) {
        try Status.check(Host.http.pointee.placeholder_set(pointer, name.view, value.view))
    }

    /// Memory and templates of this exchange, for use while fields are being changed.
    public var exchange: Exchange { Exchange(pointer) }

    /// The text of a template with its placeholders filled in.
    ///
    /// - Returns: Bytes that live as long as the exchange.
    public func evaluate(_ template: Template) throws(Status) -> Bytes {
        try exchange.evaluate(template)
    }

    /// Memory that lives as long as the exchange, 16-byte aligned.
    ///
    /// - Throws: `limit` when the exchange has too much already.
    public func allocate(_ byteCount: Int) throws(Status) -> UnsafeMutableRawBufferPointer {
        try exchange.allocate(byteCount)
    }

    /// A copy with the lifetime of the exchange.
    public func copy(_ bytes: RawSpan) throws(Status) -> Bytes {
        try exchange.copy(bytes)
    }

    /// Status and message for the error routes.
    ///
    /// - Returns: The verdict to answer with.
    public mutating func fail(
        status: UInt16, _ message: Bytes = "", code: Status = .denied
    ) -> Verdict {
        var diagnostic = gw_diag()
        diagnostic.struct_size = UInt32(MemoryLayout<gw_diag>.size)
        diagnostic.code = code.code
        diagnostic.http_status = UInt32(status)
        diagnostic.message = message.view
        _ = Host.http.pointee.fail(pointer, &diagnostic)
        return .failure(code)
    }

    /// Chooses routes of this instance to run now; the chain goes on behind this handler when they
    /// end without an answer.
    public mutating func enter(_ routes: Routes) throws(Status) -> Verdict {
        try Status.check(Host.http.pointee.enter_routes(pointer, routes.rawValue))
        return .routes
    }
}

/// Memory and templates of one exchange. Dead when the exchange is complete; never stored. [loop]
public struct Exchange: BitwiseCopyable {
    let pointer: UnsafeMutablePointer<gw_req>

    init(_ pointer: UnsafeMutablePointer<gw_req>) { self.pointer = pointer }

    public func evaluate(_ template: Template) throws(Status) -> Bytes {
        if let constant = template.constant { return constant }
        var view = gw_view()
        try Status.check(Host.http.pointee.template_eval(pointer, template.rawValue, &view))
        return Bytes(view)
    }

    public func allocate(_ byteCount: Int) throws(Status) -> UnsafeMutableRawBufferPointer {
        guard let start = Host.http.pointee.alloc(pointer, byteCount) else { throw .limit }
        return UnsafeMutableRawBufferPointer(start: start, count: byteCount)
    }

    public func copy(_ bytes: RawSpan) throws(Status) -> Bytes {
        guard bytes.byteCount > 0 else { return Bytes(start: nil, count: 0) }
        let memory = try allocate(bytes.byteCount)
        bytes.withUnsafeBytes { memory.copyMemory(from: $0) }
        return Bytes(UnsafeRawBufferPointer(memory))
    }
}

/// A request outside a hook: for timers and other callbacks on its own worker, until `onComplete`.
/// Whoever keeps one drops it there. [loop]
public struct RequestReference: BitwiseCopyable {
    private let pointer: UnsafeMutablePointer<gw_req>

    init(_ pointer: UnsafeMutablePointer<gw_req>) { self.pointer = pointer }

    public func with<Result: ~Copyable, Failure: Error>(
        _ body: (inout Request) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var request = Request(pointer)
        return try body(&request)
    }
}

extension Request {
    public var reference: RequestReference { RequestReference(pointer) }
}
