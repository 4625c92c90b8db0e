// The `append` encoder: fields with fixed values in front of every line's own.
import Base

/// Members as canonical JSON without braces, made when the configuration is loaded.
struct LogAppendedFields: Sendable {
    /// What a filter around the lines edits, too: it stands inside of the `append`.
    private(set) var filtered: [UInt8] = []
    private(set) var plain: [UInt8] = []

    var isEmpty: Bool { filtered.isEmpty && plain.isEmpty }

    /// Reads the member `fields`: strings, which may have placeholders that need no request,
    /// numbers, true and false.
    mutating func add(
        _ reader: inout ConfigReader, isFiltered: Bool, _ tools: LogTextTools
    ) throws(LogError) {
        guard var fields = try reader.object("fields") else { return }
        for name in fields.names {
            guard let given = fields.value(name) else { continue }
            let member = JSONValue.object([name: try value(given, "\(fields.path).\(name)", tools)])
            let text = Array(member.serialized().utf8.dropFirst().dropLast())
            let separator = [UInt8(ascii: ",")]
            if isFiltered {
                filtered += filtered.isEmpty ? text : separator + text
            } else {
                plain += plain.isEmpty ? text : separator + text
            }
        }
    }

    private func value(
        _ given: JSONValue, _ path: String, _ tools: LogTextTools
    ) throws(LogError) -> JSONValue {
        switch given {
        case .object, .array: throw LogError("\(path): expected a text, a number, true or false")
        case _: break
        }
        guard let text = given.stringValue, text.contains("{") else { return given }
        switch tools.expand(text) {
        case .success(let expanded): return .string(expanded)
        case .failure(let error): throw LogError("\(path): \(error.description)")
        }
    }

    /// Puts members in front of others; `buffer` is cleared first.
    static func join(
        _ members: [UInt8], _ fields: UnsafeRawBufferPointer, into buffer: LogBuffer
    ) {
        buffer.clear()
        members.withUnsafeBytes { buffer.append($0) }
        if !members.isEmpty, fields.count > 0 { buffer.append(",") }
        buffer.append(fields)
    }
}
