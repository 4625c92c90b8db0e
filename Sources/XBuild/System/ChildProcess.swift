// Programs that xbuild starts: without a shell, in a process group of their own, with time limits.
import CSystem
import Commands

private import Glibc

/// A program to start.
struct ToolCall {
    var program: String
    var arguments: [String] = []
    /// Where it runs; the current folder when nil.
    var folder: String?
    /// Set beside what xbuild has in its own environment; nil takes a variable away.
    var environment: [String: String?] = [:]
    var secondsMax: UInt64 = 3600
}

/// How a program ended and what it wrote.
struct ToolResult {
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)
        case timedOut
    }

    var end: End
    var output: String
    var errors: String

    var isSuccess: Bool { end == .exited(0) }

    /// The last lines of both, for people.
    var tail: String {
        let lines = (output + errors).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.suffix(40).joined(separator: "\n").trimmed
    }
}

extension ToolResult.End: CustomStringConvertible {
    var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number):
            "signal \(number) (\(strsignal(number).map { String(cString: $0) } ?? "unknown"))"
        case .timedOut: "it took too long"
        }
    }
}

/// Signals that end xbuild: they are held back, so that it can clean up.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    static func holdBack() {
        gwx_block_signals(signals, signals.count)
        // A file that is too large is an error of the write, not the end of the program.
        signal(SIGXFSZ, SIG_IGN)
    }

    static var isPending: Bool {
        var pending = sigset_t()
        sigpending(&pending)
        return signals.contains { sigismember(&pending, $0) == 1 }
    }

    static func check() throws(BuildError) {
        if isPending { throw BuildError("interrupted, nothing was changed") }
    }
}

/// A started program. Its group is killed when this value goes before it has ended.
final class ChildProcess {
    let pid: pid_t
    private var end: ToolResult.End?
    private var outputs: [Int32]
    private(set) var texts: [[UInt8]] = [[], []]

    /// What is kept of each output.
    private static let outputBytesMax = 4 * 1024 * 1024

    init(_ call: ToolCall) throws(BuildError) {
        let arguments = ([call.program] + call.arguments).map { strdup($0) } + [nil]
        let environment =
            ProcessEnvironment.changed(by: call.environment).map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        outputs = [-1, -1]
        pid = gwx_start_program(call.program, arguments, environment, call.folder, &outputs)
        guard pid > 0 else {
            end = .exited(127)
            throw BuildError(FilesError(call.program, number: -pid))
        }
    }

    deinit {
        kill()
        for descriptor in outputs where descriptor >= 0 { close(descriptor) }
    }

    /// Reads what it wrote and looks whether it has ended, for at most `milliseconds`.
    func poll(milliseconds: Int32) -> ToolResult.End? {
        var watched = outputs.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Nothing tells of the end of a child that has closed its outputs.
        let wait = outputs.allSatisfy { $0 < 0 } ? min(milliseconds, 5) : milliseconds
        _ = Glibc.poll(&watched, nfds_t(watched.count), end == nil ? wait : 0)
        readOutputs()
        if end == nil { collect(WNOHANG) }
        if end != nil { readOutputs() }
        return end
    }

    func signal(_ number: Int32) {
        if end == nil { Glibc.kill(pid, number) }
    }

    /// Ends it and everything that it started.
    func kill() {
        guard end == nil else { return }
        Glibc.kill(-pid, SIGKILL)
        collect(0)
    }

    private func collect(_ options: Int32) {
        var status: Int32 = 0
        guard waitpid(pid, &status, options) == pid else { return }
        let number = status & 0x7f
        end = number == 0 ? .exited((status >> 8) & 0xff) : .signalled(number)
    }

    private func readOutputs() {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        for (index, descriptor) in outputs.enumerated() where descriptor >= 0 {
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count == 0 {
                    close(descriptor)
                    outputs[index] = -1
                }
                guard count > 0 else { break }
                let room = Self.outputBytesMax - texts[index].count
                texts[index] += buffer[..<min(count, max(0, room))]
            }
        }
    }
}

extension ToolCall {
    /// Runs it to its end.
    ///
    /// - Throws: `BuildError` when it cannot be started, or xbuild is asked to end.
    func run() throws(BuildError) -> ToolResult {
        let child = try ChildProcess(self)
        let deadline = gwx_monotonic_ns() + secondsMax * 1_000_000_000
        while true {
            if let end = child.poll(milliseconds: 50) { return child.result(end) }
            try Interruption.check()
            if gwx_monotonic_ns() > deadline {
                child.kill()
                return child.result(.timedOut)
            }
        }
    }

    /// Replaces xbuild by the program; returns only when that fails.
    func replaceProcess() -> BuildError {
        var arguments = ([program] + arguments).map { strdup($0) } + [nil]
        var variables = ProcessEnvironment.changed(by: environment).map { strdup($0) } + [nil]
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        signal(SIGXFSZ, SIG_DFL)
        signal(SIGPIPE, SIG_DFL)
        execve(program, &arguments, &variables)
        return BuildError(FilesError(program, number: errno))
    }
}

extension ChildProcess {
    func result(_ end: ToolResult.End) -> ToolResult {
        ToolResult(
            end: end, output: String(decoding: texts[0], as: UTF8.self),
            errors: String(decoding: texts[1], as: UTF8.self))
    }
}

enum ProcessEnvironment {
    static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Variables that compilers look for beside their arguments, sorted by name.
    static var ofCompilers: [(name: String, value: String)] {
        let names: Set = ["CPATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX"]
        let lines = changed(by: [:]).sorted()
        return lines.compactMap { line in
            let name = String(line.prefix { $0 != "=" })
            let isTheirs =
                names.contains(name) || name.hasSuffix("_INCLUDE_PATH")
                || ["CARGO_", "RUST", "SWIFT"].contains { name.hasPrefix($0) }
            return isTheirs ? (name, String(line.dropFirst(name.count + 1))) : nil
        }
    }

    /// `NAME=value` of the own environment with these changes.
    static func changed(by changes: [String: String?]) -> [String] {
        var lines: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            let name = String(line.prefix { $0 != "=" })
            if changes[name] == nil { lines.append(line) }
            entry += 1
        }
        for (name, value) in changes {
            if let value { lines.append("\(name)=\(value)") }
        }
        return lines
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        var text = self[...].drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
