// gw.loop/1, gw.work/1, gw.upstream/1 and gw.client/1 of the checking host.
import CGateway
import Loader

enum CheckedLoop {
    static func table(_ plain: gw_host_loop) -> gw_host_loop {
        var table = plain
        table.wait_begin = { req, deadline in
            guard CallCheck.exchange(req, "gw.loop/1 wait_begin") != nil else { return 0 }
            return LoopInterface.plain.wait_begin(req, deadline)
        }
        table.resume = { ticket, verdict in
            guard isTicket(ticket, "gw.loop/1 resume") else { return GW_E_STALE }
            let status = LoopInterface.plain.resume(ticket, verdict)
            if status == GW_E_INVALID {
                ContractCheck.violation(
                    "gw.loop/1 resume", "from other threads only NEXT, LEAVE and negative verdicts")
            }
            return status
        }
        table.resume_with = { ticket, onResume, onGone, argument in
            guard isTicket(ticket, "gw.loop/1 resume_with") else { return GW_E_STALE }
            return LoopInterface.plain.resume_with(ticket, onResume, onGone, argument)
        }
        table.post = { worker, run, argument in
            guard isWorker(worker, "gw.loop/1 post") else { return GW_E_INVALID }
            return LoopInterface.plain.post(worker, run, argument)
        }
        table.timer_start = { scope, worker, delay, fire, argument in
            guard CallCheck.hasScope("gw.loop/1 timer_start", scope),
                isWorker(worker, "gw.loop/1 timer_start")
            else { return 0 }
            return LoopInterface.plain.timer_start(scope, worker, delay, fire, argument)
        }
        return table
    }

    static func table(_ plain: gw_host_work) -> gw_host_work {
        var table = plain
        table.submit = { scope, run, done, argument in
            guard CallCheck.hasScope("gw.work/1 submit", scope) else { return GW_E_INVALID }
            return LoopInterface.plainWork.submit(scope, run, done, argument)
        }
        return table
    }
}

enum CheckedUpstream {
    static func table(_ plain: gw_host_upstream) -> gw_host_upstream {
        var table = plain
        table.pool_open = { scope, spec, out in
            out.pointee = 0
            guard CallCheck.config("gw.upstream/1 pool_open", scope),
                CallCheck.view(spec.pointee.dial, "gw.upstream/1 pool_open")
            else { return GW_E_INVALID }
            return UpstreamInterface.plain.pool_open(scope, spec, out)
        }
        table.pool_for = { req, like, dial, out in
            out.pointee = 0
            guard CallCheck.exchange(req, "gw.upstream/1 pool_for") != nil,
                CallCheck.view(dial, "gw.upstream/1 pool_for")
            else { return GW_E_INVALID }
            return UpstreamInterface.plain.pool_for(req, like, dial, out)
        }
        table.outgoing = { req, flags in
            guard CallCheck.exchange(req, "gw.upstream/1 outgoing") != nil else { return nil }
            return UpstreamInterface.plain.outgoing(req, flags)
        }
        table.attach = { req, pool, how in
            guard let exchange = CallCheck.exchange(req, "gw.upstream/1 attach") else {
                return GW_E_INVALID
            }
            guard !exchange.headSent else {
                exchange.breach("gw.upstream/1 attach", "the head of a response was sent already")
                return GW_E_INVALID
            }
            return CallCheck.reported(
                UpstreamInterface.plain.attach(req, pool, how), exchange, "gw.upstream/1 attach")
        }
        table.replayable = { req in
            guard CallCheck.exchange(req, "gw.upstream/1 replayable") != nil else { return 0 }
            return UpstreamInterface.plain.replayable(req)
        }
        return table
    }
}

enum CheckedClient {
    static func table(_ plain: gw_host_client) -> gw_host_client {
        var table = plain
        table.call = { scope, what, ops, context, out in
            out.pointee = 0
            guard CallCheck.isOnLoop("gw.client/1 call", scope),
                CallCheck.view(what.pointee.body, "gw.client/1 call")
            else { return GW_E_INVALID }
            let status = ClientInterface.plain.call(scope, what, ops, context, out)
            if status == GW_E_INVALID {
                ContractCheck.violation(
                    "gw.client/1 call", "pool, method, uri and fields are valid",
                    scope: PluginScope.find(scope))
            }
            return status
        }
        table.cancel = { ticket in
            guard CallCheck.isOnLoop("gw.client/1 cancel") else { return GW_E_INVALID }
            return ClientInterface.plain.cancel(ticket)
        }
        return table
    }
}

private func isTicket(_ ticket: gw_ticket, _ call: StaticString) -> Bool {
    if ticket == 0 { ContractCheck.violation("\(call)", "0 is no ticket") }
    return ticket != 0
}

private func isWorker(_ worker: UInt32, _ call: StaticString) -> Bool {
    if Workers.worker(worker) != nil { return true }
    ContractCheck.violation("\(call)", "the worker is one of worker_count, or GW_WORKER_ANY")
    return false
}
