// Programs that listen on many machines and are never what a developer means by a name.

enum KnownPrograms {
    private static let system: Set<String> = [
        "systemd", "systemd-resolve", "systemd-network", "systemd-timesyn", "dbus-daemon",
        "dbus-broker", "init", "launchd", "sshd", "inetd", "xinetd", "cupsd", "cups-browsed",
        "avahi-daemon", "rpcbind", "rpc.statd", "rpc.mountd", "chronyd", "ntpd", "dnsmasq",
        "named", "unbound", "NetworkManager", "wpa_supplicant", "pipewire", "pipewire-pulse",
        "pulseaudio", "master", "exim4", "smbd", "nmbd", "snmpd", "containerd", "dockerd",
        "podman", "tailscaled", "gnome-remote-de", "xrdp", "X", "Xorg", "Xvnc", "rapportd",
        "ControlCenter", "ControlCe", "sharingd", "identityservicesd", "mDNSResponder",
        "kdeconnectd", "aesmd",
    ]
    private static let editors: Set<String> = [
        "code", "code-tunnel", "code-server", "codium", "cursor", "windsurf", "zed", "zeditor",
        "idea", "idea64", "goland", "goland64", "pycharm", "pycharm64", "webstorm", "phpstorm",
        "rubymine", "clion", "rider", "rustrover", "datagrip", "fleet", "studio64.sh", "gopls",
        "rust-analyzer", "clangd", "sourcekit-lsp", "jdtls", "figma_agent",
    ]
    private static let desktops: Set<String> = [
        "chrome", "google-chrome", "Google Chrome", "chromium", "chromium-browse", "firefox",
        "firefox-bin", "msedge", "brave", "opera", "vivaldi", "Safari", "spotify", "Spotify",
        "slack", "discord", "teams", "zoom", "skype", "telegram-deskto", "signal-desktop",
        "dropbox", "steam", "thunderbird", "obs", "soffice.bin",
    ]
    private static let containerHelpers: Set<String> = [
        "docker-proxy", "rootlesskit", "rootlessport", "rootlessport-ch", "slirp4netns", "pasta",
        "pasta.avx2", "passt", "conmon", "gvproxy", "vpnkit", "vpnkit-bridge", "com.docker.backe",
        "com.docker.backend", "com.docker.vpnkit", "OrbStack Helper", "limactl",
    ]
    /// Folders that only editors have.
    private static let editorFolders: Set<Substring> = [
        ".vscode-server", ".vscode-server-insiders", ".vscode", ".vscode-remote", ".cursor-server",
        ".cursor", ".windsurf-server", ".codeium", "JetBrains", "jetbrains", ".zed_server",
    ]
    private static let inspectedPrograms: Set<String> = ["node", "deno", "bun", "electron"]
    private static let inspectorPorts: ClosedRange<UInt16> = 9229...9239

    static func marks(of facts: ProcessFacts, port: UInt16) -> Marks {
        var marks: Marks = []
        let names = [facts.command, facts.executable.map(lastComponent) ?? facts.command]
        if names.contains(where: system.contains) { marks.insert(.system) }
        if names.contains(where: editors.contains) || isBelowEditor(facts) { marks.insert(.editor) }
        if names.contains(where: desktops.contains) { marks.insert(.desktop) }
        if names.contains(where: containerHelpers.contains) { marks.insert(.containerHelper) }
        if isDebugger(facts, port) { marks.insert(.debugger) }
        return marks
    }

    /// By the program itself and the script that it runs, never by other arguments: those name what
    /// a program works on.
    private static func isBelowEditor(_ facts: ProcessFacts) -> Bool {
        let words = facts.arguments.split(separator: " ", maxSplits: 2)
        let script = words.dropFirst().first ?? ""
        return [facts.executable.map { $0[...] } ?? "", script].contains { path in
            path.split(separator: "/").dropLast().contains(where: editorFolders.contains)
        }
    }

    private static func isDebugger(_ facts: ProcessFacts, _ port: UInt16) -> Bool {
        if inspectedPrograms.contains(facts.command), inspectorPorts.contains(port) { return true }
        for word in facts.arguments.split(separator: " ") {
            if word.hasPrefix("--inspect"), ends(word, with: port) { return true }
            if word.hasPrefix("-agentlib:jdwp="), ends(word, with: port) { return true }
            if word.hasPrefix("--remote-debugging-port="), ends(word, with: port) { return true }
            if word.hasSuffix("debugpy/adapter") || word == "debugpy.adapter" { return true }
        }
        return false
    }

    private static func ends(_ word: Substring, with port: UInt16) -> Bool {
        word.hasSuffix("=\(port)") || word.hasSuffix(":\(port)")
    }

    private static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
