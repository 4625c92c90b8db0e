// Where container engines may be: DOCKER_HOST and the usual sockets.
import PluginSDK

/// One engine with the pool that reaches it. Belongs to the scope of a watch.
struct EngineEndpoint: Sendable {
    /// "unix//run/podman/podman.sock", "192.0.2.7:2376".
    let address: String
    /// nil for one on another machine.
    let socketPath: String?
    /// Where its published ports are; nil for this machine.
    let host: IPAddress?
    let pool: Pool

    /// All that are worth a try; a socket that is not there now may come later. [config]
    static func all(_ scope: Scope) -> [EngineEndpoint] {
        var endpoints: [EngineEndpoint] = []
        for place in EnginePlace.all(scope.environment) {
            switch place {
            case .success(let place):
                guard !endpoints.contains(where: { $0.address == place.address }),
                    let pool = try? scope.pool(place.poolSpec)
                else { continue }
                endpoints.append(
                    EngineEndpoint(
                        address: place.address, socketPath: place.socketPath, host: place.host,
                        pool: pool))
            case .failure(let problem):
                scope.warn(PluginError(problem.message, hint: problem.hint))
            }
        }
        return endpoints
    }
}

/// The address of an engine as the environment gives it.
struct EnginePlace: Equatable {
    struct Problem: Error, Equatable {
        var message: String
        var hint: String
    }

    var address: String
    var socketPath: String?
    var host: IPAddress?
    /// Folder with ca.pem, cert.pem and key.pem; nil without TLS.
    var certificates: String?

    /// What an operator named first, then where Docker and Podman put their sockets.
    static func all(
        _ environment: (String) -> String?
    ) -> [Result<EnginePlace, EnginePlace.Problem>] {
        func value(_ name: String) -> String? {
            environment(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        var certificates: String?
        if value("DOCKER_TLS_VERIFY") != nil {
            certificates = value("DOCKER_CERT_PATH") ?? value("HOME").map { "\($0)/.docker" }
        }
        let named = ["DOCKER_HOST", "CONTAINER_HOST"].compactMap { name in
            value(name).map { read($0, variable: name, certificates: certificates) }
        }
        var paths = ["/var/run/docker.sock"]
        if let folder = value("XDG_RUNTIME_DIR") {
            paths += ["\(folder)/docker.sock", "\(folder)/podman/podman.sock"]
        }
        paths.append("/run/podman/podman.sock")
        if let home = value("HOME") {
            let places = [
                ".docker/run", ".docker/desktop", ".colima/default", ".orbstack/run", ".rd",
            ]
            paths += places.map { "\(home)/\($0)/docker.sock" }
        }
        return named + paths.map { .success(EnginePlace(socket: $0)) }
    }

    private init(socket path: String) {
        address = "unix/\(path)"
        socketPath = path
    }

    private init(
        address: String, host: IPAddress?, certificates: String?
    ) {
        self.address = address
        self.host = host
        self.certificates = certificates
    }

    /// "unix:///path", "tcp://host:port".
    static func read(
        _ text: String, variable: String, certificates: String?
    ) -> Result<EnginePlace, Problem> {
        if text.hasPrefix("unix:///") {
            return .success(EnginePlace(socket: String(text.dropFirst(7))))
        }
        guard text.hasPrefix("tcp://") else {
            return .failure(
                Problem(
                    message: "\(variable) is \"\(text)\", expected unix:///path or tcp://host:port",
                    hint: "containers of that engine are not found"))
        }
        let rest = text.dropFirst(6).prefix { $0 != "/" }
        guard let colon = rest.lastIndex(of: ":"), UInt16(rest[rest.index(after: colon)...]) != nil
        else {
            return .failure(
                Problem(
                    message: "\(variable) is \"\(text)\", which has no port",
                    hint: "such as tcp://192.0.2.7:2375"))
        }
        var name = String(rest[..<colon])
        if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
        let host = IPAddress(name) ?? IPAddress.resolving(name)
        return .success(
            EnginePlace(
                address: String(rest), host: host.flatMap { $0.isLoopback ? nil : $0 },
                certificates: certificates))
    }

    var poolSpec: PoolSpec {
        var spec = PoolSpec(dial: address)
        // Events and answers come on connections of their own.
        spec.idleMax = 2
        if let certificates {
            spec.options = [.tls]
            spec.caFiles = ["\(certificates)/ca.pem"]
            spec.clientCertificate = "\(certificates)/cert.pem"
            spec.clientKey = "\(certificates)/key.pem"
        }
        return spec
    }
}
