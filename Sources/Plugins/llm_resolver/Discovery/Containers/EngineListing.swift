// One listing of an engine: its running containers, each with its details.
import PluginSDK

/// Asks for the list, then for every container that is not known yet, a few at a time.
final class EngineListing {
    struct Failure: Error {
        let reason: String
    }

    typealias Outcome = Result<[String: ContainerRecord], Failure>

    private static let callsMax = 8

    private let scope: Scope
    private let endpoint: EngineEndpoint
    private let known: [String: ContainerRecord]
    private var done: ((Outcome) -> Void)?
    private var records: [String: ContainerRecord] = [:]
    private var missing: [String] = []
    private var calls: [Int: RunningCall] = [:]
    private var callCount = 0

    /// - Parameter done: Called once, unless the listing is cancelled before.
    init(
        scope: Scope, endpoint: EngineEndpoint, known: [String: ContainerRecord],
        _ done: @escaping (Outcome) -> Void
    ) {
        self.scope = scope
        self.endpoint = endpoint
        self.known = known
        self.done = done
    }

    func start() {
        ask("/containers/json") { listing, outcome in listing.listed(outcome) }
    }

    func cancel() {
        done = nil
        for call in calls.values { call.cancel() }
        calls = [:]
    }

    private func listed(_ outcome: EngineCall.Outcome) {
        switch outcome {
        case .failed(let reason): finish(.failure(Failure(reason: reason)))
        case .answered(200, let body):
            guard let identifiers = EngineJSON.identifiers(body) else {
                return finish(.failure(Failure(reason: "its list of containers is malformed")))
            }
            for id in identifiers {
                if let record = known[id] { records[id] = record } else { missing.append(id) }
            }
            askForMissing()
        case .answered(let status, _):
            finish(.failure(Failure(reason: "it answers \(status) to /containers/json")))
        }
    }

    private func askForMissing() {
        while calls.count < Self.callsMax, let id = missing.popLast() {
            ask("/containers/\(id)/json") { listing, outcome in listing.inspected(id, outcome) }
        }
        if calls.isEmpty, missing.isEmpty { finish(.success(records)) }
    }

    /// A container that has ended in the meantime is left out.
    private func inspected(_ id: String, _ outcome: EngineCall.Outcome) {
        if case .answered(200, let body) = outcome {
            records[id] = EngineJSON.record(body, engineHost: endpoint.host)
        }
        askForMissing()
    }

    private func ask(
        _ uri: String, _ answered: @escaping (EngineListing, EngineCall.Outcome) -> Void
    ) {
        callCount += 1
        let number = callCount
        let delegate = EngineCall { [weak self] outcome in
            guard let self, done != nil else { return }
            calls[number] = nil
            answered(self, outcome)
        }
        do throws(Status) {
            calls[number] = try scope.start(
                EngineCall.call(uri, endpoint.pool), delegate: delegate)
        } catch {
            finish(.failure(Failure(reason: "it cannot be asked (status \(error.code))")))
        }
    }

    private func finish(_ outcome: Outcome) {
        let done = done
        cancel()
        done?(outcome)
    }
}
