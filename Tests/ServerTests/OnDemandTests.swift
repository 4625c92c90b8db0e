// Certificates on demand: the table of names, its limits, and what a configuration may say.
import Base
import Certificates
import Foundation
import Testing
import Transport

@testable import Server

private let second = Limits.second

@Suite struct OnDemandTableTests {
    let source: CertificateSource
    let identity: TLSIdentity

    init() throws {
        source = CertificateSource(issuer: IssuerSettings(), authority: try AuthoritySettings())
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("on-demand-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let authority = try InternalAuthority(
            AuthoritySettings(), store: CertificateStore(directory: folder), now: 1_790_000_000)
        let issued = try InternalIssuer(authority).issue(names: ["a.test"], now: 1_790_000_000)
        identity = try TLSIdentity(issued.forTLS)
    }

    private func rules(_ change: (inout OnDemandSettings) -> Void = { _ in }) -> OnDemandSettings {
        var rules = OnDemandSettings()
        change(&rules)
        return rules
    }

    /// A name from its first handshake to its certificate; nil, or why not.
    private func obtain(
        _ name: String, _ table: inout OnDemandTable<Int>, _ rules: OnDemandSettings, at now: UInt64
    ) -> OnDemandRefusal? {
        switch table.request(name, source, rules, 0, now: now) {
        case .refuse(let refusal): return refusal
        case .show, .wait: return nil
        case .fetch: break
        }
        if case .refused(let refusal) = table.admit(name, source, rules, now: now) {
            _ = table.land(name, source, nil, now: now)
            return refusal
        }
        _ = table.land(
            name, source, (identity, now + 8 * 3600 * second, now + 12 * 3600 * second), now: now)
        return nil
    }

    private func asks(
        _ name: String, _ table: inout OnDemandTable<Int>, _ rules: OnDemandSettings, at now: UInt64
    ) -> Bool { table.needsQuestion(name, source, rules, now: now) }

    @Test func oneFlightServesAllWhoAsk() {
        var table = OnDemandTable<Int>()
        guard case .fetch = table.request("a.test", source, rules(), 1, now: 0),
            case .wait = table.request("a.test", source, rules(), 2, now: 0),
            case .wait = table.request("a.test", source, rules(), 3, now: 0)
        else {
            Issue.record("not one flight")
            return
        }
        let found = (identity, 8 * 3600 * second, 12 * 3600 * second)
        #expect(table.land("a.test", source, found, now: 0) == [1, 2, 3])
        guard case .show(_, false) = table.request("a.test", source, rules(), 4, now: second)
        else {
            Issue.record("not shown")
            return
        }
    }

    @Test func showsTheOldOneWhileANewOneComes() {
        var table = OnDemandTable<Int>()
        #expect(obtain("a.test", &table, rules(), at: 0) == nil)
        let due = 9 * 3600 * second
        guard case .show(_, true) = table.request("a.test", source, rules(), 1, now: due),
            case .show(_, false) = table.request("a.test", source, rules(), 2, now: due)
        else {
            Issue.record("not renewed once")
            return
        }
        // It failed: the old one is shown, and the next try comes later.
        #expect(table.land("a.test", source, nil, now: due).isEmpty)
        guard case .show(_, false) = table.request("a.test", source, rules(), 3, now: due + second),
            case .show(_, true) = table.request(
                "a.test", source, rules(), 3, now: due + Limits.onDemandRetryTime)
        else {
            Issue.record("tried again at the wrong time")
            return
        }
        _ = table.land("a.test", source, nil, now: due)
        // Expired is expired.
        guard case .fetch = table.request("a.test", source, rules(), 4, now: 12 * 3600 * second)
        else {
            Issue.record("shown after its end")
            return
        }
    }

    @Test func anotherIssuerIsAnotherCertificate() {
        var table = OnDemandTable<Int>()
        #expect(obtain("a.test", &table, rules(), at: 0) == nil)
        var other = source
        other.issuer.signsWithRoot = true
        guard case .fetch = table.request("a.test", other, rules(), 1, now: second) else {
            Issue.record("shown for another issuer")
            return
        }
    }

    @Test func rateHoldsAndRecovers() {
        var table = OnDemandTable<Int>()
        let rules = rules {
            $0.rateCount = 3
            $0.rateInterval = 60 * second
        }
        for index in 0..<3 { #expect(obtain("\(index).test", &table, rules, at: 0) == nil) }
        #expect(obtain("3.test", &table, rules, at: 0) == .tooFast)
        #expect(obtain("1.test", &table, rules, at: 0) == nil)
        #expect(obtain("3.test", &table, rules, at: 19 * second) == .tooFast)
        #expect(obtain("3.test", &table, rules, at: 21 * second) == nil)
        #expect(obtain("4.test", &table, rules, at: 22 * second) == .tooFast)
    }

    @Test func countHoldsUntilANameIsNotUsed() {
        var table = OnDemandTable<Int>()
        let rules = rules { $0.namesMax = 2 }
        #expect(obtain("a.test", &table, rules, at: 0) == nil)
        #expect(obtain("b.test", &table, rules, at: 0) == nil)
        #expect(obtain("c.test", &table, rules, at: second) == .tooManyNames)
        // One is used, the other is not: it makes room.
        let later = Limits.onDemandIdleTime
        #expect(obtain("a.test", &table, rules, at: later) == nil)
        guard case .fetch = table.request("c.test", source, rules, 0, now: later),
            case .admitted(let evicted?) = table.admit("c.test", source, rules, now: later)
        else {
            Issue.record("no room")
            return
        }
        #expect(evicted.name == "b.test")
        #expect(table.count == 2)
        #expect(obtain("d.test", &table, rules, at: later) == .tooManyNames)
    }

    @Test func namesFromEarlierRunsCount() {
        var table = OnDemandTable<Int>()
        let rules = rules {
            $0.namesMax = 1
            $0.rateCount = 1
        }
        table.restore("old.test", source)
        // A known name costs nothing of the rate.
        #expect(obtain("old.test", &table, rules, at: second) == nil)
        #expect(obtain("new.test", &table, rules, at: second) == .tooManyNames)
    }

    @Test func theListHoldsBesidePermission() throws {
        var table = OnDemandTable<Int>()
        let url = try AskURL("http://127.0.0.1/", at: "")
        let rules = rules {
            $0.allowed = [".localhost", "exact.test"]
            $0.askURL = url
        }
        #expect(obtain("a.localhost", &table, rules, at: 0) == nil)
        #expect(obtain("exact.test", &table, rules, at: 0) == nil)
        for name in ["localhost", "xlocalhost", "a.exact.test", "a.test"] {
            #expect(obtain(name, &table, rules, at: 0) == .notAllowed, "\(name)")
        }
    }

    @Test func answersHoldBriefly() throws {
        var table = OnDemandTable<Int>()
        let url = try AskURL("http://127.0.0.1/", at: "")
        let rules = rules { $0.askURL = url }
        #expect(asks("a.test", &table, rules, at: 0))
        table.note(.denied, for: "a.test", rules, now: 0)
        #expect(obtain("a.test", &table, rules, at: second) == .denied)
        table.note(nil, for: "b.test", rules, now: 0)
        #expect(!asks("b.test", &table, rules, at: second))
        let later = Limits.onDemandAnswerLifetime
        #expect(asks("b.test", &table, rules, at: later))
        #expect(obtain("a.test", &table, rules, at: later) == nil)
        // Nobody could be asked: that is forgotten sooner.
        table.note(.unreachable, for: "c.test", rules, now: 0)
        #expect(obtain("c.test", &table, rules, at: 0) == .unreachable)
        #expect(obtain("c.test", &table, rules, at: Limits.onDemandFailureLifetime) == nil)
    }

    @Test func flightsAndWaitersAreBounded() {
        var table = OnDemandTable<Int>()
        let rules = rules { $0.rateCount = 10_000 }
        for index in 0..<Limits.onDemandFlightsMax {
            guard case .fetch = table.request("\(index).test", source, rules, 0, now: 0) else {
                Issue.record("refused too early")
                return
            }
        }
        guard case .refuse(.overloaded) = table.request("x.test", source, rules, 0, now: 0) else {
            Issue.record("no bound of flights")
            return
        }
        for _ in 1..<Limits.onDemandWaitersMax {
            _ = table.request("0.test", source, rules, 0, now: 0)
        }
        guard case .refuse(.overloaded) = table.request("0.test", source, rules, 0, now: 0) else {
            Issue.record("no bound of waiters")
            return
        }
    }
}

@Suite struct OnDemandSettingsTests {
    private func settings(_ json: JSONValue) throws -> OnDemandSettings {
        try OnDemandSettings(json, at: "on_demand")
    }

    @Test func readsCaddysShapesAndOurs() throws {
        let settings = try settings([
            "permission": ["module": "http", "endpoint": "http://127.0.0.1:9/check?x=1"],
            "allow": [".Localhost"], "names_max": 7,
            "rate": ["count": 3, "interval": "30s"],
        ])
        #expect(settings.askURL?.dial == "127.0.0.1:9")
        #expect(settings.askURL?.target(for: "a.test") == "/check?x=1&domain=a.test")
        #expect(settings.allowed == [".localhost"])
        #expect(settings.namesMax == 7)
        #expect(settings.rateCount == 3 && settings.rateInterval == 30 * second)
        let old = try self.settings(["ask": "https://[::1]"])
        #expect(old.askURL?.dial == "[::1]:443")
        #expect(old.askURL?.target(for: "::1") == "/?domain=%3A%3A1")
    }

    @Test(
        arguments: [
            ["ask": "ftp://a/"], ["ask": "http://"], ["ask": "http://:80/"],
            ["ask": "http://user@a/"], ["ask": "http://a/ b"], ["permission": ["module": "x"]],
            ["names_max": 0], ["rate": ["count": 1]], ["rate": ["count": 0, "interval": "1s"]],
            ["unknown": 1],
        ] as [JSONValue])
    func refusesWhatItCannotUse(_ json: JSONValue) {
        #expect(throws: ServerError.self) { try settings(json) }
    }
}

@Suite struct AutomationPlanTests {
    @Test func theFirstPolicyThatCoversANameCounts() throws {
        let plan = try AutomationPlan([
            "policies": [
                [
                    "subjects": ["a.test", "*.b.test"], "key_type": "rsa2048",
                    "issuers": [
                        [
                            "module": "internal", "ca": "shop", "lifetime": "1h",
                            "sign_with_root": true,
                        ]
                    ],
                ],
                ["on_demand": true],
            ]
        ])
        for name in ["a.test", "x.b.test"] {
            let issuer = plan.policy(for: name).issuer
            #expect(issuer.authority == "shop" && issuer.lifetimeSeconds == 3600)
            #expect(issuer.signsWithRoot && issuer.keyKind == .rsa2048)
        }
        for name in ["b.test", "x.y.b.test", "c.test"] {
            #expect(plan.policy(for: name).isOnDemand, "\(name)")
        }
        #expect(plan.usesOnDemand && plan.warnings.isEmpty)
    }

    @Test func otherIssuersAreAWarning() throws {
        let plan = try AutomationPlan(["policies": [["issuers": [["module": "acme"]]]]])
        #expect(plan.warnings.count == 1)
    }
}
