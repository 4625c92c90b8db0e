// What a distribution has beside program and plugins: unit, Dockerfile, licences.

enum Accompaniments {
    /// - Parameter folder: Where the distribution is on the machine that runs it.
    static func unit(folder: String) -> String {
        """
        # Gatewright as a service. Copy it to /etc/systemd/system and put the configuration into
        # /etc/gatewright/Caddyfile; the distribution is expected in \(folder).
        [Unit]
        Description=Gatewright
        Documentation=file:\(folder)/licences/gatewright
        After=network-online.target
        Wants=network-online.target

        [Service]
        Type=notify
        ExecStartPre=\(folder)/bin/gatewright validate --config /etc/gatewright/Caddyfile
        ExecStart=\(folder)/bin/gatewright run --config /etc/gatewright/Caddyfile
        ExecReload=/bin/kill -USR1 $MAINPID
        EnvironmentFile=-/etc/gatewright/environment
        Environment=XDG_DATA_HOME=/var/lib/gatewright
        Restart=on-failure
        TimeoutStopSec=40
        LimitNOFILE=1048576
        DynamicUser=yes
        StateDirectory=gatewright
        AmbientCapabilities=CAP_NET_BIND_SERVICE
        CapabilityBoundingSet=CAP_NET_BIND_SERVICE
        NoNewPrivileges=yes
        ProtectSystem=strict
        ProtectHome=yes
        PrivateTmp=yes
        PrivateDevices=yes

        [Install]
        WantedBy=multi-user.target

        """
    }

    static func dockerfile(base: String, packages: [String]) -> String {
        let names = (packages.filter { $0 != "libc6" && $0 != "libgcc-s1" } + ["ca-certificates"])
            .sorted().joined(separator: " ")
        return """
            # Builds an image of this distribution: docker build -t gatewright .
            FROM \(base)
            RUN apt-get update && apt-get install --yes --no-install-recommends \\
                \(names) && rm -rf /var/lib/apt/lists/*
            COPY bin /opt/gatewright/bin
            COPY lib /opt/gatewright/lib
            COPY plugins /opt/gatewright/plugins
            COPY licences /opt/gatewright/licences
            COPY gatewright.lock.json /opt/gatewright/
            RUN useradd --system --home-dir /data gatewright && install -d -o gatewright /data
            USER gatewright
            ENV XDG_DATA_HOME=/data
            WORKDIR /data
            # The configuration: docker run -v $PWD/Caddyfile:/etc/gatewright/Caddyfile:ro …
            ENTRYPOINT ["/opt/gatewright/bin/gatewright"]
            CMD ["run", "--config", "/etc/gatewright/Caddyfile"]

            """
    }

    /// Files that carry a licence, in a folder.
    static func licences(in folder: String) -> [String] {
        Folders.entries(folder).filter { name in
            let plain = name.uppercased()
            return Folders.isFile("\(folder)/\(name)")
                && ["LICENSE", "LICENCE", "COPYING", "NOTICE"].contains { plain.hasPrefix($0) }
        }
    }

    static let swiftNotice = """
        The libraries in lib/swift, or inside of program and plugins, are the run-time libraries of
        the Swift programming language, https://swift.org, Copyright (c) Apple Inc. and the Swift project authors. They are licensed
        under the Apache License 2.0, which is beside this file, with the Runtime Library Exception:

            As an exception, if you use this Software to compile your source code and portions of
            this Software are embedded into the binary product as a result, you may redistribute
            such product without providing attribution as would otherwise be required by Sections
            4(a), 4(b) and 4(d) of the License.

        """
}
