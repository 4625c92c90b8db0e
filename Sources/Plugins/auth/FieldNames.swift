// Field names: what is one, and which spellings a backend may take for the same.
import PluginSDK

extension StringProtocol {
    /// Whether it is a token (RFC 9110 §5.6.2).
    var isFieldName: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: Array("!#$%&'*+-.^_`|~".utf8).contains(byte)
                }
            }
    }

    /// Each word between hyphens with a capital first letter: X-User-Id.
    var canonicalFieldName: String {
        split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
            .joined(separator: "-")
    }
}

/// A field that only the gateway may set. Backends that read fields the CGI way take X_User_Id for
/// X-User-Id, so a client's field is removed in each such spelling.
struct OwnedField: Sendable {
    let id: FieldID
    private let name: ConstantText

    init(_ name: String, scope: Scope) throws(PluginError) {
        id = try scope.fieldID(name)
        self.name = ConstantText(name)
    }

    /// Removes every field of that name from a request. [loop]
    func remove(from request: inout Request) throws(Status) {
        request.fields.remove(id)
        try request.fields.removeSpellings(of: name.bytes, in: request.exchange)
    }
}
