// The host of a request in the one form in which names are looked up.
import PluginSDK

/// A host in lower case, without port, brackets and trailing dot. On the stack: reading one
/// allocates nothing.
struct RequestHost {
    static let byteCountMax = 253
    private static let labelByteCountMax = 63

    /// What a host looks like before anybody asks whether it is served.
    enum Form: UInt8 {
        case name
        case address
    }

    private var storage = InlineArray<256, UInt8>(repeating: 0)
    private(set) var count = 0
    private(set) var form = Form.name

    /// nil for what is no host (RFC 3986 §3.2.2): empty, other characters than those of names and
    /// addresses, empty or long labels, a port that is no number.
    init?(_ host: RawSpan) {
        let isValid = host.withUnsafeBytes { host in
            host.first == UInt8(ascii: "[") ? readAddress(host) : readName(host)
        }
        guard isValid else { return nil }
    }

    /// For the length of a call.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.span.bytes.withUnsafeBytes { (bytes) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        }
    }

    /// Allocates.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// "app.localhost" becomes "app.localhost:api", the key of a service that the host asks for.
    ///
    /// - Returns: Whether there is room.
    mutating func append(service: UnsafeRawBufferPointer) -> Bool {
        guard count + 1 + service.count <= storage.count else { return false }
        storage[count] = UInt8(ascii: ":")
        for (offset, byte) in service.enumerated() { storage[count + 1 + offset] = byte }
        count += 1 + service.count
        return true
    }

    private mutating func readName(_ host: UnsafeRawBufferPointer) -> Bool {
        var label = 0
        var hasLetter = false
        var index = 0
        while index < host.count, host[index] != UInt8(ascii: ":") {
            let byte = lowercased(host[index])
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                hasLetter = true
                label += 1
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                label += 1
            case UInt8(ascii: ".") where label > 0:
                label = 0
            default:
                return false
            }
            guard label <= Self.labelByteCountMax, index <= Self.byteCountMax else { return false }
            storage[index] = byte
            index += 1
        }
        // A name may end with the dot of the root.
        count = index > 0 && storage[index - 1] == UInt8(ascii: ".") ? index - 1 : index
        form = hasLetter ? .name : .address
        return (1...Self.byteCountMax).contains(count) && isPort(host[index...])
    }

    private mutating func readAddress(_ host: UnsafeRawBufferPointer) -> Bool {
        guard let end = host.firstIndex(of: UInt8(ascii: "]")), end > 1, end < 48 else {
            return false
        }
        let text = UnsafeRawBufferPointer(rebasing: host[1..<end])
        guard PluginSDK.IPAddress(text) != nil, isPort(host[(end + 1)...]) else { return false }
        for (index, byte) in text.enumerated() { storage[index] = lowercased(byte) }
        count = text.count
        form = .address
        return true
    }

    /// Empty, or ":" and up to five digits.
    private func isPort(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let colon = text.first else { return true }
        return colon == UInt8(ascii: ":") && text.count <= 6
            && text.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }
}

func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}
