// Handshakes: versions, server names, ALPN, verification, resumption.
import Certificates
import Foundation
import Testing

@testable import Transport

@Suite struct TLSHandshakeTests {
    let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func bothVersionsCarryDataBothWays(_ version: TLSVersion) throws {
        let server = try authority.server(authority.certificate("a.test")) {
            $0.maximumVersion = version
        }
        let pair = try TLSPair(server, authority.client(), name: "a.test")
        #expect(pair.handshake() == (.done(0), .done(0)))
        #expect(pair.send("ping", from: pair.client, to: pair.server) == "ping")
        #expect(pair.send("pong", from: pair.server, to: pair.client) == "pong")
        for session in [pair.server, pair.client] {
            #expect(session.version == version)
            #expect(session.serverNameText == "a.test")
            #expect(!session.isResumed)
        }
        #expect(pair.client.peerSubject == "CN=a.test")
        #expect(pair.server.peerSubject == nil)
        let expected =
            version == .tls13
            ? "TLS_AES_128_GCM_SHA256" : "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        #expect(pair.server.cipherName == expected)
        #expect(pair.server.cipherNumber == (version == .tls13 ? 0x1301 : 0xc02b))
    }

    @Test func versionsWithoutOverlapFail() throws {
        let server = try authority.server(authority.certificate("a.test")) {
            $0.minimumVersion = .tls13
        }
        let client = try authority.client { $0.maximumVersion = .tls12 }
        let steps = try TLSPair(server, client, name: "a.test").handshake()
        #expect(steps.client == .failed(.alert(70)))
        guard case .failed(.protocolViolation) = steps.server else {
            Issue.record("\(steps.server)")
            return
        }
    }

    @Test(arguments: [
        ("a.test", "CN=a.test"), ("A.TEST", "CN=a.test"), ("a.test.", "CN=a.test"),
        ("x.b.test", "CN=*.b.test"), ("c.b.test", "CN=c.b.test"),
        ("b.test", "CN=default.test"), ("x.y.b.test", "CN=default.test"),
        ("192.0.2.1", "CN=default.test"),
    ])
    func choosesTheCertificateByName(_ name: String, _ subject: String) throws {
        let server = try authority.server(
            authority.certificate("a.test"), authority.certificate("*.b.test"),
            authority.certificate("c.b.test"), authority.certificate("default.test"), default: 3)
        let client = try authority.client { $0.trust = .insecureSkipVerify }
        let pair = try TLSPair(server, client, name: name)
        #expect(pair.handshake() == (.done(0), .done(0)))
        #expect(pair.client.peerSubject == subject)
    }

    @Test(arguments: ["other.test", "192.0.2.1"])
    func unknownNamesAreRefusedWithoutADefault(_ name: String) throws {
        let server = try authority.server(authority.certificate("a.test"))
        let client = try authority.client { $0.trust = .insecureSkipVerify }
        let steps = try TLSPair(server, client, name: name).handshake()
        #expect(steps.server == .failed(.unknownServerName))
        #expect(steps.client == .failed(.alert(112)))
    }

    @Test(
        arguments: [
            ([.http2, .http1], [.http1, .http2], .http2), ([.http1], [.http2, .http1], .http1),
            ([.http1, .http2], [.http2, .http1], .http1), ([.http2], [], .none),
            ([], [.http1], .none),
        ] as [([TLSApplicationProtocol], [TLSApplicationProtocol], TLSApplicationProtocol)])
    func serverChoosesTheProtocol(
        _ offered: [TLSApplicationProtocol], _ wanted: [TLSApplicationProtocol],
        _ expected: TLSApplicationProtocol
    ) throws {
        let server = try authority.server(authority.certificate("a.test")) {
            $0.applicationProtocols = offered
        }
        let client = try authority.client { $0.applicationProtocols = wanted }
        let pair = try TLSPair(server, client, name: "a.test")
        #expect(pair.handshake() == (.done(0), .done(0)))
        #expect(pair.server.applicationProtocol == expected)
        #expect(pair.client.applicationProtocol == expected)
    }

    @Test func noCommonProtocolIsAnError() throws {
        let server = try authority.server(authority.certificate("a.test")) {
            $0.applicationProtocols = [.http2]
        }
        let steps = try TLSPair(server, authority.client(), name: "a.test").handshake()
        #expect(steps.server == .failed(.noApplicationProtocol))
        #expect(steps.client == .failed(.alert(120)))
    }
}

@Suite struct TLSVerificationTests {
    let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func failure(
        _ server: TLSServerContext, _ client: TLSClientContext, name: String
    ) throws -> String {
        guard case .failed(let failure) = try TLSPair(server, client, name: name).handshake().client
        else { return "no failure" }
        return failure.description
    }

    @Test func acceptsNamesAndAddresses() throws {
        let server = try authority.server(
            authority.certificate("*.a.test", "127.0.0.1", "::1"), default: 0)
        for name in ["x.a.test", "127.0.0.1", "::1", "[::1]"] {
            let pair = try TLSPair(server, authority.client(), name: name)
            #expect(pair.handshake() == (.done(0), .done(0)), "\(name)")
        }
    }

    @Test(arguments: [("b.test", "hostname mismatch"), ("127.0.0.1", "IP address mismatch")])
    func refusesTheWrongName(_ name: String, _ reason: String) throws {
        let server = try authority.server(authority.certificate("a.test"), default: 0)
        let text = try failure(server, authority.client(), name: name)
        #expect(text.lowercased() == "certificate verify failed: \(reason)".lowercased())
    }

    @Test func refusesStrangers() throws {
        let stranger = try TestAuthority()
        let server = try authority.server(stranger.certificate("a.test"))
        let text = try failure(server, authority.client(), name: "a.test")
        #expect(text == "certificate verify failed: unable to get local issuer certificate")
        let system = try authority.client { $0.trust = .systemStore }
        #expect(try failure(server, system, name: "a.test") == text)
        let careless = try authority.client { $0.trust = .insecureSkipVerify }
        #expect(try TLSPair(server, careless, name: "a.test").handshake().client == .done(0))
    }

    @Test func refusesTheExpired() throws {
        let old = try TestAuthority(age: 30 * 24 * 3600)
        let server = try old.server(old.certificate("a.test"))
        let text = try failure(server, old.client(), name: "a.test")
        #expect(text == "certificate verify failed: certificate has expired")
    }

    @Test func authorityFilesMustBeReadable() throws {
        let missing = authority.directory + "/missing.pem"
        let empty = authority.directory + "/empty.pem"
        try Data("nothing".utf8).write(to: URL(fileURLWithPath: empty))
        for file in [missing, empty] {
            #expect(throws: TLSError.self) { try authority.client { $0.trust = .files([file]) } }
            let clients = TLSClientAuthentication(mode: .requireAndVerify, authorityFiles: [file])
            #expect(throws: TLSError.self) {
                try authority.server(authority.certificate("a.test")) {
                    $0.policies = [TLSServerPolicy(clientAuthentication: clients)]
                }
            }
        }
        let none = TLSClientAuthentication(mode: .verifyIfGiven)
        #expect(throws: TLSError.self) {
            try authority.server(authority.certificate("a.test")) {
                $0.policies = [TLSServerPolicy(clientAuthentication: none)]
            }
        }
    }

    @Test func keysMustMatch() throws {
        var certificate = try authority.certificate("a.test")
        certificate.keyPEM = try authority.certificate("b.test").keyPEM
        #expect {
            try authority.server(certificate)
        } throws: { "\($0)".hasPrefix("a.test: private key does not belong") }
        certificate.chainPEM = []
        #expect(throws: TLSError.self) { try authority.server(certificate) }
    }
}

@Suite struct TLSClientCertificateTests {
    let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    /// The server's outcome once the client has had time to show what it has.
    private func outcome(
        _ mode: TLSClientAuthentication.Mode, certificate: TLSCertificate?
    ) throws -> (step: TLSStep, subject: String?) {
        let clients = TLSClientAuthentication(mode: mode, authorityFiles: [authority.rootFile])
        let server = try authority.server(authority.certificate("open.test", "a.test")) {
            $0.policies = [TLSServerPolicy(names: ["a.test"], clientAuthentication: clients)]
        }
        let client = try authority.client { $0.certificate = certificate }
        let pair = try TLSPair(server, client, name: "a.test")
        return (pair.handshake().server, pair.server.peerSubject)
    }

    @Test(arguments: [
        (TLSClientAuthentication.Mode.request, true, true), (.require, false, true),
        (.verifyIfGiven, true, false), (.requireAndVerify, false, false),
    ])
    func modesDiffer(
        _ mode: TLSClientAuthentication.Mode, _ acceptsNone: Bool, _ acceptsStrangers: Bool
    ) throws {
        // The authority issues for servers only, which a verifying server must refuse as well.
        let stranger = try TestAuthority().certificate("stranger")
        #expect(try (outcome(mode, certificate: nil).step == .done(0)) == acceptsNone)
        let shown = try outcome(mode, certificate: stranger)
        #expect((shown.step == .done(0)) == acceptsStrangers)
        #expect((shown.subject == "CN=stranger") == acceptsStrangers)
    }

    @Test func otherNamesDoNotAsk() throws {
        let clients = TLSClientAuthentication(
            mode: .requireAndVerify, authorityFiles: [authority.rootFile])
        let server = try authority.server(authority.certificate("a.test", "open.test")) {
            $0.policies = [
                TLSServerPolicy(names: ["a.test"], clientAuthentication: clients),
                TLSServerPolicy(),
            ]
        }
        let pair = try TLSPair(server, authority.client(), name: "open.test")
        #expect(pair.handshake() == (.done(0), .done(0)))
    }
}

@Suite struct TLSPolicyTests {
    let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    @Test func namesOnOneListenerHaveTheirOwnVersions() throws {
        let server = try authority.server(authority.certificate("new.test", "old.test", "x.test")) {
            $0.policies = [
                TLSServerPolicy(names: ["new.test"], minimumVersion: .tls13),
                TLSServerPolicy(names: ["old.test"], maximumVersion: .tls12),
                TLSServerPolicy(maximumVersion: .tls12),
            ]
        }
        func version(_ name: String, _ highest: TLSVersion = .tls13) throws -> TLSVersion? {
            let client = try authority.client { $0.maximumVersion = highest }
            let pair = try TLSPair(server, client, name: name)
            return pair.handshake() == (.done(0), .done(0)) ? pair.server.version : nil
        }
        #expect(try version("new.test") == .tls13)
        #expect(try version("new.test", .tls12) == nil)
        #expect(try version("old.test") == .tls12)
        #expect(try version("x.test") == .tls12)
    }

    @Test(arguments: ["ECDSA", "RSA"])
    func clientsChooseBetweenKindsOfKeys(_ kind: String) throws {
        let server = try authority.server(
            authority.certificate("a.test"), authority.certificate("a.test", kind: .rsa2048),
            authority.certificate("a.test", "b.test")
        ) { $0.maximumVersion = .tls12 }
        let client = try authority.client()
        restrictCiphers(client, to: "ECDHE-\(kind)-AES128-GCM-SHA256")
        let pair = try TLSPair(server, client, name: "a.test")
        #expect(pair.handshake() == (.done(0), .done(0)))
        #expect(pair.server.cipherName == "TLS_ECDHE_\(kind)_WITH_AES_128_GCM_SHA256")
        let other = try TLSPair(server, authority.client(), name: "b.test")
        #expect(other.handshake() == (.done(0), .done(0)))
    }
}

@Suite struct TLSWantedCertificateTests {
    let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func makePair(_ name: String) throws -> TLSPair {
        let server = try authority.server(authority.certificate("known.test")) {
            $0.asksForCertificates = true
        }
        return try TLSPair(server, authority.client(), name: name)
    }

    @Test func handshakeRestsUntilTheCertificateIsThere() throws {
        let pair = try makePair("New.test")
        #expect(pair.handshake().server == .wantCertificate)
        #expect(String(decoding: pair.server.wantedServerName, as: UTF8.self) == "new.test")
        // Asked again without an answer it rests on.
        #expect(pair.server.handshake() == .wantCertificate)
        pair.server.provide(try TLSIdentity(authority.certificate("new.test")))
        #expect(pair.handshake() == (.done(0), .done(0)))
        #expect(pair.send("ping", from: pair.client, to: pair.server) == "ping")
        #expect(pair.client.peerSubject == "CN=new.test")
    }

    @Test func refusalIsAnAlert() throws {
        let pair = try makePair("new.test")
        #expect(pair.handshake().server == .wantCertificate)
        pair.server.provide(nil)
        let steps = pair.handshake()
        #expect(steps.server == .failed(.unknownServerName))
        #expect(steps.client == .failed(.alert(112)))
    }

    @Test func addressesComeWithoutName() throws {
        let pair = try makePair("192.0.2.1")
        #expect(pair.handshake().server == .wantCertificate)
        #expect(pair.server.wantedServerName.isEmpty)
    }

    @Test func knownNamesDoNotWait() throws {
        #expect(try makePair("known.test").handshake() == (.done(0), .done(0)))
    }
}

@Suite struct TLSResumptionTests {
    let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func resumesUnderTheSameName(_ version: TLSVersion) throws {
        let server = try authority.server(authority.certificate("a.test")) {
            $0.maximumVersion = version
        }
        let client = try authority.client()
        #expect(try TLSPair(server, client, name: "a.test").exchange())
        let second = try TLSPair(server, client, name: "a.test")
        #expect(second.exchange())
        #expect(second.server.isResumed && second.client.isResumed)
        #expect(second.server.serverNameText == "a.test")
        #expect(second.client.peerSubject == "CN=a.test")
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func doesNotResumeUnderAnotherName(_ version: TLSVersion) throws {
        let server = try authority.server(authority.certificate("*.test", "a.b.test")) {
            $0.maximumVersion = version
        }
        let client = try authority.client { $0.trust = .insecureSkipVerify }
        for other in ["b.test", "a.b.test"] {
            #expect(try TLSPair(server, client, name: "a.test").exchange())
            let pair = try TLSPair(server, client, name: other)
            // A malicious client would show the ticket of another name.
            let stolen = try #require(client.sessions.take("a.test"))
            client.sessions.put(stolen, for: other)
            let second = try TLSPair(server, client, name: other)
            #expect(second.exchange())
            #expect(!second.server.isResumed)
            #expect(second.server.serverNameText == other)
            withExtendedLifetime(pair) {}
        }
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func doesNotCarryOverToAClientCertificatePolicy(_ version: TLSVersion) throws {
        let clients = TLSClientAuthentication(
            mode: .requireAndVerify, authorityFiles: [authority.rootFile])
        let server = try authority.server(authority.certificate("open.test", "a.test")) {
            $0.maximumVersion = version
            $0.policies = [TLSServerPolicy(names: ["a.test"], clientAuthentication: clients)]
        }
        let client = try authority.client { $0.trust = .insecureSkipVerify }
        #expect(try TLSPair(server, client, name: "open.test").exchange())
        client.sessions.put(try #require(client.sessions.take("open.test")), for: "a.test")
        let steps = try TLSPair(server, client, name: "a.test").handshake()
        #expect(steps.server != .done(0))
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func withoutTicketsNothingIsResumed(_ version: TLSVersion) throws {
        let server = try authority.server(authority.certificate("a.test")) {
            $0.maximumVersion = version
            $0.sessionTickets = false
        }
        let client = try authority.client()
        #expect(try TLSPair(server, client, name: "a.test").exchange())
        #expect(client.sessions.take("a.test") == nil)
    }

    @Test func ticketTravelsWithTheFirstResponse() throws {
        let server = try authority.server(authority.certificate("a.test"))
        let client = try authority.client()
        let pair = try TLSPair(server, client, name: "a.test")
        #expect(pair.handshake() == (.done(0), .done(0)))
        var byte: UInt8 = 0
        #expect(recv(pair.sockets.right, &byte, 1, Int32(MSG_PEEK)) == -1)
        #expect(client.sessions.take("a.test") == nil)
        #expect(pair.send("pong", from: pair.server, to: pair.client) == "pong")
        let session = try #require(client.sessions.take("a.test"))
        client.sessions.put(session, for: "a.test")
    }

    @Test func anotherContextDoesNotResume() throws {
        let certificate = try authority.certificate("a.test")
        let client = try authority.client()
        #expect(try TLSPair(authority.server(certificate), client, name: "a.test").exchange())
        let second = try TLSPair(authority.server(certificate), client, name: "a.test")
        #expect(second.exchange())
        #expect(!second.server.isResumed)
    }
}
