// /proc/net/tcp and tcp6: the same sockets as text, for systems that refuse the diagnostic socket.

enum SocketTable {
    private static let stateListen = "0A"

    /// The listening sockets of one table; lines that are none are passed over.
    ///
    /// Columns: number, local address, remote address, state, queues, timer, retransmits, user,
    /// timeout, inode. An address is hexadecimal, each 32-bit word in the machine's order.
    static func sockets(_ text: UnsafeRawBufferPointer) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for line in text.split(separator: UInt8(ascii: "\n")).dropFirst() {
            guard sockets.count < DiscoveryLimits.socketsMax else { break }
            if let socket = socket(line) { sockets.append(socket) }
        }
        return sockets
    }

    private static func socket(_ line: Slice<UnsafeRawBufferPointer>) -> ListeningSocket? {
        let columns = line.split(separator: UInt8(ascii: " "), maxSplits: 10)
        guard columns.count >= 10, columns[3].elementsEqual(stateListen.utf8),
            let (address, port) = endpoint(columns[1]),
            let user = UInt32(String(decoding: columns[7], as: UTF8.self)),
            let inode = UInt64(String(decoding: columns[9], as: UTF8.self))
        else { return nil }
        return ListeningSocket(address: address, port: port, inode: inode, userID: user)
    }

    private static func endpoint(
        _ text: Slice<UnsafeRawBufferPointer>
    ) -> (IPAddress, UInt16)? {
        let parts = text.split(separator: UInt8(ascii: ":"))
        guard parts.count == 2, let port = hex(parts[1]), port <= 0xFFFF else { return nil }
        let digits = parts[0]
        guard digits.count == 8 || digits.count == 32 else { return nil }
        var words: [UInt32] = []
        var start = digits.startIndex
        while start < digits.endIndex {
            guard let word = hex(digits[start..<start + 8]) else { return nil }
            words.append(UInt32(bigEndian: word))
            start += 8
        }
        let address =
            words.count == 1
            ? IPAddress(v4: words[0]) : IPAddress(v6: (words[0], words[1], words[2], words[3]))
        return (address, UInt16(port))
    }

    private static func hex(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt32? {
        guard !digits.isEmpty, digits.count <= 8 else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value << 4 | UInt32(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
