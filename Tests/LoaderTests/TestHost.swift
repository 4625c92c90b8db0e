// The interfaces that fixture plugins see, and what they did with them.
import CGateway
import Synchronization

@testable import Loader

enum TestHost {
    fileprivate static let log = Mutex<[String]>([])
    private static let violations = Mutex<[ContractViolation]>([])

    private static let installed: Void = {
        CoreInterface.register(
            log: { _, _, message, _, _ in
                TestHost.log.withLock { $0.append(PluginText.lossy(message)) }
            },
            logEnabled: { _, _ in 1 }, workerCount: { 2 })
        ServiceInterface.register()
        AdaptInterface.register(duration: { _, out in
            out.pointee = 1
            return GW_OK
        })
        ContractCheck.configure(isEnabled: true) { violation in
            violations.withLock { $0.append(violation) }
        }
    }()

    static func install() { _ = installed }

    /// What the plugin of that name logged, without its name.
    static func trace(of plugin: String) -> [String] {
        log.withLock { lines in
            lines.filter { $0.hasPrefix(plugin + " ") }.map {
                String($0.dropFirst(plugin.count + 1))
            }
        }
    }

    static func violations(of subject: String) -> [ContractViolation] {
        violations.withLock { all in all.filter { $0.subject == subject } }
    }
}
