// A snapshot as C structures, for other plugins.
import CGateway
import PluginSDK
import Synchronization

/// Made once per snapshot and shared by everybody who acquires it. Its memory goes with the last
/// reference.
final class SharedSnapshot: @unchecked Sendable {
    let snapshot: DiscoverySnapshot
    private let candidates: UnsafeMutableBufferPointer<gw_discovery_candidate>
    private let engines: UnsafeMutableBufferPointer<gw_discovery_engine>
    private let targets: [LiveTarget]
    private var memory = CMemory()

    /// The newest one that was asked for.
    private static let newest = Mutex<SharedSnapshot?>(nil)

    /// [any]
    static var current: SharedSnapshot {
        let snapshot = Discovery.snapshot
        return newest.withLock { newest in
            if let newest, newest.snapshot === snapshot { return newest }
            let made = SharedSnapshot(snapshot)
            newest = made
            return made
        }
    }

    private init(_ snapshot: DiscoverySnapshot) {
        self.snapshot = snapshot
        targets = snapshot.services.map { $0.makeTarget() }
        candidates = .allocate(capacity: snapshot.services.count)
        engines = .allocate(capacity: snapshot.engines.count)
        for (index, service) in snapshot.services.enumerated() {
            candidates.initializeElement(at: index, to: memory.candidate(service))
        }
        for (index, engine) in snapshot.engines.enumerated() {
            engines.initializeElement(at: index, to: memory.engine(engine))
        }
    }

    deinit {
        candidates.deallocate()
        engines.deallocate()
        memory.free()
    }

    func candidate(_ index: Int) -> UnsafePointer<gw_discovery_candidate>? {
        Self.element(candidates, index)
    }

    func engine(_ index: Int) -> UnsafePointer<gw_discovery_engine>? {
        Self.element(engines, index)
    }

    func isCurrent(_ index: Int, within age: UInt64) -> Bool {
        targets.indices.contains(index) && targets[index].isCurrent(within: age)
    }

    private static func element<Element>(
        _ elements: UnsafeMutableBufferPointer<Element>, _ index: Int
    ) -> UnsafePointer<Element>? {
        guard elements.indices.contains(index), let start = elements.baseAddress else { return nil }
        return UnsafePointer(start + index)
    }
}

/// Memory for texts and lists that lives until it is freed as a whole.
private struct CMemory {
    private var pieces: [UnsafeMutableRawPointer] = []

    mutating func free() {
        for piece in pieces { piece.deallocate() }
        pieces = []
    }

    private mutating func list<Element: BitwiseCopyable>(
        _ elements: [Element]
    ) -> UnsafePointer<Element>? {
        guard !elements.isEmpty else { return nil }
        let start = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        start.initialize(from: elements, count: elements.count)
        pieces.append(UnsafeMutableRawPointer(start))
        return UnsafePointer(start)
    }

    private mutating func text(_ text: String?) -> gw_view {
        guard let text else { return gw_view() }
        return gw_view(ptr: list(Array(text.utf8)), len: text.utf8.count)
    }

    mutating func engine(_ engine: DiscoverySnapshot.EngineStatus) -> gw_discovery_engine {
        gw_discovery_engine(
            struct_size: UInt32(MemoryLayout<gw_discovery_engine>.size), rev: 0,
            address: text(engine.address), problem: text(engine.problem),
            is_connected: engine.isConnected ? 1 : 0,
            container_count: UInt32(clamping: engine.containerCount))
    }

    mutating func candidate(_ service: DiscoveredService) -> gw_discovery_candidate {
        let candidate = service.candidate
        var raw = gw_discovery_candidate()
        raw.struct_size = UInt32(MemoryLayout<gw_discovery_candidate>.size)
        raw.id = text(candidate.id)
        raw.kind = candidate.kind == .process ? GW_DISCOVERY_PROCESS : GW_DISCOVERY_CONTAINER
        raw.marks = service.marks.rawValue
        raw.port = UInt32(candidate.port)
        if let process = service.process {
            raw.process_id = UInt32(clamping: process.processID)
            raw.parent_id = UInt32(clamping: process.parentID)
            raw.start_time = process.startTime
            raw.executable = text(process.executable)
        }
        raw.bind = text(candidate.bind)
        raw.command = text(candidate.command)
        raw.arguments = text(candidate.arguments)
        raw.working_directory = text(candidate.workingDirectory)
        raw.package_name = text(candidate.packageName)
        let addresses = service.dialAddresses.map { text($0.text) }
        raw.addresses = list(addresses)
        raw.address_count = addresses.count
        if let container = candidate.container { add(container, to: &raw) }
        return raw
    }

    private mutating func add(
        _ container: Candidate.Container, to raw: inout gw_discovery_candidate
    ) {
        raw.container_name = text(container.name)
        raw.image = text(container.image)
        raw.compose_project = text(container.composeProject)
        raw.compose_service = text(container.composeService)
        let published = container.publishedPorts.map {
            gw_discovery_published(
                container: $0.container, host: $0.host, reserved: 0, address: text($0.address))
        }
        raw.published = list(published)
        raw.published_count = published.count
        raw.exposed = list(container.exposedPorts)
        raw.exposed_count = container.exposedPorts.count
        let labels = container.labels.sorted { $0.key < $1.key }.map {
            gw_discovery_label(name: text($0.key), value: text($0.value))
        }
        raw.labels = list(labels)
        raw.label_count = labels.count
    }
}
