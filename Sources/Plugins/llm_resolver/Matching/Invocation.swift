// A command line, taken apart: which program it is, what it runs, where, on which ports.

/// What a command line says about a program. Only places where a program, a script, a module or a
/// configuration is named count; other arguments are nobody's name.
struct Invocation {
    /// The programs, as written without their directory, the outermost first: "node", "vite".
    private(set) var programs: [String] = []
    /// Paths that are run or served from: scripts, configurations, document roots.
    private(set) var paths: [Path] = []
    /// Names that it calls itself or its part by: a module, a workspace, "[jetty_board]".
    private(set) var names: [String] = []
    private(set) var software: Software?
    /// The word that the software is known by.
    private(set) var softwareName: String?
    /// Whether only interpreters and runners are known, no program of its own.
    private(set) var isGeneric = true
    private var uses: [(port: UInt16, use: PortUse)] = []

    /// What an argument says about a port.
    enum PortUse {
        case main
        case debugger
        case metrics
        case reload
        case mute
        case admin
    }

    enum Path {
        /// A script or a program.
        case file(String)
        case folder(String)
        /// Named by an option.
        case configuration(String)
        case servedFolder(String)

        var text: String {
            switch self {
            case .file(let text), .folder(let text), .configuration(let text),
                .servedFolder(let text):
                text
            }
        }

        /// Whether only an option says it.
        var isArgument: Bool {
            switch self {
            case .file, .folder: false
            case .configuration, .servedFolder: true
            }
        }
    }

    static let wordsMax = 96

    init(_ text: String?, command: String?) {
        let whole = Self.spacedProgram(text, command)
        var reader = InvocationReader(whole == nil ? InvocationReader.words(text ?? "") : [])
        reader.read()
        programs = whole.map { [$0] } ?? reader.programs
        if programs.isEmpty, let command { programs = [command] }
        paths = reader.paths
        names = reader.names
        uses = reader.uses
        for (index, program) in programs.enumerated() {
            note(program, isScript: index > 0)
        }
        if let command, software == nil { note(command, isScript: false) }
    }

    /// "LM Studio --run-as-service": the short name has spaces and the command line begins with it.
    private static func spacedProgram(_ text: String?, _ command: String?) -> String? {
        guard let command, command.contains(" "), let text, text.hasPrefix(command) else {
            return nil
        }
        let next = text.dropFirst(command.count).first
        return next == nil || next == " " ? command : nil
    }

    private mutating func note(_ program: String, isScript: Bool) {
        guard let (name, found) = Software.named(program) else {
            if !isScript { isGeneric = false }
            return
        }
        guard found.kind != .runner else { return }
        if software?.kind != .helper {
            software = found
            softwareName = name
        }
        isGeneric = false
    }

    func use(of port: UInt16) -> PortUse? {
        let found = uses.filter { $0.port == port }
        return found.first { $0.use != .main }?.use ?? found.first?.use
    }
}

extension Software {
    /// By what a program or an image is called, versions aside: "php8.3", "manage.py".
    static func named(_ text: String) -> (name: String, software: Software)? {
        let words = Words.split(text)
        let name = words.count == 1 ? words[0] : words.joined()
        if let software = known(name) { return (name, software) }
        for ending in ["js", "mjs", "cjs", "exe", "py", "sh"] where name.hasSuffix(ending) {
            let short = String(name.dropLast(ending.utf8.count))
            if let software = known(short) { return (short, software) }
        }
        if text.contains(" ") {
            for count in [2, 1] where words.count > count {
                let start = words[..<count].joined()
                if let software = known(start) { return (start, software) }
            }
        }
        var bare = name[...]
        while let last = bare.last, last.isNumber { bare.removeLast() }
        return bare.count == name.count || bare.isEmpty
            ? nil : known(String(bare)).map { (String(bare), $0) }
    }
}
