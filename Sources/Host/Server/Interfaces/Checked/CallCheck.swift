// What the checking host asks before a call of a plugin is made. Off by default: plugins then have
// other tables, without any of this.
import Base
import CGateway
import HTTP
import Loader
import Synchronization

/// Rules that many calls share. A call that breaks one is reported and refused.
enum CallCheck {
    /// The tables for plugins: with checks when `GATEWRIGHT_CHECK` is 1.
    static func table<Table>(_ plain: Table, checked: (Table) -> Table) -> Table {
        ContractCheck.isEnabled ? checked(plain) : plain
    }

    // MARK: Threads and scopes

    static func config(_ call: StaticString) { ContractCheck.requireConfig("\(call)") }

    /// [config] with a scope that lives.
    static func config(_ call: StaticString, _ scope: OpaquePointer) -> Bool {
        guard let owner = living(scope, call) else { return false }
        ContractCheck.requireConfig("\(call)", scope: owner)
        return true
    }

    static func isOnLoop(_ call: StaticString, scope: PluginScope? = nil) -> Bool {
        ContractCheck.requireLoop("\(call)", scope: scope)
        if case .loop = ThreadRole.current { return true }
        return false
    }

    static func isOnLoop(_ call: StaticString, _ scope: OpaquePointer) -> Bool {
        guard let owner = living(scope, call) else { return false }
        return isOnLoop(call, scope: owner)
    }

    /// [loop] or [config] with a scope that lives.
    static func hasScope(_ call: StaticString, _ scope: OpaquePointer) -> Bool {
        guard let owner = living(scope, call) else { return false }
        if ThreadRole.current == .work {
            ContractCheck.violation(
                "\(call)", "[loop] [config], was called from \(ThreadRole.current)", scope: owner)
            return false
        }
        return true
    }

    private static func living(_ scope: OpaquePointer, _ call: StaticString) -> PluginScope? {
        if let owner = PluginScope.find(scope) { return owner }
        ContractCheck.violation("\(call)", "the scope is one of a living instance")
        return nil
    }

    // MARK: Requests and fields

    /// The exchange of a request that lives, on its own worker.
    static func exchange(_ req: UnsafePointer<gw_req>, _ call: StaticString) -> Exchange? {
        guard let exchange = LiveExchanges.find(UnsafeRawPointer(req)) else {
            ContractCheck.violation("\(call)", "the request is one that the host gave")
            return nil
        }
        guard isOwn(exchange, call) else { return nil }
        guard exchange.phase != .idle else {
            exchange.breach(call, "the request was used after on_complete")
            return nil
        }
        return exchange
    }

    private static func isOwn(_ exchange: Exchange, _ call: StaticString) -> Bool {
        guard ThreadRole.current == .loop(UInt32(exchange.worker.index)) else {
            ContractCheck.violation(
                "\(call)",
                "[loop] only, on worker \(exchange.worker.index), was called from "
                    + "\(ThreadRole.current)",
                subject: exchange.breachingModule)
            return false
        }
        return true
    }

    /// Fields of a message that lives; those of a request or response on their own worker.
    static func fields(
        _ fields: UnsafePointer<gw_fields>, _ call: StaticString, changes: Bool = false
    ) -> Bool {
        guard let exchange = LiveExchanges.find(ofFields: UnsafeRawPointer(fields)) else {
            return isOnLoop(call)
        }
        guard isOwn(exchange, call) else { return false }
        guard fields.pointee.owner != nil else {
            exchange.breach(call, "the fields of a message were used after its end")
            return false
        }
        if changes, exchange.headSent, exchange.isResponseField(fields) {
            exchange.breach(call, "the response was changed after its head was sent")
            return false
        }
        return true
    }

    /// After a change the block is somewhere else, so that refs and bases of before show.
    static func moveBlock(of fields: UnsafePointer<gw_fields>) {
        guard fields.pointee.owner != nil else { return }
        MessageBlock.owner(of: fields)?.move()
    }

    // MARK: Arguments

    static func view(
        _ view: gw_view, _ call: StaticString, of exchange: Exchange? = nil
    ) -> Bool {
        guard view.ptr == nil ? view.len > 0 : view.len > Int(Int32.max) else { return true }
        ContractCheck.violation(
            "\(call)", "a view is memory, not \(view.len) bytes at NULL or more than 2 GiB",
            subject: exchange?.breachingModule)
        return false
    }

    /// Reports a call that was refused because an argument breaks the contract.
    static func reported(_ status: gw_status, _ exchange: Exchange, _ call: StaticString)
        -> gw_status
    {
        if status == GW_E_INVALID { exchange.breach(call, "an argument is not valid") }
        if status == GW_E_STALE { exchange.breach(call, "a handle is one that lives") }
        return status
    }
}

/// The exchanges of all workers by the addresses that plugins hold; filled while checking only.
enum LiveExchanges {
    private struct Entry: @unchecked Sendable {
        unowned(unsafe) let exchange: Exchange
    }

    private struct Addresses {
        var requests: [UInt: Entry] = [:]
        var fields: [UInt: Entry] = [:]
    }

    private static let known = Mutex(Addresses())

    static func insert(_ exchange: Exchange) {
        let entry = Entry(exchange: exchange)
        let (request, sections) = addresses(exchange)
        known.withLock { known in
            known.requests[request] = entry
            for section in sections { known.fields[section] = entry }
        }
    }

    static func remove(_ exchange: Exchange) {
        let (request, sections) = addresses(exchange)
        known.withLock { known in
            known.requests[request] = nil
            for section in sections { known.fields[section] = nil }
        }
    }

    static func find(_ request: UnsafeRawPointer) -> Exchange? {
        known.withLock { $0.requests[UInt(bitPattern: request)] }?.exchange
    }

    static func find(ofFields fields: UnsafeRawPointer) -> Exchange? {
        known.withLock { $0.fields[UInt(bitPattern: fields)] }?.exchange
    }

    private static func addresses(_ exchange: Exchange) -> (UInt, [UInt]) {
        let inside = UInt(MemoryLayout<gw_req>.offset(of: \.fields) ?? 0)
        let insideResponse = UInt(MemoryLayout<gw_res>.offset(of: \.fields) ?? 0)
        let request = UInt(bitPattern: exchange.req)
        return (
            request,
            [
                request + inside, UInt(bitPattern: exchange.res) + insideResponse,
                UInt(bitPattern: exchange.outgoing),
            ]
        )
    }
}
