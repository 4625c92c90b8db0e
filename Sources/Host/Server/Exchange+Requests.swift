// What handlers change of a request, and what they ask of it.
import Base
import CGateway
import HTTP
import Routing
import Transport

/// Checks of texts that become part of a request.
enum RequestText {
    static func isMethod(_ text: UnsafeRawBufferPointer) -> Bool {
        isToken(text.utf8, bytesMax: Limits.methodBytesMax)
    }

    /// A path with its query: no control, no space, no fragment, nothing above ASCII.
    static func isURI(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let first = text.first, text.count <= Limits.requestLineBytesMax else { return false }
        guard first == UInt8(ascii: "/") || (text.count == 1 && first == UInt8(ascii: "*")) else {
            return false
        }
        return text.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    }
}

extension Exchange {
    func setURI(_ uri: UnsafeRawBufferPointer) -> Bool {
        guard RequestText.isURI(uri), context.rememberOriginals(),
            let ref = try? requestBlock.append(uri)
        else { return false }
        req.pointee.uri = ref
        let text = self.text(ref)
        let mark = text.firstIndex(of: UInt8(ascii: "?"))
        req.pointee.path = gw_ref(off: ref.off, len: UInt32(mark ?? text.count))
        req.pointee.query =
            mark.map {
                gw_ref(off: ref.off + UInt32($0 + 1), len: ref.len - UInt32($0 + 1))
            } ?? gw_ref(off: ref.off, len: 0)
        req.pointee.flags |= UInt32(GW_REQ_REWRITTEN)
        context.uriChanged()
        return true
    }

    func setMethod(_ method: UnsafeRawBufferPointer) -> Bool {
        guard RequestText.isMethod(method), context.rememberOriginals(),
            let ref = try? requestBlock.append(method)
        else { return false }
        req.pointee.method = ref
        let text = self.text(ref)
        guard let base = text.baseAddress else { return false }
        req.pointee.method_id = methodID(base, text.count)
        req.pointee.flags |= UInt32(GW_REQ_REWRITTEN)
        return true
    }

    /// Methods that the host answers itself: tunnels and loop-backs that nobody asked for, and
    /// OPTIONS at the end of its way (RFC 9110 §7.6.2, §9.3.6, §9.3.8).
    func statusForMethod() -> UInt16? {
        switch Int32(req.pointee.method_id) {
        case GW_METHOD_CONNECT, GW_METHOD_TRACE: return 405
        case GW_METHOD_OPTIONS: return countForwards() ? nil : 204
        default: return nil
        }
    }

    /// What the server lets pass (RFC 9110 §9.3.7, §15.5.6).
    func addAllow() {
        let methods: StaticString = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        methods.withBytes { try? FieldSection.add(&res.pointee.fields, Self.allow, $0) }
    }

    private static let allow = FieldNames.intern("Allow")

    /// Takes one off Max-Forwards; false when it was 0 already.
    private func countForwards() -> Bool {
        guard let value = FieldSection.get(&req.pointee.fields, Self.maxForwards) else {
            return true
        }
        guard let count = UInt32(String(decoding: value, as: UTF8.self)) else { return true }
        guard count > 0 else { return false }
        var text = String(count - 1)
        text.withUTF8 { try? FieldSection.set(&req.pointee.fields, Self.maxForwards, $0) }
        return true
    }

    private static let maxForwards = FieldNames.intern("Max-Forwards")

    /// What templates read that changes with time.
    func refreshContext() {
        context.nowNanoseconds = worker.loop.now
        context.wallNanoseconds = worker.wallNanoseconds
        context.isShuttingDown = worker.isDraining
    }

    /// Whether the request could be sent again: its body is here whole, there is none, or what
    /// came of it is kept.
    var isReplayable: Bool {
        hasCollected || req.pointee.body_length == 0 || requestBytes == keptRequestBytes
    }

    func beginTicket(deadline: UInt64) -> UInt64 {
        guard isInHook || phase == .chain || phase == .collecting || phase == .holding
        else {
            breach("gw.loop/1 wait_begin", "in a hook that may answer GW_WAIT")
            return 0
        }
        if ticket != 0 { worker.invalidate(ticket) }
        ticket = worker.beginTicket(self)
        let wait = deadline == 0 ? Limits.pluginWaitTimeout : deadline
        worker.loop.arm(timer, deadline: worker.loop.now &+ min(wait, UInt64.max / 2))
        return ticket
    }

    /// Takes the parked upstream response as this handler's answer.
    func copyParkedResponse(fieldsOnly: Bool) -> gw_status {
        guard parked != nil else { return GW_E_NOT_FOUND }
        if fieldsOnly { return GW_E_UNSUPPORTED }
        answer = .parked
        return GW_OK
    }
}
