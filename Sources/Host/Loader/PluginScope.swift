// The owner of everything that a module instance creates: the ABI's gw_scope.
package import Base
private import Synchronization

/// A scope. Its address is the opaque `gw_scope *` that the plugin passes back.
///
/// Made and released on the control thread; names and identity may be read on any thread.
package final class PluginScope: Sendable {
    package typealias Action = @Sendable () -> Void

    private struct State {
        var retiring: [Action] = []
        var releasing: [Action] = []
        var problems: [PluginDiagnostic] = []
        var warnings: [PluginDiagnostic] = []
        var isReleased = false
        /// What the instance was made from.
        var files: [String: FileDigest] = [:]
        var isBoundToGeneration = false
        /// Other scopes that use a service of this one.
        var holds = 0
        var whenUnheld: Action?
    }

    private static let live = LiveObjects<PluginScope>()

    package let plugin: String
    /// Nil for the scope of a plugin as a whole.
    package let module: String?
    private let state = Mutex(State())

    package init(plugin: String, module: String? = nil) {
        self.plugin = plugin
        self.module = module
        Self.live.insert(self, at: address)
    }

    deinit {
        Self.live.remove(address)
    }

    /// For logs: the module's id, or the plugin's name.
    package var name: String { module ?? plugin }

    /// What the plugin gets. Valid as long as this object.
    package var pointer: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// The scope behind a pointer that a plugin gave, nil when it is stale or was never one. [any]
    package static func find(_ pointer: OpaquePointer?) -> PluginScope? {
        live.find(UInt(bitPattern: pointer))
    }

    /// The instance refers to other instances or handlers of the generation that it is made for, so
    /// the next generation needs one of its own.
    package func bindToGeneration() { state.withLock { $0.isBoundToGeneration = true } }
    var isBoundToGeneration: Bool { state.withLock { $0.isBoundToGeneration } }

    func noteFile(_ path: String, _ digest: FileDigest) {
        state.withLock { state in
            if state.files[path] == nil { state.files[path] = digest }
        }
    }

    /// What it was made from, and what that said.
    package var files: [String: FileDigest] { state.withLock { $0.files } }

    /// Whether a file that it was made from says something else now. [config]
    var hasChangedFiles: Bool { files.contains { FileDigest(ofFile: $0.key) != $0.value } }

    /// Runs when the instance is about to be cleaned up: what must not call it any more stops.
    /// - Returns: false when the scope is gone already.
    @discardableResult
    package func onRetire(_ action: @escaping Action) -> Bool {
        state.withLock { state in
            if !state.isReleased { state.retiring.append(action) }
            return !state.isReleased
        }
    }

    /// Runs after the instance was cleaned up, last registered first.
    /// - Returns: false when the scope is gone already.
    @discardableResult
    package func onRelease(_ action: @escaping Action) -> Bool {
        state.withLock { state in
            if !state.isReleased { state.releasing.append(action) }
            return !state.isReleased
        }
    }

    /// Keeps the instance alive until `unhold`, because somebody uses a service of it.
    package func hold() { state.withLock { $0.holds += 1 } }

    package func unhold() {
        let action = state.withLock { state in
            state.holds -= 1
            guard state.holds == 0 else { return nil as Action? }
            defer { state.whenUnheld = nil }
            return state.whenUnheld
        }
        action?()
    }

    /// Runs `action` as soon as nobody holds this scope: now, or in the last `unhold`.
    func whenUnheld(_ action: @escaping Action) {
        let isHeld = state.withLock { state in
            if state.holds > 0 { state.whenUnheld = action }
            return state.holds > 0
        }
        if !isHeld { action() }
    }

    func retire() {
        for action in take(\.retiring) { action() }
    }

    func release() {
        state.withLock { $0.isReleased = true }
        for action in take(\.releasing).reversed() { action() }
        Self.live.remove(address)
    }

    private func take(_ actions: WritableKeyPath<State, [Action]>) -> [Action] {
        state.withLock { state in
            let taken = state[keyPath: actions]
            state[keyPath: actions] = []
            return taken
        }
    }

    private var address: UInt { UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()) }
}

extension PluginScope {
    /// Notes a problem of the step that runs; `Limits.pluginDiagnosticsMax` are kept.
    package func fail(_ problem: PluginDiagnostic) {
        state.withLock { state in
            if state.problems.count < Limits.pluginDiagnosticsMax { state.problems.append(problem) }
        }
    }

    package func warn(_ problem: PluginDiagnostic) {
        state.withLock { state in
            if state.warnings.count < Limits.pluginDiagnosticsMax { state.warnings.append(problem) }
        }
    }

    /// The problems since the last call, and forgets them.
    package func takeProblems() -> [PluginDiagnostic] {
        state.withLock { state in
            defer { state.problems = [] }
            return state.problems
        }
    }

    package func takeWarnings() -> [PluginDiagnostic] {
        state.withLock { state in
            defer { state.warnings = [] }
            return state.warnings
        }
    }
}

extension PluginScope {
    /// The scope whose plugin the calling thread is running.
    package static var running: PluginScope? {
        ThreadSubject.current.flatMap { live.find(UInt(bitPattern: $0)) }
    }

    /// Marks the calling thread as running this scope's plugin while `body` runs.
    package func run<Result>(_ body: () -> Result) -> Result {
        let before = ThreadSubject.current
        ThreadSubject.current = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        defer { ThreadSubject.current = before }
        return body()
    }
}
