// Port numbers that say what is spoken there, for programs that are not known otherwise.

enum Ports {
    /// Protocols other than HTTP.
    static func isMute(_ port: UInt16) -> Bool { mute.contains(port) }

    /// Inspectors, debug adapters and remote debugging.
    static func isDebugger(_ port: UInt16) -> Bool {
        (9222...9239).contains(port) || debuggers.contains(port)
    }

    /// Figures for a collector, not pages for a person.
    static func isMetrics(_ port: UInt16) -> Bool { metrics.contains(port) }

    /// Sockets that tell a page to load again.
    static func isReload(_ port: UInt16) -> Bool { reload.contains(port) }

    /// Where the system takes ports for sockets that asked for none in particular.
    static func isEphemeral(_ port: UInt16) -> Bool { port >= 32768 }

    private static let mute: Set<UInt16> = [
        20, 21, 22, 23, 25, 53, 110, 111, 139, 143, 389, 445, 465, 514, 554, 587, 636, 873, 993,
        995,
        1025, 1110, 1433, 1521, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 2525, 3306, 3389, 4222,
        4317, 4369, 5432, 5671, 5672, 5900, 6379, 6380, 6831, 7233, 7687, 8883, 9042, 9092, 9094,
        9160, 9300, 11211, 14250, 25672, 26257, 26379, 27017, 27018, 27019, 28015, 29015, 33060,
        50051, 50052, 61613, 61616,
    ]
    private static let debuggers: Set<UInt16> = [2345, 5005, 5678, 8229, 9003, 12345, 40000]
    private static let metrics: Set<UInt16> = [
        2112, 9091, 9100, 9102, 9104, 9113, 9115, 9121, 9187, 9216, 9404, 9464, 9394,
    ]
    private static let reload: Set<UInt16> = [24678, 35729, 35730]

    /// Ports where pages are usual, the likeliest first.
    static let usual: [UInt16] = [
        80, 8080, 3000, 8000, 5173, 4200, 5000, 4321, 4173, 1313, 4000, 8888, 8081, 3001, 9000, 443,
        8443,
    ]
}
