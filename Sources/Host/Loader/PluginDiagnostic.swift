// Problems that plugins report, and views that they give, copied with suspicion.
internal import Base
package import CGateway

/// A copy of a `gw_diag`.
package struct PluginDiagnostic: Sendable, Equatable, CustomStringConvertible {
    package var code: Int32
    /// 0 lets the host choose.
    package var httpStatus: UInt32
    package var message: String
    package var hint: String
    /// Index of the token that it is about, while a directive is read.
    package var token: UInt32

    package init(
        code: Int32 = GW_E_INTERNAL, httpStatus: UInt32 = 0, message: String, hint: String = "",
        token: UInt32 = 0
    ) {
        self.code = code
        self.httpStatus = httpStatus
        self.message = message
        self.hint = hint
        self.token = token
    }

    /// Copies what a plugin gave, as far as its `struct_size` says that it is there.
    package init(copying diag: UnsafePointer<gw_diag>) {
        let copy = NormalizedTable<gw_diag>.copy(UnsafeRawPointer(diag))
        self.init(
            code: copy.code, httpStatus: copy.http_status, message: PluginText.lossy(copy.message),
            hint: PluginText.lossy(copy.hint), token: copy.token)
        if message.isEmpty { message = "no message was given (code \(code))" }
    }

    package var description: String { message + (hint.isEmpty ? "" : " (\(hint))") }
}

/// Text out of views that a plugin filled.
package enum PluginText {
    /// The text for people, cut at `Limits.pluginTextBytesMax`, with invalid UTF-8 repaired.
    package static func lossy(_ view: gw_view) -> String {
        guard let start = view.ptr, view.len > 0 else { return "" }
        let count = min(view.len, Limits.pluginTextBytesMax)
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The text when it is UTF-8 of at most `bytesMax` bytes, else nil.
    package static func strict(_ view: gw_view, bytesMax: Int) -> String? {
        guard view.len > 0 else { return "" }
        guard let start = view.ptr, view.len <= bytesMax else { return nil }
        return String(
            validating: UnsafeBufferPointer(start: start, count: view.len), as: UTF8.self)
    }

    /// A name or id: printable ASCII without spaces, quotes and commas, else nil.
    static func identifier(_ view: gw_view) -> String? {
        guard let text = strict(view, bytesMax: Limits.pluginNameBytesMax),
            PluginName.isIdentifier(text)
        else { return nil }
        return text
    }

    /// Whether no process can hold such a view.
    package static func isAbsurd(_ view: gw_view) -> Bool {
        view.len > Int.max / 2 || (view.len > 0 && view.ptr == nil)
    }
}
