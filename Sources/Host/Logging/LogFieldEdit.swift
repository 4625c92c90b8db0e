// What the `filter` encoder does to one field.
import Base

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One edit, as configured.
enum LogFieldEdit: Sendable {
    case delete
    case rename(String)
    case replace(String)
    case maskIP(ipv4Bits: Int, ipv6Bits: Int)
    case query([LogPartEdit])
    case cookie([LogPartEdit])
    case setCookie([LogPartEdit])
    case hash(LogTextTools)
    /// One after the other.
    case regexp([LogPattern])

    init(_ json: JSONValue, path: String, tools: LogTextTools) throws(LogError) {
        var reader = try ConfigReader(json, path: path)
        let name = try reader.string("filter") ?? ""
        switch name {
        case "delete": self = .delete
        case "rename": self = .rename(try reader.required("name"))
        case "replace": self = .replace(try reader.string("value") ?? "")
        case "ip_mask":
            self = .maskIP(
                ipv4Bits: try reader.maskBits("ipv4_cidr", most: 32),
                ipv6Bits: try reader.maskBits("ipv6_cidr", most: 128))
        case "query": self = .query(try readParts(&reader, nameKey: "parameter", tools))
        case "cookie": self = .cookie(try readParts(&reader, nameKey: "name", tools))
        case "set_cookie": self = .setCookie(try readParts(&reader, nameKey: "name", tools))
        case "hash": self = .hash(tools)
        case "regexp": self = .regexp([try LogPattern(&reader, tools)])
        case "multi_regexp": self = .regexp(try LogPattern.list(&reader, tools))
        case _:
            throw LogError(
                "\(path).filter: unknown filter \"\(name)\", expected delete, rename, replace, "
                    + "hash, ip_mask, query, cookie, set_cookie, regexp or multi_regexp")
        }
        try reader.finish()
    }

    /// The new text of a string field, or of each string in an array; nil leaves it out of the
    /// array.
    func apply(_ text: String) -> String? {
        switch self {
        case .delete, .rename: text
        case .replace(let value): value
        case .maskIP(let ipv4Bits, let ipv6Bits):
            maskAddresses(text, ipv4Bits: ipv4Bits, ipv6Bits: ipv6Bits)
        case .query(let parts): editQuery(text, parts)
        case .cookie(let parts): editCookies(text, parts)
        case .setCookie(let parts): editSetCookie(text, parts)
        case .hash(let tools): tools.shortHash(text)
        case .regexp(let patterns):
            patterns.reduce(text) { text, pattern in pattern.replace(text, pattern.value) }
        }
    }
}

/// An edit of one parameter of a query or one cookie.
struct LogPartEdit: Sendable {
    enum Action: Sendable {
        case delete
        case replace(String)
        case hash(LogTextTools)
    }

    let name: String
    let action: Action

    /// What takes the place of a value; nil when the part goes.
    func edited(_ value: Substring) -> String? {
        switch action {
        case .delete: nil
        case .replace(let text): text
        case .hash(let tools): tools.shortHash(String(value))
        }
    }
}

/// A pattern whose matches are replaced.
struct LogPattern: Sendable {
    let replace: LogTextTools.Replace
    let value: String

    init(_ reader: inout ConfigReader, _ tools: LogTextTools) throws(LogError) {
        let pattern = try reader.string("regexp") ?? ""
        value = try reader.string("value") ?? ""
        switch tools.compile(pattern) {
        case .success(let compiled): replace = compiled
        case .failure(let error):
            throw LogError("\(reader.path).regexp: \(error.description)")
        }
    }

    /// Those of `multi_regexp`, in order.
    static func list(
        _ reader: inout ConfigReader, _ tools: LogTextTools
    ) throws(LogError) -> [LogPattern] {
        guard let entries = reader.value("operations")?.arrayValue, !entries.isEmpty else {
            throw reader.wrong("operations", "an array of patterns")
        }
        var patterns: [LogPattern] = []
        for (index, json) in entries.enumerated() {
            var entry = try ConfigReader(json, path: "\(reader.path).operations.\(index)")
            patterns.append(try LogPattern(&entry, tools))
            try entry.finish()
        }
        return patterns
    }
}

private func readParts(
    _ reader: inout ConfigReader, nameKey: String, _ tools: LogTextTools
) throws(LogError) -> [LogPartEdit] {
    guard let actions = reader.value("actions") else { return [] }
    guard let entries = actions.arrayValue else { throw reader.wrong("actions", "an array") }
    var parts: [LogPartEdit] = []
    for (index, json) in entries.enumerated() {
        var entry = try ConfigReader(json, path: "\(reader.path).actions.\(index)")
        let type = try entry.string("type") ?? ""
        let name = try entry.required(nameKey)
        let value = try entry.string("value") ?? ""
        try entry.finish()
        switch type {
        case "replace": parts.append(LogPartEdit(name: name, action: .replace(value)))
        case "hash": parts.append(LogPartEdit(name: name, action: .hash(tools)))
        case "delete": parts.append(LogPartEdit(name: name, action: .delete))
        case _:
            throw LogError(
                "\(entry.path).type: unknown action \"\(type)\", "
                    + "expected replace, hash or delete")
        }
    }
    return parts
}

extension ConfigReader {
    fileprivate mutating func required(_ name: String) throws(LogError) -> String {
        guard let text = try string(name), !text.isEmpty else { throw wrong(name, "a name") }
        return text
    }

    fileprivate mutating func maskBits(_ name: String, most: Int) throws(LogError) -> Int {
        // Without a prefix length an address of that family is masked whole.
        let bits = try count(name) ?? 0
        guard bits <= most else { throw wrong(name, "a prefix length of at most \(most) bits") }
        return bits
    }
}

/// Masks every address of a comma-separated list; what is no address stays.
private func maskAddresses(_ text: String, ipv4Bits: Int, ipv6Bits: Int) -> String {
    text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        let address = String(part.drop { $0 == " " })
        let masked =
            mask(address, family: AF_INET, size: 4, bits: ipv4Bits)
            ?? mask(address, family: AF_INET6, size: 16, bits: ipv6Bits)
        return masked ?? address
    }.joined(separator: ", ")
}

private func mask(_ text: String, family: Int32, size: Int, bits: Int) -> String? {
    var address = [UInt8](repeating: 0, count: size)
    guard inet_pton(family, text, &address) == 1 else { return nil }
    for index in 0..<size {
        let kept = min(max(bits - index * 8, 0), 8)
        address[index] &= UInt8(truncatingIfNeeded: 0xFF00 >> kept)
    }
    var printed = [CChar](repeating: 0, count: 46)
    guard inet_ntop(family, address, &printed, 46) != nil else { return nil }
    return String(decoding: printed.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Edits parameters of a URI and leaves everything else byte for byte.
private func editQuery(_ uri: String, _ parts: [LogPartEdit]) -> String {
    guard let mark = uri.firstIndex(of: "?") else { return uri }
    let pairs = uri[uri.index(after: mark)...].split(
        separator: "&", omittingEmptySubsequences: false)
    let kept = pairs.compactMap { edit($0, named: percentDecoded(name(of: $0)), parts) }
    return kept.isEmpty ? String(uri[..<mark]) : uri[...mark] + kept.joined(separator: "&")
}

/// Edits the pairs of a `Cookie` header (RFC 6265 §4.2.1).
private func editCookies(_ header: String, _ parts: [LogPartEdit]) -> String {
    header.split(separator: ";").compactMap { pair in
        let trimmed = pair.drop { $0 == " " }
        return edit(trimmed, named: String(name(of: trimmed)), parts)
    }.joined(separator: "; ")
}

private func name(of pair: Substring) -> Substring { pair.prefix { $0 != "=" } }

private func edit(_ pair: Substring, named name: String, _ parts: [LogPartEdit]) -> String? {
    guard let part = parts.first(where: { $0.name == name }) else { return String(pair) }
    let key = pair.prefix { $0 != "=" }
    return part.edited(pair[key.endIndex...].dropFirst()).map { "\(key)=\($0)" }
}

/// Edits a `Set-Cookie` value, whose attributes stay (RFC 6265 §4.1.1); nil when the cookie goes.
private func editSetCookie(_ header: String, _ parts: [LogPartEdit]) -> String? {
    let pair = header.prefix { $0 != ";" }
    let trimmed = pair.drop { $0 == " " }
    return edit(trimmed, named: String(name(of: trimmed)), parts).map {
        $0 + header[pair.endIndex...]
    }
}

/// Decodes `%61` and `+`, so that a parameter is found in every spelling.
private func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
            bytes.append(value)
            rest.removeFirst(2)
        } else {
            bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
