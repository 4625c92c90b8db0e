// A TLS client and server over socket pairs, stepped by hand in one thread.
import COpenSSL
import Certificates
import Foundation
import Testing

@testable import Transport

/// Certificates for the tests from an authority of their own.
final class TestAuthority {
    let directory: String
    let rootFile: String
    private let authority: InternalAuthority

    /// - Parameter age: How long ago everything was issued, in seconds.
    init(age: Int64 = 0) throws {
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("tls-\(UUID().uuidString)").path
        now = Int64(Date().timeIntervalSince1970) - age
        let store = try CertificateStore(directory: directory)
        authority = try InternalAuthority(AuthoritySettings(), store: store, now: now)
        rootFile = directory + "/root.pem"
        try Data(authority.rootPEM).write(to: URL(fileURLWithPath: rootFile))
    }

    private let now: Int64

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func certificate(_ names: String..., kind: KeyKind = .p256) throws -> TLSCertificate {
        let issuer = InternalIssuer(authority, keyKind: kind)
        let issued = try issuer.issue(names: names, now: now)
        return TLSCertificate(
            names: issued.names, chainPEM: issued.chainPEM, keyPEM: issued.keyPEM)
    }

    func client(
        _ change: (inout TLSClientSettings) -> Void = { _ in }
    ) throws -> TLSClientContext {
        var settings = TLSClientSettings(trust: .files([rootFile]))
        change(&settings)
        return try TLSClientContext(settings)
    }

    func server(
        _ certificates: TLSCertificate..., default index: Int? = nil,
        change: (inout TLSServerSettings) -> Void = { _ in }
    ) throws -> TLSServerContext {
        var settings = TLSServerSettings(certificates: certificates, defaultCertificate: index)
        change(&settings)
        return try TLSServerContext(settings)
    }
}

/// Two connected non-blocking sockets.
final class SocketPair {
    let left: Int32
    let right: Int32
    private var isRightOpen = true

    init() throws {
        var descriptors: [Int32] = [0, 0]
        #if os(Linux)
        let type = Int32(SOCK_STREAM.rawValue)
        #else
        let type = SOCK_STREAM
        #endif
        try #require(socketpair(AF_UNIX, type, 0, &descriptors) == 0)
        for descriptor in descriptors {
            try #require(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0)
        }
        (left, right) = (descriptors[0], descriptors[1])
    }

    func closeRight() {
        if isRightOpen { close(right) }
        isRightOpen = false
    }

    deinit {
        close(left)
        closeRight()
    }
}

/// A client on the right end and a server on the left end of a socket pair.
struct TLSPair {
    let sockets: SocketPair
    let server: TLSSession
    let client: TLSSession

    init(_ serverContext: TLSServerContext, _ clientContext: TLSClientContext, name: String) throws
    {
        sockets = try SocketPair()
        server = try TLSSession(server: serverContext, descriptor: sockets.left)
        client = try TLSSession(
            client: clientContext, descriptor: sockets.right, peer: TLSPeerName(name))
    }

    /// Both outcomes of a handshake; each side stops at its first failure.
    @discardableResult
    func handshake() -> (server: TLSStep, client: TLSStep) {
        var steps = (server: TLSStep.wantRead, client: TLSStep.wantRead)
        for _ in 0..<20 {
            if steps.client.goesOn { steps.client = client.handshake() }
            if steps.server.goesOn { steps.server = server.handshake() }
        }
        return steps
    }

    /// Moves a text from one session to the other.
    func send(_ text: String, from source: TLSSession, to target: TLSSession) -> String? {
        var bytes = Array(text.utf8)
        guard bytes.withUnsafeBytes({ source.write($0) }) == .done(bytes.count) else { return nil }
        return bytes.withUnsafeMutableBytes { buffer in
            guard case .done(let count) = target.read(into: buffer) else { return nil }
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    /// A handshake, one text in each direction (tickets travel with the server's), and goodbye.
    func exchange() -> Bool {
        guard handshake() == (.done(0), .done(0)) else { return false }
        return send("ping", from: client, to: server) == "ping"
            && send("pong", from: server, to: client) == "pong"
            && server.shutdown() == .done(0) && client.shutdown() == .done(0)
    }
}

/// So that a test decides which kinds of keys a client takes in TLS 1.2.
func restrictCiphers(_ client: TLSClientContext, to list: String) {
    #expect(SSL_CTX_set_cipher_list(client.context, list) == 1)
}

extension TLSStep {
    var goesOn: Bool { self == .wantRead || self == .wantWrite }
}

extension TLSSession {
    func readOne() -> TLSStep {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { read(into: $0) }
    }

    var serverNameText: String { String(decoding: serverName, as: UTF8.self) }
}
