// The messages of NETLINK_SOCK_DIAG for TCP (linux/netlink.h, linux/inet_diag.h): bytes in, values
// out. Headers are in host order, ports and addresses in network order.

enum DiagnosticMessage {
    private static let headerBytes = 16
    private static let requestBytes = 72
    private static let socketBytes = 72
    private static let typeByFamily: UInt16 = 20
    private static let typeError: UInt16 = 2
    private static let typeDone: UInt16 = 3
    private static let flagRequest: UInt16 = 0x1
    private static let flagDump: UInt16 = 0x300
    private static let protocolTCP: UInt8 = 6
    private static let stateListen: UInt8 = 10
    private static let attributeIPv6Only: UInt16 = 11

    /// AF_INET and AF_INET6 of Linux.
    private static func familyNumber(_ family: IPAddress.Family) -> UInt8 {
        family == .v4 ? 2 : 10
    }

    /// Asks for all listening sockets of a family.
    static func listingRequest(_ family: IPAddress.Family, sequence: UInt32) -> [UInt8] {
        request(family, sequence, flagRequest | flagDump)
    }

    /// Asks which listening socket a connection to that address would get.
    static func lookupRequest(_ dial: DialAddress, sequence: UInt32) -> [UInt8] {
        var bytes = request(dial.address.family, sequence, flagRequest)
        bytes.withUnsafeMutableBytes { bytes in
            let words = dial.address.words
            bytes.storeBytes(of: dial.port.bigEndian, toByteOffset: 24, as: UInt16.self)
            bytes.storeBytes(of: words.0.bigEndian, toByteOffset: 28, as: UInt32.self)
            bytes.storeBytes(of: words.1.bigEndian, toByteOffset: 32, as: UInt32.self)
            bytes.storeBytes(of: words.2.bigEndian, toByteOffset: 36, as: UInt32.self)
            bytes.storeBytes(of: words.3.bigEndian, toByteOffset: 40, as: UInt32.self)
        }
        return bytes
    }

    private static func request(
        _ family: IPAddress.Family, _ sequence: UInt32, _ flags: UInt16
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: requestBytes)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt32(requestBytes), as: UInt32.self)
            bytes.storeBytes(of: typeByFamily, toByteOffset: 4, as: UInt16.self)
            bytes.storeBytes(of: flags, toByteOffset: 6, as: UInt16.self)
            bytes.storeBytes(of: sequence, toByteOffset: 8, as: UInt32.self)
            bytes[16] = familyNumber(family)
            bytes[17] = protocolTCP
            bytes.storeBytes(
                of: UInt32(1) << UInt32(stateListen), toByteOffset: 20, as: UInt32.self)
            // No cookie: whichever socket it is.
            bytes.storeBytes(of: UInt64.max, toByteOffset: 64, as: UInt64.self)
        }
        return bytes
    }

    enum Step: Equatable {
        /// More datagrams follow.
        case more
        case done
        /// A number of errno; 0 is none.
        case failed(Int32)
    }

    /// Reads one datagram, which holds one message or several.
    ///
    /// - Returns: What follows; a datagram that is cut or lies about its lengths is `failed`.
    static func read(
        _ bytes: UnsafeRawBufferPointer, sequence: UInt32,
        each: (ListeningSocket) -> Void
    ) -> Step {
        var position = 0
        while position + headerBytes <= bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            let type = bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt16.self)
            let answers = bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt32.self)
            guard length >= headerBytes, length <= bytes.count - position else { return .malformed }
            let payload = UnsafeRawBufferPointer(
                rebasing: bytes[(position + headerBytes)..<(position + length)])
            position += (length + 3) & ~3
            // An answer to an earlier question that was given up.
            guard answers == sequence else { continue }
            switch type {
            case typeDone: return .done
            case typeError:
                guard payload.count >= 4 else { return .malformed }
                return .failed(-payload.loadUnaligned(as: Int32.self))
            case typeByFamily:
                guard let socket = socket(payload) else { return .malformed }
                each(socket)
            default: continue
            }
        }
        return .more
    }

    /// `inet_diag_msg` with its attributes; nil when it is too short for one.
    private static func socket(_ bytes: UnsafeRawBufferPointer) -> ListeningSocket? {
        guard bytes.count >= socketBytes else { return nil }
        let word = { (offset: Int) in bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        let words = (
            UInt32(bigEndian: word(8)), UInt32(bigEndian: word(12)), UInt32(bigEndian: word(16)),
            UInt32(bigEndian: word(20))
        )
        let isV4 = bytes[0] == familyNumber(.v4)
        return ListeningSocket(
            address: isV4 ? IPAddress(v4: words.0) : IPAddress(v6: words),
            port: UInt16(bytes[4]) << 8 | UInt16(bytes[5]),
            isIPv6Only: isIPv6Only(UnsafeRawBufferPointer(rebasing: bytes[socketBytes...])),
            inode: UInt64(word(68)), cookie: UInt64(word(44)) | UInt64(word(48)) << 32,
            userID: word(64))
    }

    private static func isIPv6Only(_ attributes: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while position + 4 <= attributes.count {
            let length = Int(attributes.loadUnaligned(fromByteOffset: position, as: UInt16.self))
            let type = attributes.loadUnaligned(fromByteOffset: position + 2, as: UInt16.self)
            guard length >= 4, length <= attributes.count - position else { return false }
            if type == attributeIPv6Only, length >= 5 { return attributes[position + 4] != 0 }
            position += (length + 3) & ~3
        }
        return false
    }
}

extension DiagnosticMessage.Step {
    /// EBADMSG of Linux: a message that is none.
    static let malformed = DiagnosticMessage.Step.failed(74)
}
