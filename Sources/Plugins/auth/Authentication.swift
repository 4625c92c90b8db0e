// Lets requests pass whose Basic credentials belong to an account (RFC 7617).
import PluginSDK

struct Authentication: RequestHook, ResponseHook, CompletionHook {
    struct State: BitwiseCopyable {
        var isDenied: Bool
        /// While and after a password was checked; released on completion.
        var outcome: Unmanaged<CheckOutcome>?
    }

    static let id = "http.handlers.authentication"
    static let directives = [
        Directive.basicAuth(named: "basic_auth"), .basicAuth(named: "basicauth"), .forwardAuth,
    ]

    private let accounts: Accounts
    private let challenge: ConstantText
    private let remembers: Bool
    private let scope: Scope
    /// One per worker; each is used by its worker only.
    private var checks: [PasswordChecks] = []

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let basic = try configuration.object("providers") { (providers) throws(PluginError) in
            try providers.object("http_basic") { (basic) throws(PluginError) in
                try BasicProvider(configuration: &basic, scope: scope)
            }
        }
        guard let basic, let basic else {
            throw PluginError(
                "authentication has no provider", hint: "http_basic is the one that is known")
        }
        accounts = basic.accounts
        challenge = ConstantText("Basic realm=" + basic.realm.quotedForField)
        remembers = basic.remembers
        self.scope = scope
    }

    mutating func provision(scope: Scope) throws(PluginError) {
        do throws(Status) {
            let salt = ConstantText(try Crypto.random(32))
            for _ in 0..<max(1, Worker.count) {
                checks.append(
                    PasswordChecks(scope: scope, salt: salt, remembers: remembers))
            }
        } catch {
            throw PluginError("no random numbers can be had")
        }
    }

    func onRequest(_ request: inout Request, _ state: inout State) throws(Status) -> Verdict {
        guard let credentials = try credentials(of: request) else {
            state.isDenied = true
            return Self.deny(&request)
        }
        let account = try accounts.index(ofUser: credentials.user)
        let checks = checks[min(Int(request.worker.index), checks.count - 1)]
        let check = try checks.check(
            credentials.password, against: accounts.hash(ofAccount: account), for: request)
        if let account, checks.hasPassed(check) { return try accept(account, &request) }

        do throws(Status) {
            try checks.start(check, credentials.password)
        } catch {
            return request.fail(
                status: 503, "too many passwords are waiting to be checked", code: error)
        }
        let ticket = try request.wait(deadlineNanoseconds: Limits.passwordCheckNanoseconds)
        let outcome = CheckOutcome()
        state.outcome?.release()
        state.outcome = .passRetained(outcome)
        checks.wait(for: check) { hasPassed in
            outcome.isDenied = !hasPassed || account == nil
            // A request that is gone by now needs no answer.
            try? ticket.resume { (request) throws(Status) in
                guard hasPassed, let account else { return Self.deny(&request) }
                return try accept(account, &request)
            }
        }
        return .wait
    }

    /// The answer comes from the error routes; what the client is asked for goes with any of them.
    func onResponse(
        _ request: inout Request, _ state: inout State, _ response: inout Response
    ) throws(Status) -> Verdict {
        let isDenied = state.isDenied || state.outcome?.takeUnretainedValue().isDenied == true
        if isDenied, !response.fields.contains(.wwwAuthenticate) {
            try response.fields.set(.wwwAuthenticate, challenge.bytes)
        }
        return .leave
    }

    func onComplete(
        _ request: inout Request, _ state: inout State, _ summary: borrowing Summary
    ) {
        state.outcome?.release()
        state.outcome = nil
    }

    /// nil unless there is exactly one Authorization field and it is well-formed.
    private func credentials(of request: borrowing Request) throws(Status) -> BasicCredentials? {
        guard let index = request.fields.index(of: .authorization, from: 0),
            request.fields.index(of: .authorization, from: index + 1) == nil
        else { return nil }
        return try BasicCredentials.read(request.fields.value(at: index), for: request)
    }

    private func accept(_ account: Int, _ request: inout Request) throws(Status) -> Verdict {
        try request.setPlaceholder("http.auth.user.id", to: accounts.name(ofAccount: account))
        return .next
    }

    private static func deny(_ request: inout Request) -> Verdict {
        request.fail(status: 401, "not authenticated")
    }
}

/// What a password check came to, for the hooks after it. Used on one worker only.
final class CheckOutcome: @unchecked Sendable {
    var isDenied = false
}

/// What the configuration says of http_basic.
private struct BasicProvider {
    let accounts: Accounts
    let realm: String
    /// Whether verified passwords are remembered.
    let remembers: Bool

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        try Self.readHash(&configuration)
        remembers =
            try configuration.object("hash_cache") { (_) throws(PluginError) in true } ?? false
        realm = try configuration.string("realm") ?? "restricted"
        guard realm.isFieldValue else { throw PluginError("realm has control characters") }
        accounts = Accounts(
            try configuration.objects("accounts") { (account) throws(PluginError) in
                try Accounts.Account(configuration: &account, scope: scope)
            })
        try accounts.validate()
    }

    private static func readHash(_ configuration: inout Configuration) throws(PluginError) {
        try configuration.object("hash") { (hash) throws(PluginError) in
            _ = try hash.int("cost")
            let algorithm = try hash.string("algorithm") ?? "bcrypt"
            guard algorithm != "argon2id" else {
                throw PluginError(
                    "hash algorithm argon2id is not supported yet", hint: "use bcrypt")
            }
            guard algorithm == "bcrypt" else {
                throw PluginError("unknown hash algorithm \"\(algorithm)\", expected bcrypt")
            }
        }
    }
}
