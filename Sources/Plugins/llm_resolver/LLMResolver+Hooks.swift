// What the handler does with an exchange: who asks, for what, and where that is now.
package import PluginSDK

extension LLMResolver {
    package func onRequest(
        _ request: inout Request, _ state: inout State
    ) throws(Status) -> Verdict {
        guard options.clients.contains(request.remoteIP) else {
            return try refuse(&request, 403, "client_denied", "this address may not ask here")
        }
        let mayBeReserved = request.path.hasPrefix("/_")
        if !mayBeReserved, !state.isSuspect, let route = knownRoute(request), !hasSwitches(request)
        {
            if route.isCurrent { return try pass(&request, &state, to: route) }
            state.isSuspect = true
        }
        guard let host = RequestHost(request.host) else {
            return try refuse(&request, 400, "invalid_host", "the host is missing or malformed")
        }
        return try choose(&request, &state, host, mayBeReserved)
    }

    /// The entry of the table of this worker. Alive until the hook returns.
    private func knownRoute(_ request: borrowing Request) -> RouteTable.Route? {
        guard let table = resolver?.tables.table(of: request.worker) else { return nil }
        let host = request.host
        return table._withUnsafeGuaranteedRef { $0.route(ofHost: host) }
    }

    /// Sets the variable, or attaches the call.
    private func pass(
        _ request: inout Request, _ state: inout State, to route: RouteTable.Route
    ) throws(Status) -> Verdict {
        let other = route.otherDial
        let dial = state.triesOther && !other.isEmpty ? other : route.dial
        return try pass(&request, to: Bytes(dial))
    }

    func pass(_ request: inout Request, to dial: Bytes) throws(Status) -> Verdict {
        guard let pool else {
            try request.set(upstream, to: dial)
            return .leave
        }
        let target = try request.pool(like: pool, dial: dial)
        var options: OutgoingOptions = [.forwarded, .via]
        if request.isFromTrustedPeer { options.insert(.trusted) }
        _ = try request.outgoing(options)
        return try request.attach(target)
    }

    // MARK: Everything but the known names

    private func choose(
        _ request: inout Request, _ state: inout State, _ host: borrowing RequestHost,
        _ mayBeReserved: Bool
    ) throws(Status) -> Verdict {
        let role = hosts.role(of: host)
        guard role != .foreign else {
            return try refuse(
                &request, 421, "misdirected", "this host is not served here")
        }
        if mayBeReserved {
            let path = request.path.text
            if role == .service, path.hasPrefix("/_proxy/") {
                return try passToService(&request, &state, host, path)
            }
            let isCall = role != .service || options.hasLegacyAPI
            if isCall, let call = APIPath(path) { return try begin(call, &request, &state) }
        }
        switch role {
        case .admin: return try begin(.dashboard, &request, &state)
        case .machine, .foreign:
            return try refuse(
                &request, 421, "misdirected",
                "no service has this host; names end in "
                    + self.options.suffixes.joined(separator: ", "))
        case .service:
            var question = Question(host: host.text)
            question.isSuspect = state.isSuspect
            return try ask(question, &request, &state)
        }
    }

    private func begin(
        _ call: APIPath, _ request: inout Request, _ state: inout State
    ) throws(Status) -> Verdict {
        guard let surface else { throw .internal }
        if call == .events, request.methodID == .get {
            return try stream(surface, &request, &state)
        }
        if let verdict = try surface.begin(call, &request) { return verdict }
        state.isCall = true
        return .collect
    }

    package func onRequestBody(
        _ request: inout Request, _ state: inout State, _ chunk: borrowing BodyChunk
    ) throws(Status) -> Verdict {
        guard state.isCall, let surface, let call = APIPath(request.path.text) else {
            return .leave
        }
        state.isCall = false
        return try surface.answer(call, Array(chunk.bytes.buffer), &request)
    }

    // MARK: Questions

    /// Asks for a name that the table does not have, and goes on when there is an outcome.
    private func ask(
        _ question: Question, _ request: inout Request, _ state: inout State
    ) throws(Status) -> Verdict {
        guard let resolver else { throw .internal }
        if resolver.core.store[question.key] == nil, Self.isDecoration(request.path) {
            // Browsers ask for these on their own: no reason to look for a service.
            return try Reply(status: 404).give(to: &request, names)
        }
        var question = question
        try applySwitches(&question, &request)
        let ticket = try request.wait(deadlineNanoseconds: options.timeoutNanoseconds)
        let asked = question
        resolver.resolve(asked) { outcome in
            try? ticket.resume { (request) throws(Status) in
                try give(outcome, asked, &request)
            }
        }
        return .wait
    }

    private static func isDecoration(_ path: RawSpan) -> Bool {
        path == ("/favicon.ico" as Bytes) || path == ("/robots.txt" as Bytes)
    }

    private func give(
        _ outcome: Resolution, _ question: Question, _ request: inout Request
    ) throws(Status) -> Verdict {
        if case .found(let entry) = outcome {
            let dial = try entry.dial.withBytes { (dial) throws(Status) in
                try request.copy(dial.span)
            }
            return try pass(&request, to: dial)
        }
        return try Absence(outcome, question, pages, names).reply(request)
            .give(to: &request, names)
    }

    /// `/_proxy/{service}/{path}`: a service that belongs to the host, for its programs.
    private func passToService(
        _ request: inout Request, _ state: inout State, _ host: borrowing RequestHost,
        _ path: String
    ) throws(Status) -> Verdict {
        let rest = path.utf8.dropFirst("/_proxy/".utf8.count)
        let encoded = rest.prefix { $0 != UInt8(ascii: "/") }
        let service = PercentCoding.decoded(encoded).lowercased()
        guard MappingKey.isService(service.utf8) else {
            return try Reply.text(400, "Invalid proxy path").give(to: &request, names)
        }
        let inner = rest.dropFirst(encoded.count)
        // Encoded signs stay encoded: the path is cut, not decoded.
        let query = request.query.text
        let uri = (inner.isEmpty ? "/" : String(inner) ?? "/") + (query.isEmpty ? "" : "?\(query)")
        let prefix = "/_proxy/" + (String(encoded) ?? service)
        try uri.withBytes { (uri) throws(Status) in try request.setURI(uri) }
        try prefix.withBytes { (prefix) throws(Status) in
            try request.fields.set(names.forwardedPrefix, prefix)
        }
        var question = Question(host: host.text, service: service)
        question.isSuspect = state.isSuspect
        if !state.isSuspect, let dial = try knownDial(question.key, &request) {
            return try pass(&request, to: dial)
        }
        return try ask(question, &request, &state)
    }

    private func knownDial(_ key: String, _ request: inout Request) throws(Status) -> Bytes? {
        guard let table = resolver?.tables.table(of: request.worker) else { return nil }
        return try key.withBytes { (key) throws(Status) in
            let route = table._withUnsafeGuaranteedRef { $0.route(of: key.buffer) }
            guard let route, route.isCurrent else { return nil }
            return try request.copy(Bytes(route.dial).span)
        }
    }

    private func refuse(
        _ request: inout Request, _ status: UInt16, _ code: String, _ message: String
    ) throws(Status) -> Verdict {
        try Reply.error(status, code, message).give(to: &request, names)
    }

    // MARK: Switches

    /// Whether the request carries words for this handler, which takes the slower way.
    private func hasSwitches(_ request: borrowing Request) -> Bool {
        request.fields.contains(names.resolve)
            || options.hasLegacyQuery && !request.query.isEmpty
                && Self.hasLegacySwitch(request.query)
    }

    private static func hasLegacySwitch(_ query: RawSpan) -> Bool {
        let query = query.text
        return QueryText.value("force", in: query) != nil
            || QueryText.value("prompt", in: query) != nil
    }

    /// Reads and removes them, so that the application never sees them.
    private func applySwitches(
        _ question: inout Question, _ request: inout Request
    ) throws(Status) {
        if asksForNewAnswer(request) { question.isForced = true }
        request.fields.remove(names.resolve)
        guard options.hasLegacyQuery else { return }
        let query = request.query.text
        guard !query.isEmpty, Self.hasLegacySwitch(request.query) else { return }
        if QueryText.value("force", in: query) != nil { question.isForced = true }
        let left = QueryText.removing(["force", "prompt"], from: query)
        let uri = request.path.text + (left.isEmpty ? "" : "?\(left)")
        try uri.withBytes { (uri) throws(Status) in try request.setURI(uri) }
    }

    /// A web page cannot ask for it, and neither can another machine.
    private func asksForNewAnswer(_ request: borrowing Request) -> Bool {
        guard let value = request.fields[names.resolve] else { return false }
        return value == ("force" as Bytes) && access.isDirectNeighbour(request)
            && access.isSameOrigin(request)
    }

    // MARK: Events

    private func stream(
        _ surface: AdminSurface, _ request: inout Request, _ state: inout State
    ) throws(Status) -> Verdict {
        if !options.hasLegacyAPI, let refusal = access.refusal(of: request) {
            return try refusal.give(to: &request, names)
        }
        let stream = EventStream(request.reference, surface.resolver.core, request.worker)
        guard stream.open(scope) else {
            return try Reply.error(503, "busy", "too many streams are open")
                .adding(.retryAfter, "5").give(to: &request, names)
        }
        state.stream = Unmanaged.passRetained(stream)
        var response = try request.response(status: 200)
        try response.fields.set(.contentType, "text/event-stream")
        try response.fields.set(.cacheControl, "no-store")
        try response.fields.set(names.contentTypeOptions, "nosniff")
        let verdict = try request.start()
        stream.greet()
        return verdict
    }

    package func onWritable(_ request: inout Request, _ state: inout State) {
        state.stream?.takeUnretainedValue().resume()
    }

    package func onDrain(_ request: inout Request, _ state: inout State) {
        state.stream?.takeUnretainedValue().end()
    }

    package func onComplete(
        _ request: inout Request, _ state: inout State, _ summary: borrowing Summary
    ) {
        state.stream?.takeUnretainedValue().close()
        state.stream?.release()
        state.stream = nil
    }

    // MARK: A service that does not answer

    /// With `proxy on` the call is ours.
    package func onUpstreamFailure(
        _ request: inout Request, _ state: inout State, _ failure: borrowing UpstreamFailure
    ) throws(Status) -> Verdict {
        failure.phase == .connect ? tryAgain(request, &state) : .next
    }

    /// A proxy behind this handler could not connect.
    package func onError(
        _ request: inout Request, _ state: inout State, _ failure: borrowing RequestFailure
    ) throws(Status) -> Verdict {
        failure.phase == .connect ? tryAgain(request, &state) : .next
    }

    /// First the other address of the service, then another look at what listens; once each.
    private func tryAgain(_ request: borrowing Request, _ state: inout State) -> Verdict {
        guard request.isReplayable else { return .next }
        if !state.triesOther, !state.isSuspect, hasOtherAddress(request) {
            state.triesOther = true
            return .reroute
        }
        guard !state.isSuspect else { return .next }
        state.isSuspect = true
        return .reroute
    }

    private func hasOtherAddress(_ request: borrowing Request) -> Bool {
        guard let route = knownRoute(request) else { return false }
        return !route.otherDial.isEmpty
    }
}
