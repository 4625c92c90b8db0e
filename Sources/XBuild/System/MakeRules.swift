// Which files a compiler has read, as it tells make.
import Commands

/// What compilers write for make: `target: source source …`.
enum MakeRules {
    /// The sources of all rules of a text, relative ones from `folder`.
    static func sources(_ text: String, from folder: String) -> Set<String> {
        var sources: Set<String> = []
        for line in joined(text).split(separator: "\n") where !line.hasPrefix("#") {
            let words = words(line)
            guard let colon = words.firstIndex(where: { $0.hasSuffix(":") }) else { continue }
            for word in words[(colon + 1)...] {
                sources.insert(word.hasPrefix("/") ? word : "\(folder)/\(word)")
            }
        }
        return sources
    }

    /// The sources of all rules in files with the suffix `d` below a folder.
    static func sources(below folder: String, from start: String) -> Set<String> {
        var sources: Set<String> = []
        for entry in Folders.entries(folder) {
            let path = "\(folder)/\(entry)"
            if Folders.kind(path) == .folder {
                sources.formUnion(self.sources(below: path, from: start))
            } else if Paths.suffix(entry) == "d", let text = try? Files.read(path, bytesMax: .max) {
                sources.formUnion(self.sources(String(decoding: text, as: UTF8.self), from: start))
            }
        }
        return sources
    }

    /// A line goes on behind a backslash at its end.
    private static func joined(_ text: String) -> String {
        var lines = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasSuffix("\\") { lines += line.dropLast() + " " } else { lines += line + "\n" }
        }
        return lines
    }

    /// A backslash takes the meaning of the space, `#` or backslash behind it.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var isEscaped = false
        for byte in line.utf8 {
            if isEscaped {
                if byte != UInt8(ascii: " "), byte != UInt8(ascii: "#"), byte != UInt8(ascii: "\\")
                {
                    word.append(UInt8(ascii: "\\"))
                }
                word.append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: " ") {
                if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word = []
            } else {
                word.append(byte)
            }
        }
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }
}
