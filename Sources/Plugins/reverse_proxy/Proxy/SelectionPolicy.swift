// The member "selection_policy": which of the available upstreams gets a request.
import PluginSDK

/// A way to choose, without a lock: random numbers belong to the worker, turns are an atomic count.
indirect enum SelectionPolicy: Sendable {
    case random
    case first
    case roundRobin
    case leastConnections
    /// The least loaded of so many that are drawn at random.
    case randomChoose(Int)
    /// Turns in proportion to the weights.
    case weighted([UInt64], total: UInt64)
    /// The same upstream for the same key as long as it is available.
    case hash(RequestKey, fallback: SelectionPolicy)

    init(configuration: inout Configuration, scope: Scope) throws(PluginError) {
        let name = try configuration.string("policy") ?? "random"
        switch name {
        case "random": self = .random
        case "first": self = .first
        case "round_robin": self = .roundRobin
        case "least_conn": self = .leastConnections
        case "random_choose":
            let count = try configuration.int("choose") ?? 2
            guard (2...64).contains(count) else {
                throw PluginError("random_choose has \(count) choices, expected 2 to 64")
            }
            self = .randomChoose(Int(count))
        case "weighted_round_robin": self = try Self.weighted(&configuration)
        case "ip_hash": self = .hash(.remoteIP, fallback: .random)
        case "client_ip_hash": self = .hash(.clientIP, fallback: .random)
        case "uri_hash": self = .hash(.uri, fallback: .random)
        case "header":
            let field = try scope.fieldID(try configuration.string("field") ?? "")
            self = .hash(.field(field), fallback: try Self.fallback(&configuration, scope))
        case "query":
            let key = Array((try configuration.string("key") ?? "").utf8)
            self = .hash(.query(key), fallback: try Self.fallback(&configuration, scope))
        default: throw .unsupported("lb_policy \(name)")
        }
    }

    /// Refuses weights that do not fit the upstreams.
    func validate(upstreamCount: Int) throws(PluginError) {
        guard case .weighted(let weights, _) = self, weights.count != upstreamCount else { return }
        throw PluginError(
            "weighted_round_robin has \(weights.count) weights, expected one for each of the "
                + "\(upstreamCount) upstreams")
    }

    private static func weighted(
        _ configuration: inout Configuration
    ) throws(PluginError) -> SelectionPolicy {
        guard case .array(let values) = configuration.value("weights") ?? [] else {
            throw PluginError("weights is no array of numbers")
        }
        var weights: [UInt64] = []
        for value in values {
            guard case .int(let weight) = value, (0...1_000_000).contains(weight) else {
                throw PluginError("weights holds \(value.serialized), expected 0 to 1000000")
            }
            weights.append(UInt64(weight))
        }
        let total = weights.reduce(0, +)
        guard total > 0 else { throw PluginError("all weights are 0, expected a positive one") }
        return .weighted(weights, total: total)
    }

    private static func fallback(
        _ configuration: inout Configuration, _ scope: Scope
    ) throws(PluginError) -> SelectionPolicy {
        try configuration.object("fallback") { (fallback) throws(PluginError) in
            try SelectionPolicy(configuration: &fallback, scope: scope)
        } ?? .random
    }

    /// Index of the upstream for a request, nil when none of the candidates is available.
    ///
    /// - Parameter excluded: Bits of upstreams that have been tried already.
    func select(
        _ table: UpstreamTable, excluding excluded: UInt64, for request: borrowing Request,
        _ worker: inout WorkerState
    ) -> Int? {
        let candidates = Candidates(table: table, excluded: excluded)
        switch self {
        case .random: return candidates.random(&worker)
        case .first: return candidates.next(from: 0)
        case .roundRobin:
            let turn = worker.nextTurn() % UInt64(max(1, candidates.count))
            return candidates.next(from: Int(turn))
        case .leastConnections: return candidates.leastLoaded(&worker)
        case .randomChoose(let draws): return candidates.leastLoaded(ofDraws: draws, &worker)
        case .weighted(let weights, let total):
            var place = worker.nextTurn() % total
            let index = weights.firstIndex { weight in
                guard place >= weight else { return true }
                place -= weight
                return false
            }
            return candidates.next(from: index ?? 0)
        case .hash(let key, let fallback):
            if let hash = key.hash(of: request) { return candidates.highest(for: hash) }
            return fallback.select(table, excluding: excluded, for: request, &worker)
        }
    }
}

/// The upstreams that a request may go to now.
private struct Candidates {
    let table: UpstreamTable
    let excluded: UInt64

    var count: Int { table.upstreams.count }

    func contains(_ index: Int) -> Bool {
        (index >= 64 || excluded & (1 << UInt64(index)) == 0) && table.isAvailable(index)
    }

    /// The first one at or behind an index, going around once.
    func next(from start: Int) -> Int? {
        for step in 0..<count {
            let index = (start + step) % count
            if contains(index) { return index }
        }
        return nil
    }

    /// Each one with the same probability, in one pass.
    func random(_ worker: inout WorkerState) -> Int? {
        var (chosen, seen): (Int?, UInt64) = (nil, 0)
        for index in 0..<count where contains(index) {
            seen += 1
            if worker.random(below: seen) == 0 { chosen = index }
        }
        return chosen
    }

    /// The one with the fewest calls under way; at random among equals.
    func leastLoaded(_ worker: inout WorkerState) -> Int? {
        var (chosen, least, equals): (Int?, UInt32, UInt64) = (nil, .max, 0)
        for index in 0..<count where contains(index) {
            let active = table.upstreams[index].pool.info.active
            if active < least { (least, equals) = (active, 0) }
            guard active == least else { continue }
            equals += 1
            if worker.random(below: equals) == 0 { chosen = index }
        }
        return chosen
    }

    func leastLoaded(ofDraws draws: Int, _ worker: inout WorkerState) -> Int? {
        var (chosen, least): (Int?, UInt32) = (nil, .max)
        for _ in 0..<draws {
            guard let index = random(&worker) else { return nil }
            let active = table.upstreams[index].pool.info.active
            if chosen == nil || active < least { (chosen, least) = (index, active) }
        }
        return chosen
    }

    /// Rendezvous hashing: few keys move when the set of candidates changes.
    func highest(for key: UInt64) -> Int? {
        var (chosen, highest): (Int?, UInt64) = (nil, 0)
        for index in 0..<count where contains(index) {
            let score = Hash.mix(key ^ table.upstreams[index].seed)
            if chosen == nil || score > highest { (chosen, highest) = (index, score) }
        }
        return chosen
    }
}
