// gw.loop/1 and gw.work/1: tickets, jobs, timers, blocking work.
import Base
import CGateway
import Loader
import Transport

enum LoopInterface {
    static func register() {
        HostInterfaces.register(
            GW_IFACE_LOOP, copying: CallCheck.table(plain, checked: CheckedLoop.table))
        HostInterfaces.register(
            GW_IFACE_WORK, copying: CallCheck.table(plainWork, checked: CheckedLoop.table))
    }

    static let plain = gw_host_loop(
        struct_size: UInt32(MemoryLayout<gw_host_loop>.size), rev: 1,
        wait_begin: waitBegin, resume: resume, resume_with: resumeWith, post: post,
        timer_start: timerStart, timer_stop: timerStop, worker_index: workerIndex)
    static let plainWork = gw_host_work(
        struct_size: UInt32(MemoryLayout<gw_host_work>.size), rev: 1, submit: submit)
}

private func waitBegin(_ req: UnsafeMutablePointer<gw_req>, _ deadline: UInt64) -> gw_ticket {
    Exchange.of(req).beginTicket(deadline: deadline)
}

private func resume(_ ticket: gw_ticket, _ verdict: gw_verdict) -> gw_status {
    Workers.complete(ticket, verdict, nil)
}

private func resumeWith(
    _ ticket: gw_ticket, _ onResume: @escaping ResumeCallback.OnResume,
    _ onGone: ResumeCallback.OnGone?, _ argument: UnsafeMutableRawPointer?
) -> gw_status {
    Workers.complete(
        ticket, GW_NEXT, ResumeCallback(onResume: onResume, onGone: onGone, argument: argument))
}

private func post(
    _ worker: UInt32, _ run: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void,
    _ argument: UnsafeMutableRawPointer?
) -> gw_status {
    guard let worker = Workers.worker(worker) else { return GW_E_INVALID }
    worker.loop.post(EventLoop.Job(argument: argument, run: run))
    return GW_OK
}

private func timerStart(
    _ scope: OpaquePointer, _ worker: UInt32, _ delay: UInt64,
    _ fire: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void,
    _ argument: UnsafeMutableRawPointer?
) -> gw_ticket {
    guard let owner = PluginScope.find(scope), let worker = Workers.worker(worker) else { return 0 }
    return PluginTimers.start(owner, worker, delay, fire, argument)
}

private func timerStop(_ timer: gw_ticket) -> gw_status {
    PluginTimers.stop(timer) ? GW_OK : GW_E_STALE
}

private func workerIndex() -> UInt32 {
    if case .loop(let index) = ThreadRole.current { return UInt32(index) }
    return GW_WORKER_ANY
}

private func submit(
    _ scope: OpaquePointer, _ run: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void,
    _ done: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?,
    _ argument: UnsafeMutableRawPointer?
) -> gw_status {
    guard let owner = PluginScope.find(scope) else { return GW_E_STALE }
    return PluginWork.submit(owner, run, done, argument) ? GW_OK : GW_E_LIMIT
}
