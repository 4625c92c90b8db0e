// The tables of the checking host.
import CGateway

extension TestHost {
    static var scope: OpaquePointer { OpaquePointer(bitPattern: 0x10)! }

    static var boot: gw_boot {
        gw_boot(
            struct_size: UInt32(MemoryLayout<gw_boot>.size), rev: 0, abi_minor: 0, flags: 0,
            host_name: lasting("test"), host_version: lasting("1"),
            iface: { id in TestHost.tables[String(id)] },
            fail: { TestHost.state.problems.append(TestProblem($0)) })
    }

    nonisolated(unsafe) private static let tables: [String: UnsafeRawPointer] = [
        "gw.core/1": lastingTable(core), "gw.http/1": lastingTable(http),
        "gw.adapt/1": lastingTable(adapt), "gw.regex/1": lastingTable(regex),
        "gw.json/1": lastingTable(json), "gw.loop/1": lastingTable(loop),
        "gw.crypto/1": crypto, "gw.work/1": lastingTable(work),
        "gw.upstream/1": lastingTable(TestUpstream.table),
    ]

    private static func lastingTable<Table>(_ table: Table) -> UnsafeRawPointer {
        let pointer = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        pointer.initialize(to: table)
        return UnsafeRawPointer(pointer)
    }

    private static let core = gw_host_core(
        struct_size: UInt32(MemoryLayout<gw_host_core>.size), rev: 0,
        log: { _, _, message, _, _ in TestHost.log(String(message)) },
        log_enabled: { _, _ in 1 }, now_monotonic: { 1_000_000_000 },
        now_wall: { 1_700_000_000_000_000_000 },
        fail: { _, problem in TestHost.state.problems.append(TestProblem(problem)) },
        warn: { _, problem in TestHost.log(String(problem.pointee.message)) },
        out_write: { out, bytes in
            TestHost.output(out).text += String(bytes)
            return GW_OK
        },
        worker_count: { 1 },
        environment: { name, out in
            guard let value = TestHost.state.environment[String(name)] else {
                return GW_E_NOT_FOUND
            }
            out.pointee = lasting(value)
            return GW_OK
        },
        uses_file: { _, _ in GW_OK })

    static func output(_ out: OpaquePointer) -> TestOutput {
        Unmanaged<TestOutput>.fromOpaque(UnsafeRawPointer(out)).takeUnretainedValue()
    }

    private static let adapt = gw_host_adapt(
        struct_size: UInt32(MemoryLayout<gw_host_adapt>.size), rev: 0,
        fail: { _, problem in TestHost.state.problems.append(TestProblem(problem)) },
        warn: { _, problem in TestHost.log(String(problem.pointee.message)) },
        matcher: { call, token, out in
            TestHost.output(out).text +=
                "{\"path\":[\"\(String(call.pointee.tokens[Int(token)].text))\"]}"
            return GW_OK
        },
        routes: { _, first, end, out in
            TestHost.output(out).text += "[{\"tokens\":[\(first),\(end)]}]"
            return GW_OK
        },
        directive: { _, tokens, count, out in
            TestHost.output(out).text += "{\"handler\":\"\(String(tokens[0].text))\"}"
            return GW_OK
        },
        duration: { text, out in
            guard let seconds = Int64(String(text).dropLast()), String(text).hasSuffix("s") else {
                return GW_E_INVALID
            }
            out.pointee = seconds * 1_000_000_000
            return GW_OK
        },
        expand: { _, tokens, count, out in
            let texts = (1..<count).map { "\"\(String(tokens[$0].text))\"" }
            out.pointee = lasting(
                "{\"handler\":\"\(String(tokens[0].text))\","
                    + "\"tokens\":[\(texts.joined(separator: ","))]}")
            return GW_OK
        })

    private static let loop = gw_host_loop(
        struct_size: UInt32(MemoryLayout<gw_host_loop>.size), rev: 0,
        wait_begin: { _, _ in
            let ticket = TestHost.newTicket()
            TestHost.state.waiting[ticket] = TestHost.state.exchange
            return ticket
        },
        resume: { _, verdict in
            TestHost.state.exchange?.resumed = verdict
            return GW_OK
        },
        resume_with: { ticket, onResume, _, argument in
            guard let exchange = TestHost.state.waiting.removeValue(forKey: ticket) else {
                return GW_E_STALE
            }
            let job = { (argument: UnsafeMutableRawPointer?) in
                TestHost.state.exchange = exchange
                exchange.resumed = onResume(argument, exchange.request)
            }
            TestHost.state.posted.append((fn: job, arg: argument))
            return GW_OK
        },
        post: { _, function, argument in
            TestHost.state.posted.append((fn: { function($0) }, arg: argument))
            return GW_OK
        },
        timer_start: { _, _, _, function, argument in
            let ticket = TestHost.newTicket()
            TestHost.state.timers.append((id: ticket, fn: { function($0) }, arg: argument))
            return ticket
        },
        timer_stop: { ticket in
            TestHost.state.timers.removeAll { $0.id == ticket }
            return GW_OK
        },
        worker_index: { 0 })

    static func newTicket() -> UInt64 {
        state.nextTicket += 1
        return state.nextTicket
    }
}
