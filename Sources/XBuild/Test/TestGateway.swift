// The gateway under test: the real host in its checking mode, in a process of its own.
import Base
import CSystem
import Commands

private import Glibc

/// The program and the plugin folders that cases run with.
struct TestBench {
    let program: String
    /// With the plugin under test alone.
    let pluginFolder: String
    /// With those that cases need beside it.
    let standardFolder: String
    let work: String
    let environment: [String: String?]

    static let loadSecondsMax: UInt64 = 20

    func call(_ arguments: [String], onlyPlugin: Bool = false) -> ToolCall {
        var arguments = arguments + ["--plugins", pluginFolder, "--allow-unlocked-plugins"]
        if !onlyPlugin { arguments += ["--plugins", standardFolder] }
        return ToolCall(
            program: program, arguments: arguments, folder: work, environment: environment,
            secondsMax: Self.loadSecondsMax)
    }

    func write(_ name: String, _ text: String) throws(BuildError) -> String {
        let path = "\(work)/\(name)"
        try withFiles { () throws(FilesError) in try Folders.write(text, to: path) }
        return path
    }
}

/// A rule of the contract that the checking host saw broken.
struct Violation: Hashable {
    var subject: String
    var call: String
    var rule: String

    /// Of one line of the gateway's log, nil when it is another record.
    init?(line: some StringProtocol) {
        // A process that does not serve has no log yet: it says the same in a sentence.
        let sentence = " broke the contract in "
        if line.first != "{", let middle = line.range(of: sentence) {
            subject = String(line[..<middle.lowerBound])
            let rest = line[middle.upperBound...]
            call = String(rest.prefix { $0 != ":" })
            rule = rest.dropFirst(call.count + 1).trimmed
            return
        }
        guard let value = try? JSONValue(parsing: String(line)),
            value["msg"]?.stringValue == "plugin broke the contract"
        else { return nil }
        subject = value["plugin"]?.stringValue ?? ""
        call = value["call"]?.stringValue ?? ""
        rule = value["rule"]?.stringValue ?? ""
    }

    var description: String { "\(subject) broke the contract in \(call): \(rule)" }
}

/// A running gateway.
final class TestGateway {
    let port: UInt16
    private let process: ChildProcess
    private(set) var end: ToolResult.End?

    /// - Throws: `BuildError` with its log when it does not come up.
    init(_ bench: TestBench, configuration: String, port: UInt16) throws(BuildError) {
        self.port = port
        process = try ChildProcess(bench.call(["run", "--config", configuration]))
        let deadline = gwx_monotonic_ns() + TestBench.loadSecondsMax * 1_000_000_000
        while gwx_monotonic_ns() < deadline {
            try Interruption.check()
            if let end = process.poll(milliseconds: 5) {
                throw BuildError("it ended with \(end)", output: log)
            }
            if let probe = LocalSocket.connect(port) {
                LocalSocket.close(probe)
                return
            }
        }
        throw BuildError("it did not listen within \(TestBench.loadSecondsMax) s", output: log)
    }

    /// What it has written, standard output and standard error.
    var log: String {
        process.texts.map { String(decoding: $0, as: UTF8.self) }.joined()
    }

    /// Takes in what it wrote.
    ///
    /// - Returns: How it ended, nil while it runs.
    @discardableResult
    func look() -> ToolResult.End? {
        if end == nil { end = process.poll(milliseconds: 0) }
        return end
    }

    var violations: [Violation] {
        var seen: Set<Violation> = []
        return log.split(separator: "\n").compactMap(Violation.init).filter {
            seen.insert($0).inserted
        }
    }

    func reload() { process.signal(SIGUSR1) }

    /// Ends it as a service manager would.
    func stop() -> ToolResult.End {
        process.signal(SIGTERM)
        let deadline = gwx_monotonic_ns() + 10_000_000_000
        while gwx_monotonic_ns() < deadline {
            if let end = process.poll(milliseconds: 20) {
                self.end = end
                return end
            }
        }
        process.kill()
        return .timedOut
    }

    /// Resident memory in KiB.
    var memory: Int {
        let text = (try? Files.read("/proc/\(process.pid)/status")) ?? []
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("VmRSS:") {
            return Int(String(line.filter(\.isNumber))) ?? 0
        }
        return 0
    }

    var openFiles: Int { Folders.entries("/proc/\(process.pid)/fd").count }
}

extension StringProtocol {
    /// Where `text` stands first.
    func range(of text: String) -> Range<Index>? {
        guard let start = indices.first(where: { self[$0...].hasPrefix(text) }) else { return nil }
        return start..<index(start, offsetBy: text.count)
    }
}
