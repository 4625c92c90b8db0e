// What a probe asks for and what it expects, and how results in a row become a state.

/// Equal specifications share a probe.
struct ProbeSpecification: Hashable, Sendable {
    struct Field: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// The address that requests go to; for logs and pages.
    let upstream: String
    /// The number of the pool, which stands for how the probe connects.
    let pool: UInt32
    let method: String
    let uri: String
    let host: String
    let fields: [Field]
    let body: String
    let bodyPattern: String
    /// A code, or one digit for a class.
    let status: UInt16
    let passes: UInt32
    let fails: UInt32
    let intervalNanoseconds: UInt64
    let timeoutNanoseconds: UInt64
    let bodyBytesMax: Int

    func accepts(status: UInt16) -> Bool {
        self.status == status || self.status == status / 100
    }

    /// The expected status for messages: "200" or "2xx".
    var expectedStatus: String { status < 10 ? "\(status)xx" : "\(status)" }
}

/// Whether an upstream is healthy, changed only by several equal results in a row.
struct HealthJudge: Sendable {
    private let passes: UInt32
    private let fails: UInt32
    private(set) var isHealthy = true
    /// Results in a row that speak against the present state.
    private var contrary: UInt32 = 0

    init(passes: UInt32, fails: UInt32) {
        self.passes = passes
        self.fails = fails
    }

    /// - Returns: Whether the state has changed.
    mutating func take(_ isGood: Bool) -> Bool {
        guard isGood != isHealthy else {
            contrary = 0
            return false
        }
        contrary += 1
        guard contrary >= (isGood ? passes : fails) else { return false }
        isHealthy = isGood
        contrary = 0
        return true
    }
}
