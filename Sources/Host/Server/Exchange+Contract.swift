// What plugins do against the contract, and what the checking host does to notice it.
import Base
import CGateway
import HTTP
import Loader

extension Exchange {
    /// Reports a call that broke a rule, in every mode: it was refused.
    func breach(_ call: StaticString, _ rule: StaticString) {
        worker.logContract(self, rule, call: call)
    }

    /// Module of the handler that runs; outside of handlers, of whoever the thread works for.
    var breachingModule: String? {
        if phase != .idle, isInHook, let runningLabel { return runningLabel.module }
        return PluginScope.running?.name ?? (runningLabel ?? lastLabel)?.module
    }

    func isResponseField(_ fields: UnsafePointer<gw_fields>) -> Bool {
        withUnsafePointer(to: &res.pointee.fields) { $0 == fields }
    }

    /// Before the exchange is reset while checking: what plugins may still hold shows no plausible
    /// bytes any more.
    func poison() {
        lastLabel = onlyVisitedLabel
        arena.poison()
        requestBlock.poison()
        answerBlock.poison()
    }

    private var onlyVisitedLabel: HandlerLabel? {
        guard visitedCount == 1, let generation else { return nil }
        let slot = Int(visited[0].slot)
        return generation.handlers[slot].label.takeUnretainedValue()
    }

    /// Calls a body hook with a copy that is taken back afterwards.
    func callChecked(
        _ hook: BodyHook, _ handler: UnsafeMutablePointer<HandlerSlot>, _ index: Int,
        _ chunk: inout gw_chunk
    ) -> gw_verdict {
        let lent = LentMemory.lend(chunk.data.bytes)
        defer { LentMemory.takeBack(lent) }
        chunk.data = gw_view(UnsafeRawBufferPointer(lent))
        return hook(handler.pointee.instance, req, visited[index].state, &chunk)
    }
}
