// The whole configuration: apps, logging, storage, admin.
import Base

struct TopLevel {
    let context: AdaptContext
    private var options: GlobalOptions { context.options }

    init(context: AdaptContext) { self.context = context }

    func json(_ servers: [Server], _ groups: [ServerGroup]) throws(ConfigError) -> JSONValue {
        var apps: JSONObject = [:]
        apps.set("http", try httpApp(servers))
        apps.set("tls", try TLSAppBuilder.build(groups, context: context))
        apps.set("pki", pkiApp())
        var root: JSONObject = [:]
        root.set("apps", apps)
        root["storage"] = options.storage
        root.set("admin", admin())
        root.set("logging", logging(groups))
        return .object(root)
    }

    // MARK: HTTP

    private func httpApp(_ servers: [Server]) throws(ConfigError) -> JSONObject {
        if servers.isEmpty { return [:] }
        var app: JSONObject = [:]
        app.set("http_port", options.httpPort ?? 0)
        app.set("https_port", options.httpsPort ?? 0)
        app.set("grace_period", options.gracePeriod ?? 0)
        app.set("shutdown_delay", options.shutdownDelay ?? 0)
        var metrics = options.metrics
        app.set("servers", try named(servers, &metrics))
        if let metrics { app["metrics"] = .object(metrics) }
        if !options.placeholders.isEmpty { app["placeholders"] = .array(options.placeholders) }
        return app
    }

    /// Servers with the options for their listeners, under the names that these give them.
    private func named(
        _ servers: [Server], _ metrics: inout JSONObject?
    ) throws(ConfigError) -> JSONObject {
        var names: Set<String> = []
        for entry in options.servers where !entry.name.isEmpty {
            guard names.insert(entry.name).inserted else {
                throw ConfigError(
                    "cannot use duplicate server name '\(entry.name)'", at: entry.location)
            }
        }
        var members: JSONObject = [:]
        for (index, server) in servers.enumerated() {
            var json = server.json
            let own = options.servers.first {
                $0.listener.isEmpty || server.listen.contains($0.listener)
            }
            json.merge(own?.members ?? [:]) { _, new in new }
            if let own, !own.logs.isEmpty {
                json.edit("logs") { $0.merge(own.logs) { _, new in new } }
            }
            if let perHost = own?.hasPerHostMetrics {
                let isSet = perHost || metrics?["per_host"] == true
                metrics = isSet ? ["per_host": true] : [:]
            }
            let name = own?.name ?? ""
            members[name.isEmpty ? "srv\(index)" : name] = .object(json)
        }
        return members
    }

    // MARK: Certificate authorities

    private func pkiApp() -> JSONObject {
        var authorities = options.authorities ?? [:]
        if options.skipsInstallTrust {
            if authorities.isEmpty, !options.autoHTTPS.contains("off") {
                authorities["local"] = [:]
            }
            for id in authorities.keys { authorities[id]?["install_trust"] = false }
        }
        var app: JSONObject = [:]
        app.set("certificate_authorities", authorities.mapValues { .object($0) })
        return app
    }

    // MARK: Admin

    private func admin() -> JSONObject {
        var admin = options.admin ?? [:]
        if options.persistConfigIsOff { admin["config"] = ["persist": false] }
        return admin
    }

    // MARK: Logging

    private func logging(_ groups: [ServerGroup]) -> JSONObject {
        var logs: [NamedLog] = options.logs
        if options.isDebug, !logs.contains(where: { $0.name == "default" }) {
            logs.append(NamedLog(name: "default", config: [:]))
        }
        var seen: Set<Int> = []
        for site in groups.flatMap(\.sites) where seen.insert(site.index).inserted {
            logs += site.pile.logs.filter { !$0.name.isEmpty }
        }
        var configs: [String: JSONObject] = [:]
        for log in logs {
            guard var config = log.config else { continue }
            if options.isDebug, config["level"] == nil { config["level"] = "DEBUG" }
            configs[log.name] = config
        }
        let included = configs.filter { $0.key != "default" }
            .flatMap { $0.value["include"]?.stringValues ?? [] }
        if !included.isEmpty {
            let known = configs["default"]?["exclude"]?.stringValues ?? []
            configs["default", default: [:]]["exclude"] = .strings(Set(known + included).sorted())
        }
        var members: JSONObject = [:]
        members.set("logs", configs.mapValues { .object($0) })
        return members
    }
}
