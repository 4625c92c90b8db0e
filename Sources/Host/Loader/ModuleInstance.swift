// One object of the configuration as a live instance of a module.
internal import CGateway
private import Synchronization

/// An instance and its life: create, provision, validate, worker start and stop, cleanup.
///
/// Made and cleaned up on the control thread; workers start and stop on their own threads.
package final class ModuleInstance: Sendable {
    private enum Step: String {
        case create, provision, validate
    }

    package let module: LoadedModule
    package let identity: InstanceIdentity
    /// The owner of what the instance creates.
    package let scope: PluginScope
    /// What `create` gave; the first argument of every hook.
    package nonisolated(unsafe) let pointer: UnsafeMutableRawPointer?
    private let startedWorkers = Mutex<Set<UInt32>>([])
    private let isRetired = Atomic<Bool>(false)

    /// Creates, provisions and validates an instance. [config]
    ///
    /// - Throws: `LoaderError` such as "plugin header, module http.handlers.headers: provision: …";
    ///   the instance is cleaned up then.
    package init(_ module: LoadedModule, identity: InstanceIdentity) throws(LoaderError) {
        let scope = PluginScope(plugin: module.plugin, module: module.id)
        self.module = module
        self.identity = identity
        self.scope = scope
        do throws(LoaderError) {
            pointer = try Self.create(module, json: identity.json, scope)
        } catch {
            scope.retire()
            scope.release()
            throw error
        }
        do throws(LoaderError) {
            try run(.provision, module.instanceOps.pointee.provision)
            try run(.validate, module.instanceOps.pointee.validate)
        } catch {
            cleanUp()
            throw error
        }
    }

    /// Problems that the plugin did not find worth failing for, since the last call.
    package func takeWarnings() -> [PluginDiagnostic] { scope.takeWarnings() }

    /// Before the first hook on a worker. [loop]
    package func startWorker(_ worker: UInt32) throws(LoaderError) {
        guard let start = module.instanceOps.pointee.worker_start else { return }
        let status = scope.run { start(pointer, worker) }
        guard status == GW_OK else {
            throw Self.failure("worker_start", status, module, scope)
        }
        startedWorkers.withLock { _ = $0.insert(worker) }
    }

    /// After the last hook on a worker; nothing when the worker never started. [loop]
    package func stopWorker(_ worker: UInt32) {
        guard startedWorkers.withLock({ $0.remove(worker) }) != nil,
            let stop = module.instanceOps.pointee.worker_stop
        else { return }
        scope.run { stop(pointer, worker) }
    }

    /// Ends the instance, once; as soon as nobody is bound to a service of it any more. [config]
    ///
    /// - Parameter settle: Runs between the stop of the instance's timers and calls and its end:
    ///   waits until none of their callbacks is under way on a worker.
    package func cleanUp(settle: @escaping () -> Void = {}) {
        guard !isRetired.exchange(true, ordering: .acquiringAndReleasing) else { return }
        nonisolated(unsafe) let settle = settle
        scope.whenUnheld { self.end(settle) }
    }

    private func end(_ settle: () -> Void) {
        scope.retire()
        settle()
        let cleanUp = module.instanceOps.pointee.cleanup
        scope.run { cleanUp(pointer) }
        scope.release()
    }

    private func run(
        _ step: Step,
        _ body: (@convention(c) (UnsafeMutableRawPointer?, OpaquePointer) -> gw_status)?
    ) throws(LoaderError) {
        guard let body else { return }
        let status = scope.run { body(pointer, scope.pointer) }
        try Self.check(step, status, module, scope)
    }

    private static func create(
        _ module: LoadedModule, json: String, _ scope: PluginScope
    ) throws(LoaderError) -> UnsafeMutableRawPointer? {
        var made: UnsafeMutableRawPointer?
        var text = json
        let create = module.instanceOps.pointee.create
        let status = text.withUTF8 { bytes in
            scope.run {
                create(scope.pointer, gw_view(ptr: bytes.baseAddress, len: bytes.count), &made)
            }
        }
        do throws(LoaderError) {
            try check(.create, status, module, scope)
        } catch {
            if let made {
                let cleanUp = module.instanceOps.pointee.cleanup
                scope.run { cleanUp(made) }
            }
            throw error
        }
        return made
    }

    private static func check(
        _ step: Step, _ status: gw_status, _ module: LoadedModule, _ scope: PluginScope
    ) throws(LoaderError) {
        if status == GW_OK {
            for problem in scope.takeProblems() { scope.warn(problem) }
            return
        }
        if status > 0 {
            ContractCheck.violation(
                step.rawValue, "returns GW_OK or a negative code, not \(status)", scope: scope)
        }
        throw failure(step.rawValue, status, module, scope)
    }

    private static func failure(
        _ step: String, _ status: gw_status, _ module: LoadedModule, _ scope: PluginScope
    ) -> LoaderError {
        let problem = scope.takeProblems().first
        return LoaderError(
            .step, plugin: module.plugin, module: module.id,
            "\(step): \(problem?.message ?? "failed with code \(status) and gave no reason")",
            hint: problem?.hint ?? "")
    }
}
