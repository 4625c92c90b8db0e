// The `filter` encoder: removes, renames and masks fields before a line is written.
import Base

/// Edits of fields by path, such as `request>headers>Authorization`. Works on the canonical JSON
/// of a record, on the writer thread, so that it may take its time.
struct LogFieldFilter: Sendable {
    private let edits: [(path: String, edit: LogFieldEdit)]

    /// Reads the members `fields` and nothing else.
    init(_ reader: inout ConfigReader, tools: LogTextTools = .none) throws(LogError) {
        guard var fields = try reader.object("fields") else {
            edits = []
            return
        }
        var edits: [(path: String, edit: LogFieldEdit)] = []
        for name in fields.names {
            guard let json = fields.value(name) else { continue }
            let edit = try LogFieldEdit(json, path: "\(fields.path).\(name)", tools: tools)
            edits.append((name.lowercased(), edit))
        }
        self.edits = edits
    }

    /// Writes the edited members into `output`, which is cleared first.
    func rewrite(_ fields: UnsafeRawBufferPointer, into output: LogBuffer) {
        output.clear()
        var walker = Walker(input: fields, output: output, edits: edits)
        walker.members(path: "")
    }

    /// Copies canonical JSON (no white space, written by `LogRecord`) and edits on the way.
    private struct Walker {
        let input: UnsafeRawBufferPointer
        let output: LogBuffer
        let edits: [(path: String, edit: LogFieldEdit)]
        private var index = 0

        init(
            input: UnsafeRawBufferPointer, output: LogBuffer,
            edits: [(path: String, edit: LogFieldEdit)]
        ) {
            self.input = input
            self.output = output
            self.edits = edits
        }

        private var next: UInt8? { index < input.count ? input[index] : nil }

        /// Members up to a closing brace or the end, both not consumed.
        mutating func members(path: String) {
            var isFirst = true
            while let byte = next, byte != UInt8(ascii: "}") {
                if byte == UInt8(ascii: ",") { index += 1 }
                let key = takeString()
                index += 1
                let memberPath = path.isEmpty ? key : path + ">" + key
                member(key: key, path: memberPath, isFirst: &isFirst)
            }
        }

        private mutating func member(key: String, path: String, isFirst: inout Bool) {
            let folded = path.lowercased()
            let edit = edits.first { $0.path == folded }?.edit
            if case .delete = edit { return skipValue() }
            if !isFirst { output.append(",") }
            isFirst = false
            if case .rename(let name) = edit { write(name) } else { write(key) }
            output.append(":")
            value(path: path, edit: edit)
        }

        private mutating func value(path: String, edit: LogFieldEdit?) {
            switch next {
            case UInt8(ascii: "{"):
                if case .replace(let text) = edit {
                    skipValue()
                    return write(text)
                }
                copyByte()
                members(path: path)
                copyByte()
            case UInt8(ascii: "["):
                if case .replace(let text) = edit {
                    skipValue()
                    output.append("[")
                    write(text)
                    return output.append("]")
                }
                array(path: path, edit: edit)
            case UInt8(ascii: "\""):
                let text = takeString()
                // A text that is to be left out can be so only in an array.
                write(edit.map { $0.apply(text) ?? "" } ?? text)
            case _:
                let start = index
                skipValue()
                if case .replace(let text) = edit { return write(text) }
                output.append(UnsafeRawBufferPointer(rebasing: input[start..<index]))
            }
        }

        private mutating func array(path: String, edit: LogFieldEdit?) {
            copyByte()
            var isFirst = true
            while let byte = next, byte != UInt8(ascii: "]") {
                if byte == UInt8(ascii: ",") { index += 1 }
                element(path: path, edit: edit, isFirst: &isFirst)
            }
            copyByte()
        }

        private mutating func element(path: String, edit: LogFieldEdit?, isFirst: inout Bool) {
            var text: String?
            if next == UInt8(ascii: "\"") {
                let given = takeString()
                text = edit.map { $0.apply(given) } ?? given
                if text == nil { return }
            }
            if !isFirst { output.append(",") }
            isFirst = false
            if let text { write(text) } else { value(path: path, edit: edit) }
        }

        private mutating func copyByte() {
            guard let byte = next else { return }
            output.append(byte)
            index += 1
        }

        private mutating func skipValue() {
            var depth = 0
            while let byte = next {
                switch byte {
                case UInt8(ascii: "\""):
                    _ = takeString()
                    if depth == 0 { return }
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return }
                    depth -= 1
                    if depth == 0 {
                        index += 1
                        return
                    }
                case UInt8(ascii: ",") where depth == 0: return
                case _: break
                }
                index += 1
            }
        }

        /// The string at the index, unescaped; leaves the index behind its closing quote.
        private mutating func takeString() -> String {
            index += 1
            var units: [UInt8] = []
            while let byte = next, byte != UInt8(ascii: "\"") {
                index += 1
                if byte == UInt8(ascii: "\\") {
                    takeEscape(into: &units)
                } else {
                    units.append(byte)
                }
            }
            index += 1
            return String(decoding: units, as: UTF8.self)
        }

        /// The escapes that `LogBuffer.append(jsonEscaped:)` writes: no surrogates among them.
        private mutating func takeEscape(into units: inout [UInt8]) {
            guard let byte = next else { return }
            index += 1
            switch byte {
            case UInt8(ascii: "n"): units.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): units.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "t"): units.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "u"):
                let end = min(index + 4, input.count)
                let digits = String(decoding: input[index..<end], as: UTF8.self)
                index = end
                guard let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code)
                else { return }
                units += Array(String(scalar).utf8)
            case _: units.append(byte)
            }
        }

        private func write(_ text: String) {
            var text = text
            output.append("\"")
            text.withUTF8 { _ = output.append(jsonEscaped: UnsafeRawBufferPointer($0)) }
            output.append("\"")
        }
    }
}
