// Where container engines may be: DOCKER_HOST and the usual sockets.
import PluginSDK

/// One engine with the pool that reaches it. Belongs to the scope of a watch.
struct EngineEndpoint: Sendable {
    /// "unix//run/podman/podman.sock", "127.0.0.1:2375".
    let address: String
    let pool: Pool
    /// nil for a socket of this machine.
    let host: IPAddress?

    static func all(_ scope: Scope) -> [EngineEndpoint] { [] }
}
