// The handler "health": liveness, readiness and the state of every upstream as JSON.
import PluginSDK

struct HealthPage: RequestHook {
    static let id = "http.handlers.health"
    static let directives = [Directive.health]

    private enum Page {
        case all
        case live
        case ready
    }

    private let path: [UInt8]
    private let allow: FieldID

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let path = try configuration.string("path") ?? "/health"
        guard path.hasPrefix("/"), !path.hasSuffix("/") else {
            throw PluginError("path is \"\(path)\", expected one such as /health")
        }
        self.path = Array(path.utf8)
        allow = try scope.fieldID("Allow")
    }

    func onRequest(_ request: inout Request, _ state: inout NoState) throws(Status) -> Verdict {
        guard let page = page(of: request.path) else { return .leave }
        guard request.methodID == .get || request.methodID == .head else {
            var response = try request.response(status: 405)
            try response.fields.set(allow, "GET, HEAD")
            return try request.respond()
        }
        let reports = page == .live ? [] : ProbeRegistry.reports
        let (isWell, body) = Self.answer(page, reports)
        var response = try request.response(status: isWell ? 200 : 503)
        try response.fields.set(.contentType, "application/json")
        try response.fields.set(.cacheControl, "no-store")
        return try body.withBytes { (body) throws(Status) in try request.respond(body) }
    }

    /// nil when the path is none of this handler's.
    private func page(of requested: RawSpan) -> Page? {
        requested.withUnsafeBytes { requested in
            guard requested.starts(with: path) else { return nil }
            let rest = Bytes(UnsafeRawBufferPointer(rebasing: requested[path.count...]))
            if rest.isEmpty { return .all }
            if rest == "/live" { return .live }
            return rest == "/ready" ? .ready : nil
        }
    }

    private static func answer(
        _ page: Page, _ reports: [Probe.Report]
    ) -> (isWell: Bool, body: String) {
        switch page {
        case .live: return (true, text(["status": "ok"]))
        case .ready:
            let isReady = isEveryGroupServed(reports)
            return (isReady, text(["status": isReady ? "ok" : "unhealthy"]))
        case .all:
            let isWell = isEveryGroupServed(reports)
            let upstreams = JSONValue.array(reports.map(\.json))
            return (isWell, text(["status": isWell ? "ok" : "unhealthy", "upstreams": upstreams]))
        }
    }

    /// Whether every proxy that has probed upstreams has a healthy one among them.
    static func isEveryGroupServed(_ reports: [Probe.Report]) -> Bool {
        var served: [UInt: Bool] = [:]
        for report in reports {
            for group in report.groups {
                served[group] = served[group] == true || report.isHealthy
            }
        }
        return served.values.allSatisfy { $0 }
    }

    private static func text(_ members: [String: JSONValue]) -> String {
        JSONValue.object(members).serialized + "\n"
    }
}

extension Probe.Report {
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [
            "address": .string(upstream), "healthy": .bool(isHealthy),
            "active_requests": .int(Int64(activeRequests)),
        ]
        if lastCheck > 0 { members["last_check"] = .string(UTCTime.text(nanoseconds: lastCheck)) }
        if !lastError.isEmpty { members["last_error"] = .string(lastError) }
        return .object(members)
    }
}
