// The field section of a message: read as plain memory, changed through the host.
import CGateway

/// Id of a field name, the same for every spelling of case. Known names are constants here, others
/// come from `Scope.fieldID`.
public struct FieldID: Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt16

    init(_ rawValue: Int32) { self.rawValue = UInt16(truncatingIfNeeded: rawValue) }
    init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let host = FieldID(GW_FIELD_HOST)
    public static let connection = FieldID(GW_FIELD_CONNECTION)
    public static let contentLength = FieldID(GW_FIELD_CONTENT_LENGTH)
    public static let transferEncoding = FieldID(GW_FIELD_TRANSFER_ENCODING)
    public static let te = FieldID(GW_FIELD_TE)
    public static let trailer = FieldID(GW_FIELD_TRAILER)
    public static let upgrade = FieldID(GW_FIELD_UPGRADE)
    public static let keepAlive = FieldID(GW_FIELD_KEEP_ALIVE)
    public static let expect = FieldID(GW_FIELD_EXPECT)
    public static let contentType = FieldID(GW_FIELD_CONTENT_TYPE)
    public static let contentEncoding = FieldID(GW_FIELD_CONTENT_ENCODING)
    public static let date = FieldID(GW_FIELD_DATE)
    public static let server = FieldID(GW_FIELD_SERVER)
    public static let via = FieldID(GW_FIELD_VIA)
    public static let authorization = FieldID(GW_FIELD_AUTHORIZATION)
    public static let proxyAuthorization = FieldID(GW_FIELD_PROXY_AUTHORIZATION)
    public static let proxyAuthenticate = FieldID(GW_FIELD_PROXY_AUTHENTICATE)
    public static let wwwAuthenticate = FieldID(GW_FIELD_WWW_AUTHENTICATE)
    public static let cookie = FieldID(GW_FIELD_COOKIE)
    public static let setCookie = FieldID(GW_FIELD_SET_COOKIE)
    public static let location = FieldID(GW_FIELD_LOCATION)
    public static let accept = FieldID(GW_FIELD_ACCEPT)
    public static let acceptEncoding = FieldID(GW_FIELD_ACCEPT_ENCODING)
    public static let acceptLanguage = FieldID(GW_FIELD_ACCEPT_LANGUAGE)
    public static let userAgent = FieldID(GW_FIELD_USER_AGENT)
    public static let referer = FieldID(GW_FIELD_REFERER)
    public static let origin = FieldID(GW_FIELD_ORIGIN)
    public static let range = FieldID(GW_FIELD_RANGE)
    public static let xForwardedFor = FieldID(GW_FIELD_X_FORWARDED_FOR)
    public static let xForwardedProto = FieldID(GW_FIELD_X_FORWARDED_PROTO)
    public static let xForwardedHost = FieldID(GW_FIELD_X_FORWARDED_HOST)
    public static let forwarded = FieldID(GW_FIELD_FORWARDED)
    public static let cacheControl = FieldID(GW_FIELD_CACHE_CONTROL)
    public static let etag = FieldID(GW_FIELD_ETAG)
    public static let lastModified = FieldID(GW_FIELD_LAST_MODIFIED)
    public static let ifNoneMatch = FieldID(GW_FIELD_IF_NONE_MATCH)
    public static let ifModifiedSince = FieldID(GW_FIELD_IF_MODIFIED_SINCE)
    public static let altSvc = FieldID(GW_FIELD_ALT_SVC)
    public static let retryAfter = FieldID(GW_FIELD_RETRY_AFTER)
    public static let vary = FieldID(GW_FIELD_VARY)
}

/// The fields of one message, in order. Spans are valid until the message changes, which the
/// compiler checks. [loop]
public struct Fields: ~Copyable {
    let pointer: UnsafeMutablePointer<gw_fields>

    init(_ pointer: UnsafeMutablePointer<gw_fields>) { self.pointer = pointer }

    public var count: Int { Int(pointer.pointee.count) }

    /// Value of the first field of that name.
    public subscript(_ id: FieldID) -> RawSpan? {
        @_lifetime(borrow self) get {
            guard let index = index(of: id, from: 0) else { return nil }
            return value(at: index)
        }
    }

    public func contains(_ id: FieldID) -> Bool { index(of: id, from: 0) != nil }

    /// Index of the next field of that name, for names that occur more than once.
    public func index(of id: FieldID, from start: Int) -> Int? {
        for index in start..<max(start, count) where line(index).pointee.name_id == id.rawValue {
            return index
        }
        return nil
    }

    /// The id of the name at an index; nil for a name that nobody asked an id for.
    public func id(at index: Int) -> FieldID? {
        let id = line(index).pointee.name_id
        return id == 0 ? nil : FieldID(rawValue: id)
    }

    @_lifetime(borrow self)
    public func name(at index: Int) -> RawSpan {
        _overrideLifetime(span(line(index).pointee.name), borrowing: self)
    }

    @_lifetime(borrow self)
    public func value(at index: Int) -> RawSpan {
        _overrideLifetime(span(line(index).pointee.value), borrowing: self)
    }

    /// Replaces every field of that name by one. Values with CR, LF or NUL are refused (`invalid`).
    public mutating func set(_ id: FieldID, _ value: Bytes) throws(Status) {
        try Status.check(Host.http.pointee.field_set(pointer, id.rawValue, value.view))
    }

    public mutating func set(_ id: FieldID, _ value: RawSpan) throws(Status) {
        try value.withView { (value) throws(Status) in
            _ = try Status.check(Host.http.pointee.field_set(pointer, id.rawValue, value))
        }
    }

    /// Adds one at the end.
    public mutating func add(_ id: FieldID, _ value: Bytes) throws(Status) {
        try Status.check(Host.http.pointee.field_add(pointer, id.rawValue, value.view))
    }

    public mutating func add(_ id: FieldID, _ value: RawSpan) throws(Status) {
        try value.withView { (value) throws(Status) in
            _ = try Status.check(Host.http.pointee.field_add(pointer, id.rawValue, value))
        }
    }

    /// Adds one under a name that is known at run time only.
    public mutating func add(named name: Bytes, _ value: Bytes) throws(Status) {
        try Status.check(Host.http.pointee.field_add_named(pointer, name.view, value.view))
    }

    /// Removes every field of that name.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    public mutating func remove(_ id: FieldID) -> Bool {
        Host.http.pointee.field_remove(pointer, id.rawValue) == GW_OK
    }

    /// Removes the fields whose name matches `X-*`, `*-Id` or `*x*`.
    @discardableResult
    public mutating func remove(matching pattern: Bytes) -> Bool {
        Host.http.pointee.field_remove_matching(pointer, pattern.view) == GW_OK
    }

    /// Replaces the value of the field at an index.
    public mutating func set(at index: Int, _ value: Bytes) throws(Status) {
        try Status.check(
            Host.http.pointee.field_set_at(pointer, UInt32(index), value.view))
    }

    private func line(_ index: Int) -> UnsafePointer<gw_field> {
        precondition(index >= 0 && index < count, "field index out of range")
        let start = pointer.pointee.base.unsafelyUnwrapped + Int(pointer.pointee.fields_off)
        return UnsafeRawPointer(start).assumingMemoryBound(to: gw_field.self) + index
    }

    @_lifetime(borrow self)
    private func span(_ reference: gw_ref) -> RawSpan {
        let span = pointer.pointee.bytes(reference).span
        return _overrideLifetime(span, borrowing: self)
    }
}

extension gw_fields {
    /// The bytes that a reference of this block names, valid until the block changes.
    func bytes(_ reference: gw_ref) -> Bytes {
        guard reference.len > 0, let base else { return Bytes(start: nil, count: 0) }
        return Bytes(start: base + Int(reference.off), count: Int(reference.len))
    }
}
