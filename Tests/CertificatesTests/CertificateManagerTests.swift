// Issuing, reusing, renewing and loading certificates.
import Base
import Foundation
import Testing

@testable import Certificates

private let now: Int64 = 1_790_000_000
private let day: Int64 = 24 * 3600

@Suite struct InternalIssuerTests {
    let directory: TemporaryDirectory
    let store: CertificateStore

    init() throws {
        directory = try TemporaryDirectory()
        store = try CertificateStore(directory: directory.path + "/data")
    }

    private func makeIssuer(
        now: Int64, lifetime: Int64 = Limits.leafLifetimeSeconds, withRoot: Bool = false,
        kind: KeyKind = .p256
    ) throws -> InternalIssuer {
        InternalIssuer(
            try InternalAuthority(AuthoritySettings(), store: store, now: now),
            lifetimeSeconds: lifetime, signsWithRoot: withRoot, keyKind: kind)
    }

    @Test func leafCarriesTheNamesAndChainsToTheRoot() throws {
        let issuer = try makeIssuer(now: now)
        let issued = try issuer.issue(names: ["Example.com", "*.example.com", "::1"], now: now)
        let names = ["example.com", "*.example.com", "::1"]
        #expect(issued.names == names)
        #expect(issuer.recognizes(issued))
        #expect(issued.notBefore < now)
        #expect(issued.notAfter == now + Limits.leafLifetimeSeconds)
        let chain = X509Certificate.parse(pem: issued.chainPEM)
        #expect(chain.count == 2)
        #expect(chain[1].commonName == "Gatewright Local Authority - ECC Intermediate")
        let key = try #require(PrivateKey(pem: issued.keyPEM))
        #expect(chain[0].matches(key))
        #expect(chain[0].commonName == "example.com")
    }

    @Test(arguments: [(false, KeyKind.p256), (true, .p256), (false, .rsa2048), (false, .ed25519)])
    func opensslAcceptsTheChain(_ withRoot: Bool, _ kind: KeyKind) throws {
        // `openssl verify` looks at the clock, so this one is issued now.
        let today = Int64(Date().timeIntervalSince1970)
        let issuer = try makeIssuer(now: today, withRoot: withRoot, kind: kind)
        let issued = try issuer.issue(names: ["a.test"], now: today)
        let root = try directory.write(issuer.authority.rootPEM, to: "root.pem")
        let leaf = try directory.write(issued.chainPEM, to: "leaf.pem")
        let arguments = [
            "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "a.test",
            "-CAfile", root,
        ]
        #expect(try openssl(arguments + ["-untrusted", leaf, leaf]) == 0)
        #expect(try (openssl(arguments + [leaf]) == 0) == withRoot)
        let other = try CertificateStore(directory: directory.path + "/other")
        let stranger = InternalIssuer(
            try InternalAuthority(AuthoritySettings(), store: other, now: today))
        let forged = try directory.write(
            stranger.issue(names: ["a.test"], now: today).chainPEM, to: "stranger.pem")
        #expect(try openssl(arguments + ["-untrusted", forged, forged]) != 0)
    }

    @Test func leafNeverOutlivesWhatSignedIt() throws {
        let issuer = try makeIssuer(now: now, lifetime: 30 * day)
        let issued = try issuer.issue(names: ["a.test"], now: now)
        #expect(issued.notAfter == now + Limits.intermediateLifetimeSeconds)
    }

    @Test(arguments: [6, 600, 7200, Limits.leafLifetimeSeconds])
    func isNotDueWhenItIsNew(_ lifetime: Int64) throws {
        let issued = try makeIssuer(now: now, lifetime: lifetime).issue(names: ["a.test"], now: now)
        #expect(issued.notBefore <= now && issued.notAfter == now + lifetime)
        #expect(issued.renewalDue > now + lifetime / 2 && issued.renewalDue < issued.notAfter)
    }

    @Test func whatSignsMustNotHaveExpired() throws {
        _ = try makeIssuer(now: now)
        let pair = directory.path + "/data/authorities/local/intermediate.pem"
        var settings = try AuthoritySettings()
        settings.intermediateFiles = .init(certificate: pair, key: pair)
        let issuer = InternalIssuer(try InternalAuthority(settings, store: store, now: now))
        #expect(throws: CertificateError.self) {
            try issuer.issue(names: ["a.test"], now: now + 8 * day)
        }
    }

    @Test func issuersWithAnotherChainDoNotRecognizeEachOther() throws {
        let plain = try makeIssuer(now: now)
        let direct = InternalIssuer(plain.authority, signsWithRoot: true)
        #expect(!direct.recognizes(try plain.issue(names: ["a.test"], now: now)))
        #expect(!plain.recognizes(try direct.issue(names: ["a.test"], now: now)))
        #expect(direct.recognizes(try direct.issue(names: ["a.test"], now: now)))
    }

    @Test(arguments: ["", "a b", "a,DNS:evil.test", "-a.test", "a..b", "*", "a.*.b", "../x", "a/b"])
    func refusesNamesThatAreNone(_ name: String) throws {
        let issuer = try makeIssuer(now: now)
        #expect(throws: CertificateError.self) { try issuer.issue(names: [name], now: now) }
    }
}

@Suite struct CertificateManagerTests {
    let directory: TemporaryDirectory
    let store: CertificateStore
    let issuer: InternalIssuer

    init() throws {
        directory = try TemporaryDirectory()
        store = try CertificateStore(directory: directory.path)
        issuer = InternalIssuer(
            try InternalAuthority(AuthoritySettings(), store: store, now: now))
    }

    private func requests(_ issuer: InternalIssuer) -> [CertificateRequest] {
        ["a.test", "*.b.test"].map { CertificateRequest(name: $0, issuer: issuer) }
    }

    private func load(now: Int64) throws -> CertificateSet {
        try CertificateManager(store: store).load(requests(issuer), now: now)
    }

    @Test func reusesStoredCertificatesUntilRenewalIsDue() throws {
        let first = try load(now: now)
        #expect(first.certificates.map(\.names) == [["a.test"], ["*.b.test"]])
        let due = try #require(first.renewalDue)
        #expect(due > now + 7 * 3600 && due < now + 9 * 3600)
        #expect(try load(now: due - 1).certificates == first.certificates)
        #expect(try load(now: due).certificates != first.certificates)
    }

    @Test func cacheIsNotTrustedPastRenewal() throws {
        let manager = CertificateManager(store: store)
        let needs = requests(issuer)
        let first = try manager.load(needs, now: now)
        #expect(try manager.load(needs, now: now + 3600).certificates == first.certificates)
        let due = try #require(first.renewalDue)
        #expect(try manager.load(needs, now: due).certificates != first.certificates)
    }

    @Test func setsACorruptLeafAsideAndSaysSo() throws {
        let first = try load(now: now)
        try store.write([0, 1, 2], to: "certificates/local/a.test.pem")
        let second = try load(now: now + 1)
        #expect(second.certificates[0] != first.certificates[0])
        #expect(second.certificates[1] == first.certificates[1])
        #expect(second.warnings.count == 1)
        let kept = "certificates/local/a.test.pem.corrupt-\(now + 1)"
        #expect(directory.contents.contains(kept))
    }

    @Test func issuesAnewWhenTheRootChanged() throws {
        let first = try load(now: now)
        try store.write([0], to: "authorities/local/root.key")
        let other = InternalIssuer(
            try InternalAuthority(AuthoritySettings(), store: store, now: now))
        let second = try CertificateManager(store: store).load(requests(other), now: now)
        #expect(first.certificates != second.certificates)
        #expect(second.certificates.allSatisfy(other.recognizes))
    }

    @Test func handshakeCertificatesHaveAShelfOfTheirOwn() throws {
        let manager = CertificateManager(store: store)
        var warnings: [String] = []
        for name in ["x.test", "y.test"] {
            _ = try manager.certificate(
                CertificateRequest(name: name, issuer: issuer), shelf: .onDemand, now: now,
                warnings: &warnings)
        }
        _ = try load(now: now)
        #expect(try manager.namesOnDemand(issuer, now: now).sorted() == ["x.test", "y.test"])
        try manager.removeOnDemand(CertificateRequest(name: "x.test", issuer: issuer))
        #expect(try manager.namesOnDemand(issuer, now: now) == ["y.test"])
        // What has expired goes when it is looked at.
        #expect(try manager.namesOnDemand(issuer, now: now + day) == [])
        #expect(!directory.contents.contains("certificates/local/on_demand/y.test.pem"))
        #expect(directory.contents.contains("certificates/local/a.test.pem"))
    }
}

@Suite struct CertificateFilesTests {
    let directory: TemporaryDirectory
    let issuer: InternalIssuer

    init() throws {
        directory = try TemporaryDirectory()
        let store = try CertificateStore(directory: directory.path + "/data")
        issuer = InternalIssuer(
            try InternalAuthority(AuthoritySettings(), store: store, now: now))
    }

    private func files(_ name: String = "a.test") throws -> (chain: String, key: String) {
        let issued = try issuer.issue(names: [name], now: now)
        return (
            try directory.write(issued.chainPEM, to: "\(name).crt"),
            try directory.write(issued.keyPEM, to: "\(name).key")
        )
    }

    @Test func loadsAPair() throws {
        let (chain, key) = try files()
        let loaded = try CertificateFiles.load(chain: chain, key: key, now: now)
        #expect(loaded.certificate.names == ["a.test"])
        #expect(loaded.warnings.isEmpty)
    }

    @Test func warnsOutsideItsDates() throws {
        let (chain, key) = try files()
        func warnings(_ time: Int64) throws -> [String] {
            try CertificateFiles.load(chain: chain, key: key, now: time).warnings
        }
        #expect(try warnings(now + 8 * day) == ["\(chain): certificate has expired"])
        #expect(try warnings(now - day) == ["\(chain): certificate is not valid yet"])
    }

    @Test func namesTheFileAtFault() throws {
        let (chain, key) = try files()
        let (_, otherKey) = try files("b.test")
        let missing = directory.path + "/missing"
        let garbage = try directory.write(Array("garbage".utf8), to: "garbage")
        let cases = [
            (missing, key, "\(missing): no such certificate file"),
            (chain, missing, "\(missing): no such private key file"),
            (garbage, key, "\(garbage): no certificate found, expected PEM with the leaf first"),
            (chain, garbage, "\(garbage): no private key found, expected unencrypted PEM"),
            (
                chain, otherKey,
                "\(otherKey): private key does not belong to the certificate in \(chain)"
            ),
        ]
        for (chain, key, message) in cases {
            #expect(throws: CertificateError(message)) {
                try CertificateFiles.load(chain: chain, key: key, now: now)
            }
        }
    }
}
