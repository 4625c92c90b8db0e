// Names of programs and scripts that say nothing.

enum ProgramWords {
    /// By their words written together.
    static let generic: Set<String> = [
        "main", "server", "app", "index", "start", "run", "serve", "dev", "cli", "manage", "wsgi",
        "asgi", "bootstrap", "entry", "entrypoint", "init", "launch", "bin", "program",
        "application",
        "service", "http", "httpserver", "devserver", "startserver", "prod", "production", "local",
        "build", "setup", "exe", "debug", "release", "default", "module", "config", "settings",
        "core",
        "src", "dist", "tmp", "temp", "site", "code", "managepy", "create", "createapp", "factory",
        "standalone", "master", "process", "daemon", "node", "docker", "image", "base", "latest",
        "phps", "listen", "boot", "handler", "routes", "web3000", "org", "com", "project",
    ]
}
