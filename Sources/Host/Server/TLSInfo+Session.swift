// A connection's encryption as placeholders and the access log show it.
import Logging
import Routing
import Transport

extension TLSInfo {
    /// Read once, when the handshake is done. Views live as long as the session.
    init(_ session: TLSSession) {
        self.init()
        version = session.version == .tls13 ? staticText("tls1.3") : staticText("tls1.2")
        cipherSuite = session.cipherText
        serverName = session.serverName
        proto = session.applicationProtocol == .http1 ? staticText("http/1.1") : staticText("")
        isResumed = session.isResumed
    }
}

extension AccessTLS {
    init(_ session: TLSSession, _ info: TLSInfo) {
        self.init(
            resumed: info.isResumed, version: session.version == .tls13 ? 0x0304 : 0x0303,
            cipherSuite: session.cipherNumber, negotiatedProtocol: info.proto,
            serverName: info.serverName)
    }
}

private func staticText(_ text: StaticString) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
}
