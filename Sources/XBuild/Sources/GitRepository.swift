// Sources out of git repositories, at one commit.
import Commands
import Services

/// A repository that is kept in the cache as a bare copy, so that a known commit needs no network.
struct GitRepository {
    let url: String
    private let git: Tool
    private let copy: String

    /// What of git may be used to fetch; no program of a configuration, no prompt.
    private static let environment: [String: String?] = [
        "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_DIR": nil, "GIT_WORK_TREE": nil, "GIT_INDEX_FILE": nil,
    ]

    init(url: String, cache: Cache) throws(BuildError) {
        let isLocal = !url.contains(":") || url.hasPrefix("/")
        self.url = isLocal ? Paths.absolute(url) : url
        git = try Tools.git()
        copy = "\(cache.folder)/git/\(ContentDigest.sha256(Array(self.url.utf8)).prefix(32))"
    }

    /// Without what stands between `://` and `@`, for the lock file and messages: it may be a token.
    var shownURL: String { Self.withoutCredentials(url) }

    static func withoutCredentials(_ url: String) -> String {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else {
            return url
        }
        let start = url.index(colon, offsetBy: 3)
        let authority = url[start...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return url }
        return String(url[..<start] + url[url.index(after: at)...])
    }

    /// The commit that a version names, fetched when it has to be.
    func commit(of version: String?) throws(BuildError) -> String {
        if let version, Self.isCommit(version), let known = resolve(version) { return known }
        try fetch()
        let names = version.map { ["refs/tags/\($0)", "refs/heads/\($0)", $0] } ?? ["HEAD"]
        for name in names {
            if let commit = resolve(name) { return commit }
        }
        throw BuildError("\(shownURL) has no tag, branch or commit \"\(version ?? "HEAD")\"")
    }

    /// Puts the files of a commit into an empty folder.
    func checkOut(_ commit: String, into folder: String) throws(BuildError) {
        try withFiles { () throws(FilesError) in try Folders.make(folder) }
        try git.run(
            [
                "--git-dir=\(copy)", "--work-tree=\(folder)", "checkout", "--force", commit, "--",
                ".",
            ],
            environment: Self.environment.merging(["GIT_INDEX_FILE": "\(folder).index"]) { $1 },
            failure: "git cannot check out \(commit) of \(shownURL)")
        Folders.remove("\(folder).index")
    }

    private func fetch() throws(BuildError) {
        if Folders.isFolder(copy) {
            try git.run(
                ["--git-dir=\(copy)", "fetch", "--quiet", "--prune", "--force", "origin"],
                environment: Self.environment, failure: "git cannot fetch from \(shownURL)")
        } else {
            let fresh = "\(copy).new"
            Folders.remove(fresh)
            try git.run(
                ["clone", "--quiet", "--mirror", "--", url, fresh], environment: Self.environment,
                failure: "git cannot clone \(shownURL)")
            try withFiles { () throws(FilesError) in try Folders.rename(fresh, to: copy) }
        }
    }

    private func resolve(_ name: String) -> String? {
        guard Folders.isFolder(copy) else { return nil }
        let found = try? git.run(
            ["--git-dir=\(copy)", "rev-parse", "--verify", "--quiet", "\(name)^{commit}"],
            environment: Self.environment, failure: "")
        return found?.trimmed
    }

    private static func isCommit(_ text: String) -> Bool {
        text.utf8.count == 40
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
            }
    }

    /// The commit that a working tree is at; "+changes" when files differ from it.
    static func revision(of folder: String, _ git: Tool) -> String? {
        let head = try? git.run(
            ["-C", folder, "rev-parse", "HEAD"], environment: environment, failure: "")
        guard let head else { return nil }
        let changes = try? git.run(
            ["-C", folder, "status", "--porcelain", "--untracked-files=no"],
            environment: environment, failure: "")
        return head.trimmed + (changes?.trimmed.isEmpty == false ? "+changes" : "")
    }
}
