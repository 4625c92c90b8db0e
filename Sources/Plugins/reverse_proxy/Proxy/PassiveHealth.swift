// The member "health_checks.passive": what makes a request count against its upstream.
import PluginSDK

struct PassiveHealth: Sendable {
    /// How long a failure is remembered; 0: failures are not counted.
    let failNanoseconds: UInt64
    let failuresMax: UInt64
    /// Requests under way that an upstream may have; 0: any number.
    let requestsMax: UInt32
    private let latencyMaxNanoseconds: UInt64
    /// Codes, or one digit for a class.
    private let statuses: [UInt16]

    init(configuration: inout Configuration) throws(PluginError) {
        failNanoseconds = UInt64(max(0, try configuration.duration("fail_duration") ?? 0))
        let failures = try configuration.int("max_fails") ?? 1
        guard (0...Int64(FailureLog.countMax)).contains(failures) else {
            throw PluginError(
                "max_fails is \(failures), expected at most \(FailureLog.countMax)")
        }
        failuresMax = UInt64(max(1, failures))
        requestsMax = UInt32(clamping: try configuration.int("unhealthy_request_count") ?? 0)
        latencyMaxNanoseconds = UInt64(max(0, try configuration.duration("unhealthy_latency") ?? 0))
        guard case .array(let values) = configuration.value("unhealthy_status") ?? [] else {
            throw PluginError("unhealthy_status is no array of statuses")
        }
        var statuses: [UInt16] = []
        for value in values {
            guard case .int(let status) = value, (1...999).contains(status) else {
                throw PluginError("unhealthy_status holds \(value.serialized), expected a status")
            }
            statuses.append(UInt16(status))
        }
        self.statuses = statuses
    }

    var countsFailures: Bool { failNanoseconds > 0 }
    /// Whether the head of a response can tell that an upstream is unwell.
    var looksAtResponses: Bool {
        countsFailures && (latencyMaxNanoseconds > 0 || !statuses.isEmpty)
    }

    /// Whether a response that took so long counts as a failure.
    func isFailure(status: UInt16, afterNanoseconds latency: UInt64) -> Bool {
        latencyMaxNanoseconds > 0 && latency >= latencyMaxNanoseconds
            || statuses.contains { $0 == status || $0 == status / 100 }
    }
}
