// What the dashboard and the API show of a resolver, as JSON.
import PluginSDK

struct StateReport {
    let resolver: Resolver

    /// All of it, for the dashboard.
    var json: JSONValue {
        let snapshot = resolver.source.snapshot
        let options = resolver.options
        return [
            "version": .int(Int64(truncatingIfNeeded: snapshot.generation)),
            "mappings": mappings,
            "routes": routes(snapshot),
            "candidates": candidates(snapshot),
            "engines": engines(snapshot),
            "decisions": decisions,
            "logs": logs,
            "model": .string(options.model),
            "model_state": .string(modelState),
            "cache_file": .string(options.cacheFile),
            "hosts": JSONValue(options.suffixes),
        ]
    }

    /// By key, each as in the cache file.
    var mappings: JSONValue { .object(resolver.core.store.mappings.mapValues(\.json)) }

    var modelState: String {
        let options = resolver.options
        if !options.steps.contains(.model) { return "off: not in order" }
        return options.isModelConfigured ? "on" : "off: not configured"
    }

    private func routes(_ snapshot: DiscoverySnapshot) -> JSONValue {
        let now = Int64(Clock.wall / 1_000_000_000)
        let sorted = resolver.core.store.mappings.sorted { $0.key < $1.key }
        return .array(
            sorted.map { key, mapping in
                let service = resolver.service(key, mapping, snapshot)
                let address = service?.dialAddresses.first?.text
                let isExpired = resolver.isExpired(mapping, at: now)
                return [
                    "key": .string(key), "type": .string(mapping.kind.rawValue),
                    "target": .string(mapping.target), "port": .int(Int64(mapping.port)),
                    "workdir": .string(mapping.identity?.workingDirectory ?? ""),
                    "created": .int(mapping.createdAt), "reason": .string(mapping.reason),
                    "by": .string(mapping.decidedBy), "pinned": .bool(mapping.isPinned),
                    "candidate": service.map { .string($0.candidate.id) } ?? .null,
                    "address": address.map { .string($0) } ?? .null,
                    "state": isExpired ? "expired" : address == nil ? "waiting" : "up",
                ]
            })
    }

    func candidates(_ snapshot: DiscoverySnapshot) -> JSONValue {
        .array(
            snapshot.services.map { service in
                var members = service.candidate.json.object ?? [:]
                members["refused"] =
                    resolver.policy.refusal(of: service).map { .string($0) } ?? .null
                members["addresses"] = JSONValue(service.dialAddresses.map(\.text))
                members["marks"] = JSONValue(service.marks.names)
                return .object(members)
            })
    }

    /// Container engines that were looked for.
    func engines(_ snapshot: DiscoverySnapshot) -> JSONValue {
        .array(
            snapshot.engines.map { engine in
                [
                    "address": .string(engine.address), "connected": .bool(engine.isConnected),
                    "problem": .string(engine.problem),
                    "containers": .int(Int64(engine.containerCount)),
                ]
            })
    }

    var decisions: JSONValue {
        .array(
            resolver.core.journal.decisions.reversed().map { record in
                [
                    "time": .int(record.time), "key": .string(record.key),
                    "by": .string(record.by), "reason": .string(record.reason),
                    "choice": record.choice.map { .string($0) } ?? .null,
                    "ms": .int(Int64(record.milliseconds)),
                ]
            })
    }

    var logs: JSONValue {
        .array(
            resolver.core.journal.logs.reversed().map { record in
                [
                    "time": .int(record.time), "level": .string("\(record.level)"),
                    "message": .string(record.message),
                    "fields": .object(
                        Dictionary(
                            record.fields.map { ($0.name, JSONValue.string($0.value)) },
                            uniquingKeysWith: { _, last in last })),
                ]
            })
    }
}
