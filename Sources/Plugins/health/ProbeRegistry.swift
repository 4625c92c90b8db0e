// All probes of the process by what they ask for, shared by routes and across reloads.
import Synchronization

enum ProbeRegistry {
    private static let probes = Mutex<[ProbeSpecification: Probe]>([:])

    /// [config]
    static func watch(
        _ specification: ProbeSpecification, _ handles: WatchHandles
    ) -> UnsafeMutablePointer<Watch> {
        let probe = probes.withLock { probes in
            let probe = probes[specification] ?? Probe(specification)
            probes[specification] = probe
            return probe
        }
        return probe.add(handles)
    }

    /// [config]
    static func release(_ watch: UnsafeMutablePointer<Watch>) {
        let probe = watch.pointee.probe
        guard probe.remove(watch) else { return }
        _ = probes.withLock { $0.removeValue(forKey: probe.specification) }
    }

    /// What every probe found, sorted by upstream. [any]
    static var reports: [Probe.Report] {
        probes.withLock { Array($0.values) }.map(\.report).sorted { $0.upstream < $1.upstream }
    }
}
