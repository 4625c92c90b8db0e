// Whether a candidate is a page or an API that a browser could open, and why not.

enum Speech {
    /// Why a candidate is never an answer; nil when it speaks HTTP for all that is known.
    static func objection(to facts: CandidateFacts) -> String? {
        let port = facts.candidate.port
        if isOneOff(facts.candidate) { return "a one-off container" }
        if let reason = objectionByProgram(facts) { return reason }
        switch facts.invocation.use(of: port) {
        case .debugger: return "port \(port) is a debugger"
        case .metrics: return "port \(port) is for metrics"
        case .reload: return "port \(port) tells pages to load again"
        case .mute: return "port \(port) does not speak HTTP"
        case .main, .admin, nil: break
        }
        if facts.software?.pages.contains(port) == true { return nil }
        if facts.software?.others.contains(port) == true { return "port \(port) serves no pages" }
        return objectionByPort(facts)
    }

    static func isOneOff(_ candidate: Candidate) -> Bool {
        candidate.container?.labels["com.docker.compose.oneoff"]?.lowercased() == "true"
    }

    private static func objectionByProgram(_ facts: CandidateFacts) -> String? {
        let name = facts.softwareName ?? ""
        switch facts.software?.kind {
        case .helper where isFlutterPage(facts): break
        case .helper: return "\(name) is a helper of an editor or a build"
        case .desktop: return "\(name) is a program of the desktop"
        case .test: return "\(name) is a test run"
        case .worker: return "\(name) is a worker"
        case .mute where facts.software?.pages.contains(facts.candidate.port) != true:
            return "\(name) does not speak HTTP on this port"
        default: break
        }
        if isFastCGI(facts) { return "FastCGI is no HTTP" }
        return isHelper(facts) ? "a helper of an editor or a build" : nil
    }

    /// Flutter serves the pages of an application on a port that it is told.
    private static func isFlutterPage(_ facts: CandidateFacts) -> Bool {
        ["dart", "flutter"].contains(facts.softwareName ?? "")
            && facts.invocation.use(of: facts.candidate.port) == .main
    }

    private static func isFastCGI(_ facts: CandidateFacts) -> Bool {
        guard facts.candidate.port == 9000 else { return false }
        return facts.softwareName == "phpfpm"
            || facts.invocation.programs.contains { $0.hasPrefix("php-fpm") }
            || facts.candidate.container.map { $0.image.holds("fpm") } == true
    }

    /// Programs of editors and child processes of builds, by the path of what is run or by flags
    /// that only they have.
    private static func isHelper(_ facts: CandidateFacts) -> Bool {
        let line = facts.invocation
        for text in line.paths.map(\.text) + line.programs {
            if helperPaths.contains(where: text.holds) { return true }
            if text.holds("/node_modules/"), facts.software == nil { return true }
        }
        guard let arguments = facts.candidate.arguments else { return false }
        return helperFlags.contains { arguments.holds($0) }
    }

    private static let helperPaths = [
        ".vscode-server/", ".vscode/extensions/", ".cursor-server/", ".cursor/extensions/",
        ".windsurf-server/", ".vscodium-server/", "/JetBrains/", "com.intellij.", "org.jetbrains.",
        "language-server", "languageserver", "language_server", "LanguageServer", "jest-worker/",
        "processChild", "GradleDaemon", "KotlinCompileDaemon", "tsserver.js", "/mason/",
        "com.android.", "eslintServer", ".nvim/", "/copilot", "org.eclipse.jdt",
    ]
    private static let helperFlags = [
        " --node-ipc", " --clientProcessId", " --type=utility", " --type=renderer",
        " --type=gpu-process", " --type=zygote", " --ping", " --remote-debugging-port",
    ]

    private static func objectionByPort(_ facts: CandidateFacts) -> String? {
        let port = facts.candidate.port
        let isExplicit = facts.invocation.use(of: port) != nil
        let isWeb = isWebServer(facts)
        if Ports.isReload(port) { return "port \(port) tells pages to load again" }
        if Ports.isDebugger(port), !(isWeb && isExplicit) { return "port \(port) is for debuggers" }
        if Ports.isMute(port), !(isWeb && isExplicit) {
            return "port \(port) is not for HTTP"
        }
        if Ports.isMetrics(port), !isExplicit { return "port \(port) is for metrics" }
        if facts.candidate.kind == .process, Ports.isEphemeral(port), !isExplicit, !isWeb,
            facts.invocation.isGeneric
        {
            return "port \(port) is a throw-away port"
        }
        return nil
    }

    private static func isWebServer(_ facts: CandidateFacts) -> Bool {
        switch facts.software?.kind {
        case .frontEnd, .rendering, .server, .api, .docs, .application, .tool, .engine, .proxy:
            true
        default: false
        }
    }
}
