// The API and the dashboard, for those who may use them.
import PluginSDK

struct AdminSurface: Sendable {
    let resolver: Resolver
    let names: FieldNames
    let hosts: HostRules
    let access: AccessRules
    let pages: Pages
    /// Of this machine's names only; "on" opens the API to everybody, as its predecessor did.
    let isOpen: Bool

    /// Whether a body has to be read first.
    func wantsBody(_ path: APIPath, _ method: MethodID) -> Bool {
        guard path.methods.contains(method) else { return false }
        return method == .put || method == .post
    }

    /// The answer before any body is read: refusals, and what needs no body. nil: give me the body.
    func begin(
        _ path: APIPath, _ request: inout Request
    ) throws(Status) -> Verdict? {
        if path == .tlsCheck { return try tlsCheck(&request) }
        if !isOpen, let refusal = access.refusal(of: request, isPage: path.isPage) {
            return try refusal.give(to: &request, names)
        }
        let method = request.methodID
        if method == .options {
            return try Reply(status: 204).adding(names.allow, path.allow).give(to: &request, names)
        }
        guard path.methods.contains(method) else {
            return try Reply.text(405, "Method not allowed").adding(names.allow, path.allow)
                .give(to: &request, names)
        }
        return wantsBody(path, method) ? nil : try answer(path, [], &request)
    }

    /// - Parameter body: Empty for methods without one.
    func answer(
        _ path: APIPath, _ body: [UInt8], _ request: inout Request
    ) throws(Status) -> Verdict {
        switch path {
        case .resolve: return try resolve(body, &request)
        case .refresh(let key): return try refresh(key, &request)
        case .model: return try preview(body).give(to: &request, names)
        case .dashboard: return try dashboard(request).give(to: &request, names)
        case .mapping(let key) where request.methodID == .put:
            return try keep(key, "a mapping was edited", put(key, body), &request)
        case .mapping(let key) where request.methodID == .delete:
            let deletion = Edit.change(nil, .text(200, "Deleted"))
            return try keep(key, "a mapping was deleted", deletion, &request)
        case .pin(let key):
            let isPinned = request.methodID == .put
            let what = isPinned ? "a mapping was pinned" : "a mapping was released"
            return try keep(key, what, pin(key, isPinned: isPinned), &request)
        case .mappings, .mapping, .candidates, .decisions, .state, .asset, .unknown, .tlsCheck,
            .events:
            return try reply(path).give(to: &request, names)
        }
    }

    private func reply(_ path: APIPath) -> Reply {
        let report = StateReport(resolver: resolver)
        switch path {
        case .mappings: return .json(200, report.mappings)
        case .mapping(let key):
            guard let mapping = resolver.core.store[key] else { return .text(404, "Not found") }
            return .json(200, mapping.json)
        case .candidates: return .json(200, report.candidates(resolver.source.snapshot))
        case .decisions: return .json(200, report.decisions)
        case .state: return .json(200, report.json)
        case .asset(let name): return pages.asset(name) ?? .text(404, "Not found")
        case .pin, .resolve, .refresh, .model, .dashboard, .unknown, .tlsCheck, .events:
            return .error(404, "not_found", "there is no such endpoint")
        }
    }

    // MARK: Mappings

    private enum Edit {
        /// The mapping as it shall be, nil for none, and what is answered when it is kept.
        case change(Mapping?, Reply)
        case refused(Reply)
    }

    private func put(_ key: String, _ body: [UInt8]) -> Edit {
        do throws(EditError) {
            var edit = try MappingEdit(body)
            let offered = resolver.policy.offered(resolver.source.snapshot).map(\.candidate)
            let mapping = try edit.mapping(
                key: key, rules: hosts, policy: resolver.policy, offered: offered,
                now: Int64(Clock.wall / 1_000_000_000))
            return .change(mapping, .text(200, "Updated"))
        } catch {
            return .refused(error.reply)
        }
    }

    private func pin(_ key: String, isPinned: Bool) -> Edit {
        guard var mapping = resolver.core.store[key] else {
            return .refused(.text(404, "Not found"))
        }
        mapping.isPinned = isPinned
        return .change(mapping, .json(200, mapping.json))
    }

    /// Answers when the change is in the file.
    private func keep(
        _ key: String, _ what: String, _ edit: Edit, _ request: inout Request
    ) throws(Status) -> Verdict {
        guard case .change(let mapping, let reply) = edit else {
            guard case .refused(let reply) = edit else { throw .internal }
            return try reply.give(to: &request, names)
        }
        let isOther = mapping?.identity != resolver.core.store[key]?.identity || mapping == nil
        resolver.core.store.set(key, to: mapping)
        if isOther { resolver.core.see(key, nil) }
        resolver.core.forgetRefusal(of: key)
        resolver.log(.info, what, [("name", key)])
        resolver.core.changed()
        let ticket = try request.wait()
        try resolver.save { [names] isSaved in
            let reply = isSaved ? reply : Reply.text(500, "Failed to save")
            try? ticket.resume { (request) throws(Status) in try reply.give(to: &request, names) }
        }
        return .wait
    }

    // MARK: Certificates

    /// Whether a certificate for a name may be had: asked by `on_demand_tls`. Changes nothing, so
    /// everybody on this machine may ask.
    private func tlsCheck(_ request: inout Request) throws(Status) -> Verdict {
        guard request.methodID == .get || request.methodID == .head else {
            return try Reply.text(405, "Method not allowed")
                .adding(names.allow, APIPath.tlsCheck.allow).give(to: &request, names)
        }
        let domain = QueryText.value("domain", in: request.query.text) ?? request.host.text
        let isAllowed = domain.withBytes { bytes in
            guard let host = RequestHost(bytes.span) else { return false }
            let role = hosts.role(of: host)
            return role == .service || role == .admin
        }
        let reply: Reply = isAllowed ? .text(200, "OK") : .text(403, "Not allowed")
        return try reply.give(to: &request, names)
    }

    // MARK: Dashboard

    func dashboard(_ request: borrowing Request) -> Reply {
        if request.fields[.accept]?.contains("text/html") == true { return pages.dashboard }
        var state = StateReport(resolver: resolver).json.object ?? [:]
        state["mappings"] = StateReport(resolver: resolver).mappings
        return .json(200, .object(state)).adding(.vary, "Accept")
    }
}

extension APIPath {
    /// Shows nothing of what it knows to a site that links to it, and changes nothing.
    fileprivate var isPage: Bool {
        switch self {
        case .dashboard: true
        case .tlsCheck, .mappings, .mapping, .pin, .refresh, .resolve, .model, .candidates,
            .decisions,
            .state, .events, .asset, .unknown:
            false
        }
    }
}
