// A worker with exchanges, without listeners and without a thread of its own.
import Base
import CGateway
import HTTP
import Loader
import Logging
import Routing
import Testing
import Transport

@testable import Server

/// Keeps what exchanges refer to without owning it.
final class ExchangeFixture {
    let worker: Worker
    private let logs: LogSystem

    init() throws {
        logs = try LogSystem()
        let finder = PluginFinder(options: [], environment: nil, executableFolder: "/nonexistent")
        let instances = InstanceSet(
            cache: InstanceCache(), loader: PluginLoader(finder: finder))
        let registry = try logs.makeRegistry(nil)
        let generation = ControlPlane.withRegistries { registries in
            Generation(
                number: 0, names: registries.names.snapshot(),
                templates: registries.templates.snapshot(), handlers: [], labels: [],
                routes: registries.routes.snapshot(), servers: [], logs: GenerationLogs(registry),
                instances: instances)
        }
        worker = try Worker(
            index: 0, workPool: WorkPool(threadsMax: 1), lookups: Lookups(threadsMax: 1),
            pools: UpstreamPools(), descriptors: DescriptorBudget(limit: 1024),
            onDemand: OnDemandCertificates(service: CertificateService(directory: nil)),
            generation: generation, logProducer: logs.makeProducer())
    }

    /// An exchange that has just read a GET with those fields, from that peer.
    func exchange(peer: String = "192.0.2.1", _ fields: [(String, String)] = []) throws -> Exchange
    {
        let exchange = worker.takeExchange()
        try exchange.requestBlock.register(&exchange.req.pointee.fields)
        for (name, value) in fields {
            try Array(name.utf8).withUnsafeBufferPointer { name in
                try Array(value.utf8).withUnsafeBufferPointer { value in
                    try FieldSection.addNamed(
                        &exchange.req.pointee.fields, name: name, value: value)
                }
            }
        }
        exchange.req.pointee.remote_ip = try Array(peer.utf8).withUnsafeBytes {
            try exchange.requestBlock.append($0)
        }
        exchange.req.pointee.client_ip = exchange.req.pointee.remote_ip
        return exchange
    }
}
