// What the handler does with an exchange: choose, send, look at the answer, try again.
import PluginSDK

extension ReverseProxy {
    func onRequest(_ request: inout Request, _ state: inout State) throws(Status) -> Verdict {
        // Started over after an error: everything is to be tried again.
        state = State()
        state.start = request.startNanoseconds
        return try sendToAny(&request, &state)
    }

    func onUpstreamHead(
        _ request: inout Request, _ state: inout State, _ response: inout Response
    ) throws(Status) -> Verdict {
        guard looksAtResponses else { return .next }
        countAgainstUpstream(response, state)
        if let responseHandlers,
            let verdict = try responseHandlers.handle(&response, &request)
        {
            return verdict
        }
        if let responseFields {
            try captured?.set(from: response, in: &request)
            try responseFields.apply(to: &response.fields, in: request.exchange)
        }
        return .next
    }

    func onUpstreamFailure(
        _ request: inout Request, _ state: inout State, _ failure: borrowing UpstreamFailure
    ) throws(Status) -> Verdict {
        if failure.status != .cancelled { table.recordFailure(of: Int(state.upstream)) }
        guard failure.phase != .body else { return .next }
        if mayTryAgain(request, state, failure) {
            return try tryAgain(&request, &state, failure)
        }
        return answer(failure, &request)
    }

    // MARK: Sending

    /// Sends the request to an upstream that the policy chooses, or says that there is none.
    private func sendToAny(
        _ request: inout Request, _ state: inout State
    ) throws(Status) -> Verdict {
        if let index = select(for: request, state) {
            return try send(&request, &state, to: index)
        }
        let mayWait =
            retryRules.waitsForUpstreams
            && retryRules.allowAnother(after: state.retries, since: state.start)
        guard mayWait else {
            return request.fail(status: 503, "no upstream is available", code: .upstream)
        }
        state.retries += 1
        return try pause(&request, &state)
    }

    /// nil when no upstream is available. Upstreams that were tried come last, and not at all
    /// unless retries are configured.
    private func select(for request: borrowing Request, _ state: State) -> Int? {
        if table.upstreams.count == 1, state.retries == 0 {
            return table.isUnconditional || table.isAvailable(0) ? 0 : nil
        }
        guard let worker = workers?[request.worker] else { return nil }
        let fresh = policy.select(
            table, excluding: state.tried, for: request, &worker.pointee)
        guard fresh == nil, retryRules.isConfigured else { return fresh }
        return policy.select(table, excluding: 0, for: request, &worker.pointee)
    }

    private func send(
        _ request: inout Request, _ state: inout State, to index: Int
    ) throws(Status) -> Verdict {
        state.upstream = UInt32(index)
        if index < 64 { state.tried |= 1 << UInt64(index) }
        if looksAtResponses { state.attemptStart = Clock.monotonic }
        let upstream = table.upstreams[index]
        var pool = upstream.pool
        if let address = upstream.address {
            guard let found = try self.pool(behind: address, like: pool, &request) else {
                return emptyAddress(index, &request)
            }
            pool = found
        } else if setsUpstreamPlaceholders {
            try table.names[index].withBytes { (name) throws(Status) in
                try setPlaceholders(for: name, in: &request)
            }
        }
        try setFields(of: &request)
        return try attach(&request, to: pool)
    }

    private func setFields(of request: inout Request) throws(Status) {
        var options: OutgoingOptions = [.forwarded, .via]
        if request.isFromTrustedPeer || trustedProxies?.contains(request.remoteIP) == true {
            options.insert(.trusted)
        }
        let exchange = request.exchange
        var fields = try request.outgoing(options)
        try requestFields?.apply(to: &fields, in: exchange)
    }

    private func attach(_ request: inout Request, to pool: Pool) throws(Status) -> Verdict {
        var options: AttachOptions = transport.isTLS ? .hostOfUpstream : []
        guard let rewrite else { return try request.attach(pool, options) }
        let method = try rewrite.method(for: request)
        // A body belongs to the method that it came with.
        if method == "GET" || method == "HEAD" { options.insert(.noBody) }
        return try request.attach(
            pool, options, method: method, uri: try rewrite.uri(for: request))
    }

    // MARK: Upstreams that are known with the request

    /// The pool for the address that a template gives; nil when it gives none.
    private func pool(
        behind template: Template, like pool: Pool, _ request: inout Request
    ) throws(Status) -> Pool? {
        let text = try request.evaluate(template)
        guard !text.isEmpty, text.buffer.first != UInt8(ascii: ":") else { return nil }
        let dial = text.namesPort ? text : try withDefaultPort(text, request)
        if setsUpstreamPlaceholders { try setPlaceholders(for: dial, in: &request) }
        return try request.pool(like: pool, dial: dial)
    }

    private func withDefaultPort(
        _ host: Bytes, _ request: borrowing Request
    ) throws(Status) -> Bytes {
        try request.exchange.join(host.span, transport.isTLS ? ":443" : ":80", Bytes("").span)
    }

    private func emptyAddress(_ index: Int, _ request: inout Request) -> Verdict {
        scope.log(
            .error, "the upstream's placeholders give no address",
            .text("upstream", table.names[index]), .int("request", request.id))
        return request.fail(status: 502, "the upstream has no address", code: .upstream)
    }

    /// `{http.reverse_proxy.upstream.…}` for changes of fields.
    private func setPlaceholders(for dial: Bytes, in request: inout Request) throws(Status) {
        let host = dial.hostCount
        try request.setPlaceholder("http.reverse_proxy.upstream.address", to: dial)
        try request.setPlaceholder("http.reverse_proxy.upstream.hostport", to: dial)
        try request.setPlaceholder(
            "http.reverse_proxy.upstream.host", to: Bytes(start: dial.start, count: host))
        let port = min(dial.count, host + 1)
        try request.setPlaceholder(
            "http.reverse_proxy.upstream.port",
            to: Bytes(start: dial.start.map { $0 + port }, count: dial.count - port))
    }

    // MARK: Failures

    private func countAgainstUpstream(_ response: borrowing Response, _ state: State) {
        guard let passive = table.passive, passive.looksAtResponses else { return }
        let latency = Clock.monotonic &- state.attemptStart
        if passive.isFailure(status: response.status, afterNanoseconds: latency) {
            table.recordFailure(of: Int(state.upstream))
        }
    }

    private func mayTryAgain(
        _ request: borrowing Request, _ state: State, _ failure: borrowing UpstreamFailure
    ) -> Bool {
        guard failure.status != .cancelled, request.isReplayable,
            retryRules.allowAnother(after: state.retries, since: state.start)
        else { return false }
        // What an upstream may have begun to work on is repeated only when that does no harm.
        return failure.isRetryable || retryRules.isConfigured && request.methodID == .get
    }

    private func tryAgain(
        _ request: inout Request, _ state: inout State, _ failure: borrowing UpstreamFailure
    ) throws(Status) -> Verdict {
        state.retries += 1
        if retryRules.isConfigured, retryRules.intervalNanoseconds > 0 {
            return try pause(&request, &state)
        }
        guard let index = select(for: request, state) else { return answer(failure, &request) }
        return try send(&request, &state, to: index)
    }

    /// Goes on after the interval between attempts, if the exchange is still there.
    private func pause(_ request: inout Request, _ state: inout State) throws(Status) -> Verdict {
        let interval = retryRules.intervalNanoseconds
        let ticket = try request.wait(deadlineNanoseconds: 2 * interval + 1_000_000_000)
        // The state lives as long as the exchange, which a ticket checks before it resumes.
        nonisolated(unsafe) let state = withUnsafeMutablePointer(to: &state) { $0 }
        try RetryTimer.start(scope: scope, afterNanoseconds: interval) {
            try? ticket.resume { (request) throws(Status) in
                try sendToAny(&request, &state.pointee)
            }
        }
        return .wait
    }

    /// 504 for an upstream that was reached and then kept silent, else 502.
    private func answer(
        _ failure: borrowing UpstreamFailure, _ request: inout Request
    ) -> Verdict {
        let wasReached = failure.phase == .head || failure.phase == .send
        let isTimeout = failure.status == .timeout && wasReached
        return request.fail(
            status: isTimeout ? 504 : 502, failure.message, code: failure.status)
    }
}

extension Bytes {
    /// Bytes of the host of host:port, brackets included.
    fileprivate var hostCount: Int {
        guard let colon = buffer.lastIndex(of: UInt8(ascii: ":")) else { return count }
        let isInBrackets = buffer[colon...].contains(UInt8(ascii: "]"))
        return isInBrackets ? count : colon
    }

    fileprivate var namesPort: Bool { hostCount < count || span.hasPrefix("unix/") }
}
