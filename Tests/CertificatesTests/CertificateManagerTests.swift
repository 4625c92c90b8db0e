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

    @Test func leafCarriesTheNamesAndChainsToTheRoot() throws {
        let issuer = try InternalIssuer(store: store, now: now)
        let issued = try issuer.issue(names: ["Example.com", "*.example.com", "::1"], now: now)
        let names = ["example.com", "*.example.com", "::1"]
        #expect(issued.names == names)
        #expect(issuer.recognizes(issued))
        #expect(issued.notBefore < now)
        #expect(issued.notAfter == now + Limits.leafLifetimeSeconds)
        let leaf = try #require(X509Certificate.parse(pem: issued.chainPEM).first)
        let key = try #require(PrivateKey(pem: issued.keyPEM))
        #expect(leaf.matches(key))
        #expect(leaf.commonName == "example.com")
    }

    @Test func opensslAcceptsTheChain() throws {
        // `openssl verify` looks at the clock, so this one is issued now.
        let today = Int64(Date().timeIntervalSince1970)
        let issuer = try InternalIssuer(store: store, now: today)
        let issued = try issuer.issue(names: ["a.test"], now: today)
        let root = try directory.write(issuer.rootPEM, to: "root.pem")
        let leaf = try directory.write(issued.chainPEM, to: "leaf.pem")
        let arguments = [
            "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "a.test",
            "-CAfile", root,
        ]
        #expect(try openssl(arguments + [leaf]) == 0)
        let stranger = try directory.write(
            InternalIssuer(
                store: CertificateStore(directory: directory.path + "/other"), now: today
            ).issue(names: ["a.test"], now: today).chainPEM, to: "stranger.pem")
        #expect(try openssl(arguments + [stranger]) != 0)
    }

    @Test func keepsItsRoot() throws {
        let first = try InternalIssuer(store: store, now: now)
        let second = try InternalIssuer(store: store, now: now + day)
        #expect(first.rootPEM == second.rootPEM)
        #expect(second.recognizes(try first.issue(names: ["a.test"], now: now)))
        #expect(try directory.mode("data/authorities/local/root.key") == 0o600)
        let root = try #require(X509Certificate.parse(pem: first.rootPEM).first)
        #expect(root.commonName == "Gatewright Local Authority - 2026 ECC Root")
    }

    @Test func concurrentStartsAgreeOnOneRoot() async throws {
        let path = directory.path + "/shared"
        let roots = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let store = try CertificateStore(directory: path)
                    return try InternalIssuer(store: store, now: now).rootPEM
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(roots.count == 1)
    }

    @Test(arguments: ["root.crt", "root.key"])
    func setsACorruptRootAside(_ file: String) throws {
        let first = try InternalIssuer(store: store, now: now)
        try store.write(Array("garbage".utf8), to: "authorities/local/\(file)")
        let second = try InternalIssuer(store: store, now: now + 5)
        #expect(first.rootPEM != second.rootPEM)
        #expect(second.warnings.count == 2)
        let kept = "data/authorities/local/\(file).corrupt-\(now + 5)"
        #expect(directory.contents.contains(kept))
    }

    @Test func replacesARootAboutToExpire() throws {
        let first = try InternalIssuer(store: store, now: now)
        let late = now + Limits.authorityLifetimeSeconds - day
        let second = try InternalIssuer(store: store, now: late)
        #expect(first.rootPEM != second.rootPEM)
        #expect(second.warnings.contains { $0.contains("about to expire") })
        #expect(!second.recognizes(try first.issue(names: ["a.test"], now: now)))
    }

    @Test(arguments: ["", "a b", "a,DNS:evil.test", "-a.test", "a..b", "*", "a.*.b", "../x", "a/b"])
    func refusesNamesThatAreNone(_ name: String) throws {
        let issuer = try InternalIssuer(store: store, now: now)
        #expect(throws: CertificateError.self) { try issuer.issue(names: [name], now: now) }
    }

    @Test func issuesInUnderTwentyMilliseconds() throws {
        let issuer = try InternalIssuer(store: store, now: now)
        let best = try (0..<5).map { _ in
            try ContinuousClock().measure { _ = try issuer.issue(names: ["a.test"], now: now) }
        }.min()
        #expect(try #require(best) < .milliseconds(20))
    }
}

@Suite struct CertificateManagerTests {
    let directory: TemporaryDirectory
    let store: CertificateStore
    let issuer: InternalIssuer
    let needs: [CertificateNeed] = [.issued(name: "a.test"), .issued(name: "*.b.test")]

    init() throws {
        directory = try TemporaryDirectory()
        store = try CertificateStore(directory: directory.path)
        issuer = try InternalIssuer(store: store, now: now)
    }

    private func load(now: Int64) throws -> CertificateSet {
        try CertificateManager(store: store, issuer: issuer).load(needs, now: now)
    }

    @Test func reusesStoredCertificatesUntilRenewalIsDue() throws {
        let first = try load(now: now)
        #expect(first.certificates.map(\.names) == [["a.test"], ["*.b.test"]])
        let due = try #require(first.renewalDue)
        #expect(due > now + 4 * day && due < now + 5 * day)
        #expect(try load(now: due - 1).certificates == first.certificates)
        #expect(try load(now: due).certificates != first.certificates)
    }

    @Test func cacheIsNotTrustedPastRenewal() throws {
        let manager = CertificateManager(store: store, issuer: issuer)
        let first = try manager.load(needs, now: now)
        #expect(try manager.load(needs, now: now + day).certificates == first.certificates)
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
        let other = try InternalIssuer(store: store, now: now)
        let second = try CertificateManager(store: store, issuer: other).load(needs, now: now)
        #expect(first.certificates != second.certificates)
        #expect(second.certificates.allSatisfy(other.recognizes))
    }
}

@Suite struct CertificateFilesTests {
    let directory: TemporaryDirectory
    let issuer: InternalIssuer

    init() throws {
        directory = try TemporaryDirectory()
        let store = try CertificateStore(directory: directory.path + "/data")
        issuer = try InternalIssuer(store: store, now: now)
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

/// Runs the openssl command; its exit code.
private func openssl(_ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}
