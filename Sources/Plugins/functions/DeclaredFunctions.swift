// The functions that the configuration being loaded declares, for matchers to find by name.
import PluginSDK
import Synchronization

/// Libraries are provisioned before matchers, and anew for every configuration, so the function
/// that was added last under a name is the one of this configuration.
enum DeclaredFunctions {
    private static let calls = Mutex<[String: FunctionCall]>([:])

    static func add(_ added: [FunctionCall]) {
        calls.withLock { calls in
            for call in added { calls[call.function.name] = call }
        }
    }

    /// Forgets them, but for names that another library has taken over.
    static func remove(_ removed: [FunctionCall]) {
        calls.withLock { calls in
            for call in removed where calls[call.function.name]?.function === call.function {
                calls[call.function.name] = nil
            }
        }
    }

    static func find(_ name: String) -> FunctionCall? { calls.withLock { $0[name] } }

    static func hint(for name: String) -> String {
        let known = calls.withLock { $0.keys.sorted() }
        guard !known.isEmpty else {
            return "declare it with the global option functions"
        }
        return "declared are \(known.joined(separator: ", "))"
    }
}
