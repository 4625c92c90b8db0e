// What directories mean: which ones hold many projects, which belong to the system, where
// worktrees are kept.

enum PathWords {
    /// Directories that hold homes; the next component is a user.
    static let homeParents: Set<String> = ["home", "Users"]

    /// First components below which nothing is somebody's project.
    static let systemRoots: Set<String> = [
        "usr", "etc", "bin", "sbin", "lib", "lib64", "proc", "sys", "run", "dev", "boot", "snap",
        "Applications", "Library", "System", "nix", "app",
    ]

    /// Paths below which nothing is somebody's project.
    static let systemPrefixes: [[String]] = [
        ["var", "lib"], ["var", "run"], ["var", "log"], ["var", "cache"], ["var", "db"],
        ["opt", "homebrew"], ["opt", "idea"],
    ]

    /// Directories that hold many projects; no names of their own before the project.
    static let holders: Set<String> = [
        "code", "codes", "src", "source", "sources", "sourcecode", "project", "projects", "dev",
        "develop", "development", "developer", "devel", "work", "workspace", "workspaces", "repo",
        "repos", "repository", "repositories", "git", "github", "gitlab", "bitbucket", "codeberg",
        "githubcom", "gitlabcom", "bitbucketorg", "sites", "www", "htdocs", "html", "publichtml",
        "documents", "desktop", "downloads", "go", "srv", "var", "opt", "mnt", "media", "volumes",
        "private", "tmp", "temp", "data", "herd", "valet", "laragon", "ideaprojects",
        "pycharmprojects", "webstormprojects", "phpstormprojects", "golandprojects",
        "rubymineprojects", "eclipseworkspace", "checkout", "checkouts", "apps", "packages",
        "services", "libs", "modules", "pkg", "ghq", "coding", "programming", "home",
    ]

    /// Directories between a project and its parts; no names of their own.
    static let partHolders: Set<String> = [
        "apps", "packages", "pkg", "pkgs", "services", "libs", "lib", "modules", "crates", "cmd",
        "microservices", "functions", "lambdas", "components", "plugins", "internal", "projects",
        "workspaces", "sites", "themes",
    ]

    /// Directories inside a project that say nothing about it.
    static let silent: Set<String> = [
        "src", "source", "dist", "build", "out", "target", "bin", "debug", "release", "public",
        "publichtml", "webroot", "htdocs", "html", "docker", "compose", "deploy", "deployment",
        "deployments", "devcontainer", "ops", "devops", "infra", "infrastructure", "scripts",
        "config", "conf", "main", "master", "trunk", "code", "current", "standalone", "etc", "tmp",
        "temp",
    ]

    /// Directories that group projects when something is below them; last, they are a name.
    static let groups: Set<String> = [
        "clients", "client", "customers", "customer", "orgs", "org", "personal", "oss",
        "opensource", "forks", "learning", "tutorials", "experiments", "experiment", "playground",
        "playgrounds", "sandbox", "sandboxes", "scratch", "lab", "labs", "tools", "misc", "stuff",
        "demos", "examples", "school", "uni", "freelance", "jobs", "archive", "archives",
        "archived", "old", "backup", "backups", "infra", "infrastructure", "team", "teams",
        "company", "conductor", "agency",
    ]

    /// What lies below is a checkout of a branch.
    static let worktreeHolders: Set<String> = [
        "worktrees", "worktree", "gitworktrees", "wt", "wts",
    ]

    /// The same inside a project or in a hidden directory; elsewhere they are any other name.
    static let innerWorktreeHolders: Set<String> = ["wt", "wts", "trees", "branches", "workspaces"]

    static func isWorktrees(_ part: String) -> Bool {
        let name = Name(part).joined
        return worktreeHolders.contains(name) || innerWorktreeHolders.contains(name)
    }

    /// Copies that nobody means.
    static let stale: Set<String> = [
        "archive", "archives", "archived", "old", "backup", "backups", "trash", "tmp", "temp",
        "bak", "obsolete", "deprecated",
    ]

    /// Nothing that lies below is evidence.
    static let foreign: Set<String> = [
        "node_modules", "site-packages", ".venv", "venv", ".cache", ".npm", ".cargo", ".rustup",
        ".local", ".next", ".nuxt", ".svelte-kit", ".output", ".vscode", ".vscode-server", ".idea",
        ".gradle", ".m2", "vendor", ".pyenv", ".nvm", ".rbenv", ".asdf", ".bun", ".deno", ".turbo",
    ]

    /// The checkout that a project's plain name means.
    static let mainBranches: Set<String> = ["main", "master", "trunk"]

    /// How names of branches begin.
    static let branchStarts: Set<String> = [
        "feature", "feat", "fix", "bugfix", "hotfix", "release", "chore", "refactor", "spike",
        "wip", "pr", "issue", "dependabot", "renovate", "experiment", "perf", "revert", "topic",
    ]
}
