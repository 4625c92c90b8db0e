// The checking host: what plugins do against the contract is logged under their names.
internal import Base
private import Synchronization

/// A call that broke a rule of the ABI.
package struct ContractViolation: Sendable, Equatable, CustomStringConvertible {
    /// Name of the plugin or module, "unknown plugin" when nobody knows.
    package var subject: String
    /// "gw.core/1 fail"
    package var call: String
    /// What the contract says.
    package var rule: String

    package var description: String { "\(subject) broke the contract in \(call): \(rule)" }
}

/// Checks that cost too much for every day; on when `GATEWRIGHT_CHECK` is 1.
///
/// Memory safety does not depend on it: calls that could be refused are refused anyway.
package enum ContractCheck {
    package typealias Sink = @Sendable (ContractViolation) -> Void

    private static let enabled = Atomic<Bool>(false)
    private static let sink = Mutex<Sink?>(nil)

    package static var isEnabled: Bool { enabled.load(ordering: .relaxed) }

    /// Before plugins are loaded.
    ///
    /// - Parameter report: Called on any thread. Calls that are refused are reported in every mode,
    ///   those on a wrong thread in checked mode only.
    package static func configure(isEnabled: Bool, report: @escaping Sink) {
        enabled.store(isEnabled, ordering: .relaxed)
        sink.withLock { $0 = report }
    }

    /// Reports a broken rule. [any]
    package static func violation(_ call: String, _ rule: String, scope: PluginScope? = nil) {
        violation(call, rule, subject: scope?.name)
    }

    /// - Parameter subject: Who did it; nil when nobody knows better than the calling thread.
    package static func violation(_ call: String, _ rule: String, subject: String?) {
        let subject = subject ?? PluginScope.running?.name ?? "unknown plugin"
        let report = sink.withLock { $0 }
        report?(ContractViolation(subject: subject, call: call, rule: rule))
    }

    /// In checked mode, reports when the calling thread is a worker's or a pool thread.
    package static func requireConfig(_ call: String, scope: PluginScope? = nil) {
        guard isEnabled else { return }
        switch ThreadRole.current {
        case .unknown, .load, .config: break
        case .loop, .work:
            violation(call, "[config] only, was called from \(ThreadRole.current)", scope: scope)
        }
    }

    /// In checked mode, reports when the calling thread is no worker's.
    package static func requireLoop(_ call: String, scope: PluginScope? = nil) {
        guard isEnabled else { return }
        switch ThreadRole.current {
        case .loop: break
        case .unknown, .load, .config, .work:
            violation(call, "[loop] only, was called from \(ThreadRole.current)", scope: scope)
        }
    }
}
