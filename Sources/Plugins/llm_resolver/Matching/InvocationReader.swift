// Walks over the words of a command line: past shells, interpreters and runners to what they run.

struct InvocationReader {
    private(set) var programs: [String] = []
    private(set) var paths: [Invocation.Path] = []
    private(set) var names: [String] = []
    private(set) var uses: [(port: UInt16, use: Invocation.PortUse)] = []
    private var words: [String]
    private var position = 0
    private var isReloader = false

    init(_ words: [String]) { self.words = words }

    /// Splits at spaces outside of quotes.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var quote: UInt8?
        var isOpen = false
        for byte in text.utf8.prefix(8192) {
            switch byte {
            case _ where byte == quote: quote = nil
            case _ where quote != nil: word.append(byte)
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                quote = byte
                isOpen = true
            case 0x20, 0x09, 0x0A, 0:
                if isOpen || !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word.removeAll(keepingCapacity: true)
                isOpen = false
            default: word.append(byte)
            }
            if words.count == Invocation.wordsMax { return words }
        }
        if isOpen || !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }

    mutating func read() {
        readTitle()
        if let first = words.first, first == "beam.smp" || first == "erl" {
            return readErlang(first)
        }
        while position < words.count, programs.count < 8 {
            let word = words[position]
            if word.hasPrefix("-") || Self.isAssignment(word) {
                if !readOption(of: programs.last.map { Name($0).joined } ?? "") { break }
                continue
            }
            position += 1
            if word == "--" || word == "&&" || Self.subcommands.contains(word) { continue }
            if !readProgram(word) { break }
        }
        readRest()
    }

    /// The command line of a virtual machine of Erlang is its own, but for what Mix runs.
    private mutating func readErlang(_ first: String) {
        programs.append(first)
        if words.contains("phx.server") { programs.append("phoenix") }
        if words.contains("rabbit") { programs.append("rabbitmq") }
    }

    /// Titles that programs give themselves: "nginx: master process …", "puma … [name]".
    private mutating func readTitle() {
        guard let first = words.first else { return }
        if first.hasSuffix(":"), first.utf8.count > 1 { words[0] = String(first.dropLast()) }
        if words.count > 1, let last = words.last, last.hasPrefix("["), last.hasSuffix("]") {
            noteModule(String(last.dropFirst().dropLast()))
            words.removeLast()
        }
        if words.count > 3, words[1] == "master" || words[1] == "worker", words[2] == "process" {
            words.removeSubrange(1...2)
        }
    }

    /// A word where a program or a script is expected.
    ///
    /// - Returns: Whether another one may follow.
    private mutating func readProgram(_ word: String) -> Bool {
        let base = Self.baseName(word)
        let known = Software.named(base)
        let isPackage = notePackages(in: word)
        if programs.isEmpty || known != nil {
            programs.append(base)
            if word.contains("/"), !isPackage { paths.append(.file(word)) }
            guard let known else { return false }
            if known.software.kind == .runner { return true }
            readArguments(of: known.name)
            return false
        }
        if !isPackage { paths.append(.file(word)) }
        programs.append(programs.last == "java" ? Self.className(base) : base)
        return false
    }

    /// "com.example.quay.QuayApplication" is called quay.
    private static func className(_ name: String) -> String {
        guard let last = name.split(separator: ".").last else { return name }
        var words = Name(last).words
        while words.count > 1, ["application", "main", "kt", "server"].contains(words.last) {
            words.removeLast()
        }
        return words.joined(separator: "-")
    }

    /// A script of a package that is known counts as that package: "debugpy/adapter".
    ///
    /// - Returns: Whether it is one; its directories are no place of the project then.
    private mutating func notePackages(in path: String) -> Bool {
        let directories = path.split(separator: "/").dropLast()
        var isPackage = false
        for (index, directory) in directories.suffix(8).enumerated() {
            guard let known = Software.named(String(directory))?.software else { continue }
            if known.kind == .helper || index == 0 && !path.hasPrefix("/") && known.kind != .runner
            {
                programs.append(String(directory))
                isPackage = true
            }
        }
        return isPackage
    }

    /// What is named behind some programs, as their part or their application.
    private mutating func readArguments(of name: String) {
        // The server of Remix that starts the application tells pages to load again.
        isReloader = name == "remix" && (words.contains("-c") || words.contains("--command"))
        if name == "celery", words.contains("flower") { programs.append("flower") }
        while position < words.count, Self.subcommands.contains(words[position]) { position += 1 }
        guard position < words.count, !words[position].hasPrefix("-") else { return }
        let word = words[position]
        switch name {
        case "gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitressserve":
            noteModule(word)
        case "ng":
            names.append(word)
        case "streamlit", "fastapi", "gradio", "marimo", "mdbook", "hugo", "httpserver", "serve":
            if UInt16(word) == nil {
                paths.append(word.contains(".") ? .file(word) : .folder(word))
            }
        case "prisma", "drizzlekit":
            programs.append(word)
        case "artisan", "managepy", "rails":
            programs.append(String(word.prefix { $0 != ":" }))
        default: break
        }
    }

    /// "shop.wsgi:application" and "shop.main:app" name shop.
    private mutating func noteModule(_ word: String) {
        let module = word.split(separator: ":").first.map(String.init) ?? ""
        let parts = module.split(separator: ".").map(String.init)
        if let first = parts.first, parts.count > 1 || !word.contains(":") {
            names.append(first)
        } else if let first = parts.first {
            programs.append(first)
        }
    }

    /// An option in front of what is run.
    ///
    /// - Returns: Whether something to run may follow.
    private mutating func readOption(of program: String) -> Bool {
        let word = words[position]
        switch (program, word) {
        case (_, "-m") where program.hasPrefix("python") && position + 1 < words.count:
            position += 2
            let module = words[position - 1]
            if Software.named(module) == nil, module.contains(".") {
                noteModule(module)
                return false
            }
            return readProgram(module)
        case ("java", "-jar") where position + 1 < words.count:
            position += 2
            noteArchive(words[position - 1])
            return false
        case (_, "-S") where program.hasPrefix("php") && position + 1 < words.count:
            notePort(in: words[position + 1], use: .main)
            programs.append("php-s")
            position += 2
            return false
        case (_, "-c") where Self.shells.contains(program) && position + 1 < words.count:
            words = Self.words(words[position + 1])
            position = 0
            return true
        case (_, "-e"), (_, "-p"), (_, "-c"), (_, "--eval"):
            return false
        default:
            if Self.optionsWithValue.contains(word) {
                noteFlag(word, position + 1 < words.count ? words[position + 1] : "")
                position += 2
            } else {
                noteJoinedFlag(word)
                position += 1
            }
            return true
        }
    }

    /// "/srv/shop/target/order-service-1.4.2.jar" names order-service.
    private mutating func noteArchive(_ path: String) {
        paths.append(.file(path))
        var words = Name(Self.stripped(Self.baseName(path))).words
        while words.count > 1, let last = words.last,
            last.allSatisfy(\.isNumber) || last == "snapshot" || last == "all" || last == "jar"
        {
            words.removeLast()
        }
        if !words.isEmpty { programs.append(words.joined(separator: "-")) }
    }

    /// The options behind the program.
    private mutating func readRest() {
        while position < words.count {
            let word = words[position]
            let next = position + 1 < words.count ? words[position + 1] : ""
            if word.hasPrefix("-") {
                if word.contains("=") || word.contains(":") {
                    noteJoinedFlag(word)
                } else {
                    noteFlag(word, next.hasPrefix("-") ? "" : next)
                }
            } else if position > 0, !words[position - 1].hasPrefix("-") {
                notePort(in: word, use: .main)
            }
            position += 1
        }
    }

    private mutating func noteJoinedFlag(_ word: String) {
        let end = word.firstIndex(of: "=") ?? word.firstIndex(of: ":")
        guard let end else { return noteFlag(word, "") }
        noteFlag(String(word[..<end]), String(word[word.index(after: end)...]))
    }

    private mutating func noteFlag(_ flag: String, _ value: String) {
        let name = flag.drop { $0 == "-" }.lowercased()
        if name.hasPrefix("inspect"), Int(value) == nil, !value.contains(":") {
            uses.append((9229, .debugger))
        }
        notePort(in: value, use: isReloader ? .reload : Self.use(of: name))
        guard !value.isEmpty, UInt16(value) == nil, !value.holds("://") else { return }
        if Self.fileFlags.contains(name), value.contains("/") {
            paths.append(.configuration(value))
        }
        if Self.folderFlags.contains(name), value.contains("/") || name.utf8.count > 2 {
            paths.append(.servedFolder(value))
        }
        if let owners = Self.nameFlags[name],
            programs.contains(where: { owners.contains(Name($0).joined) })
        {
            noteModule(value)
        }
    }

    private mutating func notePort(in value: String, use: Invocation.PortUse) {
        var digits = value[...]
        if digits.hasSuffix("/") { digits.removeLast() }
        if let colon = digits.lastIndex(of: ":") { digits = digits[digits.index(after: colon)...] }
        guard let port = UInt16(digits), port > 0 else { return }
        uses.append((port, use))
    }

    private static func use(of flag: String) -> Invocation.PortUse {
        for (parts, use) in usesByFlag where parts.contains(where: flag.holds) { return use }
        return .main
    }

    private static let usesByFlag: [([String], Invocation.PortUse)] = [
        (["inspect", "debug", "pprof", "jdwp", "agentlib"], .debugger),
        (["metric", "prometheus", "telemetry", "probe", "health", "management"], .metrics),
        (["hmr", "livereload", "reload-port"], .reload),
        (
            ["grpc", "smtp", "redis", "postgres", "database", "db-", "broker", "peer", "raft"],
            .mute
        ),
        (["admin", "console", "dashboard"], .admin),
    ]

    /// What follows a program without being one.
    private static let subcommands: Set<String> = [
        "run", "exec", "x", "dlx", "watch", "start", "dev", "serve", "server", "preview", "develop",
        "runserver", "-", "s", "up", "web", "webserver", "start:dev", "serve:dev",
        "task",
    ]
    private static let shells: Set<String> = ["sh", "bash", "zsh", "dash", "ash", "fish"]
    private static let optionsWithValue: Set<String> = [
        "-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "-C",
        "--cwd", "--prefix", "--dir", "--filter", "-F", "-cp", "-classpath", "--class-path", "-W",
        "-X", "-I", "-t", "--conditions", "--config", "-w", "--workspace", "--project", "--bin",
        "--directory", "-u",
    ]
    private static let fileFlags: Set<String> = [
        "config", "c", "conf", "f", "file", "configfile", "config-file", "config_file",
    ]
    private static let folderFlags: Set<String> = [
        "prefix", "cwd", "dir", "directory", "d", "root", "s", "source", "t", "p", "docroot",
        "project", "chdir", "app-dir", "content-root", "contentroot", "working-dir", "workdir",
        "notebook-dir",
    ]
    private static let nameFlags: [String: Set<String>] = [
        "filter": ["pnpm", "turbo"], "workspace": ["npm", "yarn"], "bin": ["cargo"],
        "app": ["flask"], "A": ["celery"],
    ]

    private static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "="), equals > word.startIndex else { return false }
        return word[..<equals].allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    }

    static func baseName(_ path: String) -> String {
        String(path.split(separator: "/").last ?? "")
    }

    /// Without what says which language it is in.
    static func stripped(_ file: String) -> String {
        for ending in endings where file.hasSuffix(ending) && file.utf8.count > ending.utf8.count {
            return String(file.dropLast(ending.utf8.count))
        }
        return file
    }

    private static let endings = [
        ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".py", ".rb", ".php", ".jar",
        ".war", ".dll", ".exe", ".pl", ".sh", ".ru", ".go", ".rs", ".lua", ".exs", ".ex",
    ]
}
