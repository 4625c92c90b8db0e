// The request as it came, kept beside what handlers make of it.
import Base
import CGateway
import HTTP
import Routing

/// Method and target of a request before a handler changed them. The fields are kept in a section
/// of their own, in the block of the request: texts are never overwritten there.
struct ReceivedRequest {
    var method: gw_ref
    var methodID: UInt8
    var uri: gw_ref
    var path: gw_ref
    var query: gw_ref
}

extension Exchange {
    /// Notes what the request is now. Without room for it, it is not kept.
    func keepReceived() {
        guard received == nil,
            (try? requestBlock.keep(&req.pointee.fields, in: receivedFields)) != nil
        else { return }
        received = ReceivedRequest(
            method: req.pointee.method, methodID: req.pointee.method_id, uri: req.pointee.uri,
            path: req.pointee.path, query: req.pointee.query)
    }

    /// Makes the request what it was when it came; false when that was not kept.
    func restoreReceived() -> Bool {
        guard let received,
            FieldSection.restore(&req.pointee.fields, from: receivedFields)
        else { return false }
        req.pointee.method = received.method
        req.pointee.method_id = received.methodID
        req.pointee.uri = received.uri
        req.pointee.path = received.path
        req.pointee.query = received.query
        req.pointee.flags &= ~UInt32(GW_REQ_REWRITTEN)
        context.uriChanged()
        _ = statusForMethod()
        return true
    }
}
