// Compilers and other programs that xbuild uses: where they are, what to install when they are not.
import Commands

private import CSystem

/// A program of this machine.
struct Tool: Equatable {
    let path: String
    /// Changes when the program is replaced; part of what a build is named by.
    let identity: String

    /// The first of these names that `PATH` has; a name with a slash is taken as it is.
    static func find(_ names: [String]) -> Tool? {
        let folders = (ProcessEnvironment.value("PATH") ?? "").split(separator: ":")
        for name in names {
            let candidates = name.contains("/") ? [name] : folders.map { "\($0)/\(name)" }
            if let path = candidates.first(where: Folders.isExecutable) { return Tool(path) }
        }
        return nil
    }

    private init(_ path: String) {
        self.path = path
        let real = Paths.resolved(path) ?? path
        let state = Files.stamp(real)
        identity = "\(real) \(state?.size ?? 0) \(state?.seconds ?? 0)"
    }

    /// Runs it; what it wrote is shown when it fails.
    @discardableResult
    func run(
        _ arguments: [String], in folder: String? = nil, environment: [String: String?] = [:],
        failure: String
    ) throws(BuildError) -> String {
        let call = ToolCall(
            program: path, arguments: arguments, folder: folder, environment: environment)
        if Progress.isVerbose { Progress.say(([path] + arguments).joined(separator: " ")) }
        let result = try call.run()
        guard result.isSuccess else {
            let end = result.end == .exited(1) ? "" : " (\(result.end))"
            throw BuildError(failure + end, output: result.tail)
        }
        return result.output
    }
}

/// The tools by what they are for.
enum Tools {
    static func cCompiler() throws(BuildError) -> Tool {
        try require(named("CC") + ["cc", "gcc", "clang"], "a C compiler", "apt install gcc")
    }

    static func cxxCompiler() throws(BuildError) -> Tool {
        try require(named("CXX") + ["c++", "g++", "clang++"], "a C++ compiler", "apt install g++")
    }

    static func cargo() throws(BuildError) -> Tool {
        let home = ProcessEnvironment.value("HOME").map { ["\($0)/.cargo/bin/cargo"] } ?? []
        return try require(
            ["cargo"] + home, "cargo, which builds Rust",
            "see https://rustup.rs, or apt install cargo")
    }

    static func rustc() throws(BuildError) -> Tool {
        let home = ProcessEnvironment.value("HOME").map { ["\($0)/.cargo/bin/rustc"] } ?? []
        return try require(
            named("RUSTC") + ["rustc"] + home, "rustc, which compiles Rust",
            "see https://rustup.rs, or apt install rustc")
    }

    static func zig() throws(BuildError) -> Tool {
        try require(["zig"], "zig", "see https://ziglang.org/download")
    }

    static func swift() throws(BuildError) -> Tool {
        try require(["swift"], "the Swift toolchain", "see https://swift.org/install, 6.3 or newer")
    }

    static func swiftCompiler() throws(BuildError) -> Tool {
        try require(
            ["swiftc"], "the Swift toolchain", "see https://swift.org/install, 6.3 or newer")
    }

    static func git() throws(BuildError) -> Tool {
        try require(["git"], "git", "apt install git")
    }

    static func pkgConfig() throws(BuildError) -> Tool {
        try require(["pkg-config", "pkgconf"], "pkg-config", "apt install pkg-config")
    }

    static func tar() throws(BuildError) -> Tool { try require(["tar"], "tar", "apt install tar") }
    static func gzip() throws(BuildError) -> Tool {
        try require(["gzip"], "gzip", "apt install gzip")
    }
    static func ar() throws(BuildError) -> Tool {
        try require(["ar"], "ar", "apt install binutils")
    }

    /// Takes what only a debugger reads out of a file.
    static func strip() throws(BuildError) -> Tool {
        try require(["llvm-objcopy", "objcopy"], "objcopy", "apt install binutils")
    }

    private static func named(_ variable: String) -> [String] {
        ProcessEnvironment.value(variable).map { [$0] } ?? []
    }

    private static func require(
        _ names: [String], _ what: String, _ install: String
    ) throws(BuildError) -> Tool {
        if let tool = Tool.find(names) { return tool }
        throw BuildError("\(what) is needed and not on PATH (\(install))")
    }
}

/// What xbuild does, told as it does it.
enum Progress {
    nonisolated(unsafe) private(set) static var isVerbose = false
    nonisolated(unsafe) private(set) static var isQuiet = false

    /// Before anything is told, on the one thread that there is.
    static func configure(_ arguments: ParsedArguments) {
        isVerbose = arguments.has("verbose")
        isQuiet = arguments.has("quiet")
    }

    static func say(_ line: String) {
        if !isQuiet { Console.error("xbuild: \(line)") }
    }

    /// Tells what was done in how many seconds.
    static func timed<Result>(
        _ what: String, _ body: () throws(BuildError) -> Result
    ) throws(BuildError) -> Result {
        let start = gwx_monotonic_ns()
        let result = try body()
        let tenths = (gwx_monotonic_ns() - start + 50_000_000) / 100_000_000
        say("\(what) in \(tenths / 10).\(tenths % 10) s")
        return result
    }
}
