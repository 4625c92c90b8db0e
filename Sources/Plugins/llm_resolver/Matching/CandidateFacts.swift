// What is known of a candidate, in the terms of the matcher.

/// A candidate with its names, its part and whether it speaks HTTP.
struct CandidateFacts {
    let candidate: Candidate
    let invocation: Invocation
    /// The places that it lives in, the strongest evidence first.
    private(set) var chains: [PlaceChain] = []
    /// Names of the program itself: script, program, image, package.
    private(set) var ownNames: [Name] = []
    /// Names that only count beside the name of a project: frameworks.
    private(set) var frameworkNames: [Name] = []
    /// The program, by command line, image or short name.
    private(set) var software: Software?
    private(set) var softwareName: String?

    init(_ candidate: Candidate) {
        self.candidate = candidate
        invocation = Invocation(candidate.arguments, command: candidate.command)
        software = invocation.software
        softwareName = invocation.softwareName
        if let container = candidate.container { noteImage(container) }
        notePrograms()
        if let container = candidate.container {
            noteContainer(container)
        } else {
            noteDirectories()
        }
        noteOwnNames()
        notePackage()
    }

    private mutating func noteImage(_ container: Candidate.Container) {
        guard let (name, found) = Software.named(Self.imageName(container.image)) else { return }
        if found.kind == .runner { return }
        // An image may hold several programs; the command says which, the image what it is for.
        if software == nil || [.tool, .application, .mute, .engine, .docs].contains(found.kind) {
            software = found
            softwareName = name
        }
    }

    /// "registry.example:5000/team/shop-api:2" is called "shop-api".
    static func imageName(_ image: String) -> String {
        let last = image.split(separator: "/").last ?? ""
        return String(last.prefix { $0 != ":" && $0 != "@" })
    }

    private mutating func notePrograms() {
        for program in invocation.programs {
            note(program: InvocationReader.stripped(program))
        }
        guard let container = candidate.container else { return }
        let image = Self.imageName(container.image)
        if container.composeProject == nil || Software.named(image) != nil {
            note(program: image)
        }
    }

    private mutating func note(program: String) {
        let name = Name(program)
        guard !name.isEmpty, !ProgramWords.generic.contains(name.joined) else { return }
        switch Software.named(program)?.software.kind {
        case .runner, .helper: break
        case .frontEnd, .rendering, .server, .api: frameworkNames.append(name)
        default: ownNames.append(name)
        }
    }

    private mutating func noteContainer(_ container: Candidate.Container) {
        let project = container.composeProject.map { Name($0) }
        let directory = project == nil ? nil : candidate.workingDirectory
        if let project, !project.isEmpty {
            let root = directory ?? "compose:" + project.joined
            let service = container.composeService.map { Name($0).part(of: project) }
            var chains: [PlaceChain] = []
            if let directory, let chain = PlaceChain(path: directory, evidence: .compose),
                !Self.isVariant(project, of: chain)
            {
                chains.append(chain)
            }
            let step = Step(name: project, kind: .plain, key: root)
            chains.append(PlaceChain(steps: [step], evidence: .compose))
            if let short = Self.withoutToolPrefix(project) {
                let step = Step(name: short, kind: .plain, key: root)
                chains.append(PlaceChain(steps: [step], evidence: .compose))
            }
            if let service {
                chains = chains.map { $0.appending(service, key: root + "#" + service.joined) }
            }
            self.chains += chains
        }
        let name = Name(container.name)
        let key = "container:" + container.name
        if !name.isEmpty {
            chains.append(
                PlaceChain(steps: [Step(name: name, kind: .plain, key: key)], evidence: .container))
            if let bare = Self.withoutNumber(name), project == nil {
                let step = Step(name: bare, kind: .plain, key: "container:" + bare.joined)
                chains.append(PlaceChain(steps: [step], evidence: .container))
            }
        }
    }

    /// Project "shop-staging" in the directory shop is another stack of it, not shop itself.
    private static func isVariant(_ project: Name, of chain: PlaceChain) -> Bool {
        guard let last = chain.steps.last(where: { $0.kind == .plain })?.name,
            project.words.count > last.words.count, project.words.starts(with: last.words)
        else { return false }
        let rest = project.words[last.words.count...]
        return !rest.allSatisfy {
            ["dev", "local", "docker", "compose", "development"].contains($0)
        }
    }

    /// Tools that name the projects they start.
    private static func withoutToolPrefix(_ project: Name) -> Name? {
        guard project.words.count > 1, ["ddev", "lando", "docksal"].contains(project.words[0])
        else {
            return nil
        }
        return Name(words: Array(project.words.dropFirst()))
    }

    private static func withoutNumber(_ name: Name) -> Name? {
        guard name.words.count > 1, let last = name.words.last, last.allSatisfy(\.isNumber) else {
            return nil
        }
        return Name(words: Array(name.words.dropLast()))
    }

    private mutating func noteDirectories() {
        let directory = candidate.workingDirectory ?? ""
        let home = PlaceChain(path: directory)
        var places = home.map { [$0] } ?? []
        let isSettled = home?.steps.contains { $0.kind == .plain } ?? false
        for path in invocation.paths {
            if path.isArgument, isSettled, !servesFiles { continue }
            guard let folder = Self.folder(of: path) else { continue }
            if path.text.hasPrefix("/") {
                if let chain = PlaceChain(path: folder) { places.append(chain) }
            } else if var chain = PlaceChain(path: Self.join(directory, folder)) {
                chain.silence("app", below: directory)
                places.append(chain)
            }
        }
        for place in places
        where !chains.contains(where: { $0.steps.last?.key == place.steps.last?.key }) {
            chains.append(place)
        }
        dropPrefixes()
    }

    /// The program's own names, for whoever runs it anywhere.
    private mutating func noteOwnNames() {
        let place = candidate.container?.name ?? candidate.workingDirectory ?? ""
        for name in invocation.names.map({ Name($0) })
        where !name.isEmpty && !ProgramWords.generic.contains(name.joined) {
            ownNames.append(name)
        }
        for name in ownNames {
            let key = "program:" + name.joined + "|" + place
            chains.append(
                PlaceChain(steps: [Step(name: name, kind: .plain, key: key)], evidence: .program))
        }
    }

    /// Whether options of the program name what it serves or runs. Other programs may be told of
    /// directories that are none of theirs.
    private var servesFiles: Bool {
        if let kind = software?.kind { return kind != .helper && kind != .desktop }
        return invocation.programs.first.flatMap { Software.named($0) }?.software.kind == .runner
            && invocation.programs.count == 1
    }

    /// A chain that another one continues says nothing of its own.
    private mutating func dropPrefixes() {
        let keys = chains.map { $0.steps.last?.key ?? "" }
        let isPrefix = keys.map { key in keys.contains { $0.hasPrefix(key + "/") } }
        chains = zip(chains, isPrefix).filter { !$0.1 }.map(\.0)
    }

    /// The directory that a path names, or that its file is in.
    private static func folder(of path: Invocation.Path) -> String? {
        switch path {
        case .folder(let text), .servedFolder(let text): return text
        case .file(let text), .configuration(let text):
            guard let slash = text.lastIndex(of: "/") else { return nil }
            return slash == text.startIndex ? "/" : String(text[..<slash])
        }
    }

    /// Resolves "." and ".." of a relative path.
    private static func join(_ directory: String, _ path: String) -> String {
        var parts = directory.split(separator: "/").map(String.init)
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return "/" + parts.joined(separator: "/")
    }

    private mutating func notePackage() {
        guard let package = candidate.packageName else { return }
        let names = package.split(separator: "/").map { Name($0) }.filter { !$0.isEmpty }
        guard let last = names.last else { return }
        var steps: [Step] = []
        for name in names.suffix(2) where name == last || package.hasPrefix("@") {
            let key = "package:" + name.joined + "|" + (candidate.workingDirectory ?? "")
            steps.append(Step(name: name, kind: .plain, key: key))
        }
        chains.append(PlaceChain(steps: steps, evidence: .package))
    }

    /// Whether both belong to one project.
    func sharesPlace(with other: CandidateFacts) -> Bool {
        let keys = Set(placeKeys)
        return other.placeKeys.contains { keys.contains($0) }
    }

    private var placeKeys: [String] {
        chains.flatMap { chain in chain.steps.filter { $0.kind == .plain }.map(\.key) }
    }
}
