// Who may see and change what names mean. A web page must not be able to, whatever it gets the
// browser to send; nor another machine.
import PluginSDK

struct AccessRules: Sendable {
    private let token: ConstantText?
    private let basicChallenge = "Basic realm=\"gatewright\", charset=\"UTF-8\""
    private let names: FieldNames

    init(token: String, names: FieldNames) {
        self.token = token.isEmpty ? nil : ConstantText(token)
        self.names = names
    }

    /// nil when the request may go on.
    ///
    /// - Parameter isPage: A page without side effects that shows nothing to the site that links to
    ///   it: links from elsewhere may open it.
    func refusal(of request: borrowing Request, isPage: Bool = false) -> Reply? {
        if let token {
            // With a token the address does not count: the gateway may be in a container.
            guard carries(token, request) else { return unauthorised }
        } else if !isDirectNeighbour(request) {
            return .error(
                403, "not_local", "only this machine may do this; others need admin_token")
        }
        guard isSameOrigin(request) || isPage && isNavigation(request) else {
            return .error(403, "cross_site", "another web site may not do this")
        }
        return nil
    }

    /// Whether a page of another site, or one of an application, made the browser send it
    /// (W3C Fetch Metadata). Programs that are no browsers send none of these fields.
    func isSameOrigin(_ request: borrowing Request) -> Bool {
        if let site = request.fields[names.fetchSite] {
            guard site == ("same-origin" as Bytes) || site == ("none" as Bytes) else {
                return false
            }
        }
        guard let origin = request.fields[.origin] else { return true }
        let scheme: Bytes = request.isTLS ? "https://" : "http://"
        guard origin.hasPrefix(scheme) else { return false }
        let authority = origin.extracting(scheme.count..<origin.byteCount)
        return request.host.withUnsafeBytes { authority.equalsIgnoringCase(Bytes($0)) }
    }

    private func isNavigation(_ request: borrowing Request) -> Bool {
        guard request.methodID == .get, request.fields[.origin] == nil,
            let mode = request.fields[names.fetchMode]
        else { return false }
        return mode == ("navigate" as Bytes)
    }

    /// Whether the peer is a program on this machine that speaks for itself.
    func isDirectNeighbour(_ request: borrowing Request) -> Bool {
        let isNear = request.remoteIP.withUnsafeBytes { HostRules.isLoopback($0) }
        return isNear && !request.fields.contains(.xForwardedFor)
            && !request.fields.contains(.forwarded)
    }

    /// Bearer for programs, Basic with any user name for browsers.
    private func carries(_ token: ConstantText, _ request: borrowing Request) -> Bool {
        guard let field = request.fields[.authorization] else { return false }
        if field.byteCount > 7, field.extracting(first: 7).equalsIgnoringCase("Bearer ") {
            return field.extracting(7..<field.byteCount).withUnsafeBytes {
                Crypto.equal(Bytes($0), token.bytes)
            }
        }
        guard field.byteCount > 6, field.extracting(first: 6).equalsIgnoringCase("Basic ") else {
            return false
        }
        let pair = field.extracting(6..<field.byteCount).withUnsafeBytes { Base64.decoded($0) }
        guard let pair, let colon = pair.firstIndex(of: UInt8(ascii: ":")) else { return false }
        return Array(pair[(colon + 1)...]).withUnsafeBytes {
            Crypto.equal(Bytes($0), token.bytes)
        }
    }

    private var unauthorised: Reply {
        Reply.error(401, "no_token", "the admin token is missing or wrong")
            .adding(.wwwAuthenticate, basicChallenge)
    }
}

/// RFC 4648 §4.
enum Base64 {
    static func decoded(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var (bits, bitCount): (UInt32, UInt32) = (0, 0)
        var bytes: [UInt8] = []
        for byte in text where byte != UInt8(ascii: "=") {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte + 4
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        return bytes
    }

    static func encoded(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        var (bits, bitCount): (UInt32, UInt32) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(digits[Int(bits >> bitCount & 63)])
            }
        }
        if bitCount > 0 { text.append(digits[Int(bits << (6 - bitCount) & 63)]) }
        while text.count % 4 > 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }
}
