// The trust stores of a machine: where they are, and how a root gets in and out.
import Certificates
import Commands

/// Says each step on standard output; a step that fails does not keep the others from being tried.
struct TrustStores {
    private let target: TrustTarget
    private let home = Environment.value("HOME")

    init(_ target: TrustTarget) { self.target = target }

    /// - Returns: Whether every store has it.
    func install(_ root: TrustedRoot) -> Bool {
        Console.print("root: \(root.certificate.commonName)\n  \(root.path)")
        var isDone = true
        if let store = SystemStore.find(prefix: target.prefix) {
            let file = "\(store.folder)/\(root.entry).crt"
            isDone = refresh(
                store, "cp \(root.path) \(file)",
                do: { () throws(FilesError) in try Files.replace(file, with: root.certificate.pem) }
            )
        } else {
            Console.print("system store: none found that is known")
        }
        for database in NSSDatabase.all(home: home) {
            isDone = run("NSS database", database.add(root)) && isDone
        }
        if NSSDatabase.tool == nil, !NSSDatabase.folders(home: home).isEmpty {
            Console.print(
                "NSS databases: certutil is missing (Debian: libnss3-tools), browsers are left out")
        }
        return isDone
    }

    /// - Returns: Whether no store has it any more.
    func remove(_ root: TrustedRoot) -> Bool {
        Console.print("root: \(root.certificate.commonName)\n  \(root.path)")
        var isDone = true
        if let store = SystemStore.find(prefix: target.prefix) {
            let file = "\(store.folder)/\(root.entry).crt"
            if Files.stamp(file) == nil {
                Console.print("system store: does not have it")
            } else {
                isDone = refresh(store, "rm \(file)", do: { Files.remove(file) })
            }
        }
        for database in NSSDatabase.all(home: home) where database.has(root) {
            isDone = run("NSS database", database.delete(root)) && isDone
        }
        return isDone
    }

    /// Changes a file of the system's store and has its bundle made anew.
    private func refresh(
        _ store: SystemStore, _ change: String, do action: () throws(FilesError) -> Void
    ) -> Bool {
        let command = store.command.joined(separator: " ")
        if target.isDryRun {
            Console.print("system store, would run:\n  \(change) && \(command)")
            return true
        }
        guard Files.mayWrite(store.folder) else {
            Console.print(
                "system store: needs root. Run this command with sudo, or:\n"
                    + "  sudo \(change) && sudo \(command)")
            return false
        }
        do throws(FilesError) { try action() } catch {
            Console.error("system store: \(error)")
            return false
        }
        return run("system store", store.command)
    }

    private func run(_ what: String, _ command: [String]) -> Bool {
        let text = command.joined(separator: " ")
        if target.isDryRun {
            Console.print("\(what), would run:\n  \(text)")
            return true
        }
        let status = ChildProcess.run(command)
        Console.print(status == 0 ? "\(what): done" : "\(what): failed with \(status)\n  \(text)")
        return status == 0
    }
}

/// A folder of anchors and the command that makes the bundle of it.
struct SystemStore {
    var folder: String
    var command: [String]

    private static let known = [
        (folder: "/usr/local/share/ca-certificates", command: ["update-ca-certificates"]),
        ("/etc/pki/ca-trust/source/anchors", ["update-ca-trust", "extract"]),
        ("/etc/ca-certificates/trust-source/anchors", ["trust", "extract-compat"]),
        ("/etc/pki/trust/anchors", ["update-ca-certificates"]),
    ]

    /// - Parameter prefix: Stands for `/`.
    static func find(prefix: String) -> SystemStore? {
        for (folder, command) in known {
            guard Files.isFolder(prefix + folder), let tool = Files.program(command[0]) else {
                continue
            }
            var command = [tool] + command.dropFirst()
            if !prefix.isEmpty {
                // Only Debian's tool can work elsewhere; the others are run inside the image.
                guard folder.hasPrefix("/usr/local") else { continue }
                command += [
                    "--localcertsdir", prefix + folder, "--etccertsdir", "\(prefix)/etc/ssl/certs",
                    "--hooksdir", "\(prefix)/etc/ca-certificates/update.d",
                ]
            }
            return SystemStore(folder: prefix + folder, command: command)
        }
        return nil
    }
}

/// A certificate database of a browser.
struct NSSDatabase {
    var folder: String
    private var certutil: String

    static var tool: String? { Files.program("certutil") }

    /// Those that there are, when there is a tool to change them.
    static func all(home: String?) -> [NSSDatabase] {
        guard let tool else { return [] }
        return folders(home: home).map { NSSDatabase(folder: $0, certutil: tool) }
    }

    /// Chromium and Chrome share one; each profile of Firefox has its own.
    static func folders(home: String?) -> [String] {
        guard let home else { return [] }
        let patterns = [
            "\(home)/.pki/nssdb/cert9.db", "\(home)/snap/chromium/current/.pki/nssdb/cert9.db",
            "\(home)/.mozilla/firefox/*/cert9.db",
            "\(home)/snap/firefox/common/.mozilla/firefox/*/cert9.db",
            "\(home)/Library/Application Support/Firefox/Profiles/*/cert9.db",
        ]
        return patterns.flatMap(Files.matching).map { String($0.dropLast("/cert9.db".count)) }
    }

    func add(_ root: TrustedRoot) -> [String] {
        [
            certutil, "-A", "-d", "sql:\(folder)", "-t", "C,,", "-n", root.entry, "-i", root.path,
        ]
    }

    func delete(_ root: TrustedRoot) -> [String] {
        [certutil, "-D", "-d", "sql:\(folder)", "-n", root.entry]
    }

    func has(_ root: TrustedRoot) -> Bool {
        ChildProcess.run(
            [certutil, "-L", "-d", "sql:\(folder)", "-n", root.entry], isQuiet: true) == 0
    }
}

/// What programs need that look into no store of the machine.
enum TrustHints {
    static func show(_ path: String) {
        Console.print(
            """
            programs with a store of their own:
              curl      curl --cacert \(path) https://…
              Node      export NODE_EXTRA_CA_CERTS=\(path)
              Python    export SSL_CERT_FILE=\(path) REQUESTS_CA_BUNDLE=\(path)
                        (they replace Python's own list: name the system's bundle where other
                        servers are needed, too)
            """)
    }
}
