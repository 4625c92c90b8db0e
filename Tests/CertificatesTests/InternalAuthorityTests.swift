// Root and intermediate: making, keeping, renewing, and what is found broken.
import Base
import Foundation
import Testing

@testable import Certificates

private let now: Int64 = 1_790_000_000
private let day: Int64 = 24 * 3600

@Suite struct InternalAuthorityTests {
    let directory: TemporaryDirectory
    let store: CertificateStore

    init() throws {
        directory = try TemporaryDirectory()
        store = try CertificateStore(directory: directory.path + "/data")
    }

    private func open(
        now: Int64, _ change: (inout AuthoritySettings) -> Void = { _ in }
    ) throws -> InternalAuthority {
        var settings = try AuthoritySettings()
        change(&settings)
        return try InternalAuthority(settings, store: store, now: now)
    }

    private func chain(_ authority: InternalAuthority, now: Int64) throws -> [X509Certificate] {
        let issued = try InternalIssuer(authority).issue(names: ["a.test"], now: now)
        return X509Certificate.parse(pem: issued.chainPEM)
    }

    @Test func keepsItsRootAndIntermediate() throws {
        let first = try open(now: now)
        let second = try open(now: now + day)
        #expect(first.rootPEM == second.rootPEM)
        #expect(second.recognizes(try chain(first, now: now)))
        #expect(try chain(first, now: now)[1].pem == chain(second, now: now + day)[1].pem)
        for file in ["root.key", "root.crt", "intermediate.pem"] {
            #expect(try directory.mode("data/authorities/local/\(file)") == 0o600)
        }
        let root = try #require(X509Certificate.parse(pem: first.rootPEM).first)
        #expect(root.commonName == "Gatewright Local Authority - 2026 ECC Root")
        #expect(root.notAfter == now + Limits.authorityLifetimeSeconds)
        #expect(second.takeWarnings().isEmpty)
    }

    @Test func namesAndLifetimesCanBeSet() throws {
        let authority = try open(now: now) {
            $0.name = "Shop"
            $0.rootCommonName = "{pki.ca.name} root {time.now.year}"
            $0.intermediateCommonName = "{pki.ca.name} below"
            $0.intermediateLifetimeSeconds = 2 * day
        }
        let root = try #require(X509Certificate.parse(pem: authority.rootPEM).first)
        #expect(root.commonName == "Shop root 2026")
        let intermediate = try chain(authority, now: now)[1]
        #expect(intermediate.commonName == "Shop below")
        #expect(intermediate.notAfter == now + 2 * day)
    }

    @Test func renewsTheIntermediateWhileItRuns() throws {
        let authority = try open(now: now)
        let before = try chain(authority, now: now)
        let stillGood = try chain(authority, now: now + 5 * day)
        #expect(stillGood[1].pem == before[1].pem)
        let after = try chain(authority, now: now + 6 * day)
        #expect(after[1].pem != before[1].pem)
        #expect(after[1].notAfter == now + 6 * day + Limits.intermediateLifetimeSeconds)
        // What was issued before carries its own intermediate and stays good.
        #expect(authority.recognizes(before) && authority.recognizes(after))
        // Another process finds the new one.
        #expect(try chain(open(now: now + 6 * day), now: now + 6 * day)[1].pem == after[1].pem)
    }

    @Test func renewsTheRootUnderItsKeyWhileItRuns() throws {
        let authority = try open(now: now)
        let old = authority.rootPEM
        let late = now + Limits.authorityLifetimeSeconds - 100 * day
        let after = try chain(authority, now: late)
        #expect(authority.rootPEM != old)
        #expect(authority.takeWarnings().contains { $0.contains("was renewed") })
        // Whoever trusts the old root accepts what comes now, and the other way round.
        let oldRoot = try #require(X509Certificate.parse(pem: old).first)
        #expect(after[1].isSigned(by: oldRoot))
        #expect(authority.recognizes(after))
        #expect(try store.read("authorities/local/root.crt") == authority.rootPEM)
    }

    @Test func concurrentStartsAgree() async throws {
        let path = directory.path + "/shared"
        let roots = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let store = try CertificateStore(directory: path)
                    let authority = try InternalAuthority(
                        AuthoritySettings(), store: store, now: now)
                    let (_, intermediate) = try authority.signer(withRoot: false, now: now)
                    return authority.rootPEM + intermediate
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(roots.count == 1)
    }

    @Test(arguments: ["root.crt", "root.key"])
    func setsACorruptRootAside(_ file: String) throws {
        let first = try open(now: now)
        try store.write(Array("garbage".utf8), to: "authorities/local/\(file)")
        let second = try open(now: now + 5)
        #expect(first.rootPEM != second.rootPEM)
        #expect(second.takeWarnings().count == 2)
        #expect(second.takeWarnings().isEmpty)
        let kept = "data/authorities/local/\(file).corrupt-\(now + 5)"
        #expect(directory.contents.contains(kept))
        #expect(!second.recognizes(try chain(first, now: now)))
        #expect(second.recognizes(try chain(second, now: now + 5)))
    }

    @Test func setsACorruptIntermediateAsideAndKeepsTheRoot() throws {
        let first = try open(now: now)
        try store.write(Array("garbage".utf8), to: "authorities/local/intermediate.pem")
        let second = try open(now: now + 5)
        #expect(first.rootPEM == second.rootPEM)
        #expect(second.takeWarnings().count == 1)
        let kept = "data/authorities/local/intermediate.pem.corrupt-\(now + 5)"
        #expect(directory.contents.contains(kept))
    }

    @Test func aKeyWithoutRootIsACrashAndNotAWarning() throws {
        try store.write(PrivateKey.generate().pem, to: "authorities/local/root.key")
        #expect(try open(now: now).takeWarnings().isEmpty)
    }

    @Test func usesTheOperatorsFiles() throws {
        let mine = try open(now: now)
        let folder = directory.path + "/data/authorities/local"
        let root = AuthoritySettings.Files(
            certificate: folder + "/root.crt", key: folder + "/root.key")
        let other = try CertificateStore(directory: directory.path + "/other")
        var settings = try AuthoritySettings(identifier: "shop")
        settings.rootFiles = root
        let authority = try InternalAuthority(settings, store: other, now: now)
        #expect(authority.rootPEM == mine.rootPEM)
        #expect(!directory.contents.contains { $0.hasPrefix("other/authorities/shop/root") })

        settings.rootFiles?.key = nil
        try other.remove("authorities/shop/intermediate.pem")
        #expect(throws: CertificateError.self) {
            try InternalAuthority(settings, store: other, now: now)
        }
        let pair = folder + "/intermediate.pem"
        settings.intermediateFiles = .init(certificate: pair, key: pair)
        let bare = try InternalAuthority(settings, store: other, now: now)
        #expect(mine.recognizes(try chain(bare, now: now)))
        #expect(throws: CertificateError.self) { try bare.signer(withRoot: true, now: now) }

        settings.rootFiles?.certificate = directory.path + "/missing.crt"
        #expect(
            throws: CertificateError(
                "\(directory.path)/missing.crt: no authority certificate found")
        ) { try InternalAuthority(settings, store: other, now: now) }
    }

    @Test func refusesAnIntermediateThatOutlivesTheRoot() throws {
        #expect(throws: CertificateError.self) {
            try open(now: now) { $0.intermediateLifetimeSeconds = 5000 * day }
        }
    }

    @Test(arguments: ["", "a/b", "..", "a.b", "ä"])
    func refusesIdentifiersThatAreNoFolder(_ identifier: String) {
        #expect(throws: CertificateError.self) { try AuthoritySettings(identifier: identifier) }
    }
}
