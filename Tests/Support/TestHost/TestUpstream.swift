// gw.upstream/1 of the checking host: pools are numbers, calls are remembered.
import CGateway

/// What a proxy asked for, and what it is told.
public enum TestUpstream {
    /// What was dialled, by pool; pool 1 is first.
    nonisolated(unsafe) public internal(set) static var dialled: [String] = []
    /// The pool of the last attach.
    nonisolated(unsafe) public internal(set) static var attached: String?
    nonisolated(unsafe) static var outgoing: TestMessage?

    /// Fields that went upstream with the last attach.
    public static var fields: [String] {
        (outgoing?.lines ?? []).map { "\($0.name): \($0.value)" }
    }

    nonisolated(unsafe) private static let outgoingFields = UnsafeMutablePointer<gw_fields>
        .allocate(capacity: 1)

    static func open(_ dial: String) -> UInt32 {
        dialled.append(dial)
        return UInt32(dialled.count)
    }

    static let table = gw_host_upstream(
        struct_size: UInt32(MemoryLayout<gw_host_upstream>.size), rev: 0,
        pool_open: { _, spec, out in
            out.pointee = TestUpstream.open(String(spec.pointee.dial))
            return GW_OK
        },
        pool_for: { _, _, dial, out in
            out.pointee = TestUpstream.open(String(dial))
            return GW_OK
        },
        pool_info: { _, _ in GW_OK },
        outgoing: { _, _ in
            guard let exchange = TestHost.state.exchange else { return nil }
            outgoingFields.initialize(to: gw_fields())
            TestUpstream.outgoing = TestMessage(
                fields: outgoingFields, lines: exchange.requestMessage.lines)
            return outgoingFields
        },
        attach: { _, pool, _ in
            TestUpstream.attached = TestUpstream.dialled[Int(pool) - 1]
            return GW_OK
        },
        replayable: { _ in 1 })
}

extension TestExchange {
    /// Runs the hook for a call that failed before its answer.
    public func runUpstreamFailure(_ code: Int32, phase: Int32, isRetryable: Bool) -> Int32 {
        var failure = gw_failure()
        failure.code = code
        failure.phase = UInt32(phase)
        failure.flags = isRetryable ? UInt32(GW_FAILURE_RETRYABLE) : 0
        failure.message = lasting("broken")
        return enter {
            handler.hooks.on_upstream_failure?(handler.instance, request, state, &failure)
                ?? GW_NEXT
        }
    }
}
