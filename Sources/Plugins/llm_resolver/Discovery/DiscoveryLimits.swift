// Every limit of discovery, in one place.

enum DiscoveryLimits {
    private static let millisecond: UInt64 = 1_000_000
    private static let second: UInt64 = 1000 * millisecond

    // MARK: Time, in nanoseconds

    /// Between two looks at the sockets while things change or names are asked for, and otherwise.
    static let periodBusy = 250 * millisecond
    static let periodIdle = 2 * second
    /// How long after a change or a question the short period lasts.
    static let busyFor = 10 * second
    /// What a process says about itself is read again this often: titles and directories change.
    static let factsFor = 30 * second
    /// A process this young is read at every look, because it is still finding itself.
    static let youngFor = 20 * second
    /// A target that was looked at less than this ago counts as current.
    static let verifiedFor = 50 * millisecond
    /// An engine is asked for all containers again, whatever its events said.
    static let relistEvery = 60 * second
    /// The same for an engine that gives no events.
    static let relistWithoutEvents = 5 * second
    /// Events that come together make one listing.
    static let eventsGather = 30 * millisecond
    static let retryMin = second
    static let retryMax = 30 * second
    /// Of one answer of an engine.
    static let engineTimeout = 10 * second

    // MARK: Sizes

    static let socketsMax = 16_384
    static let commandLineBytesMax = 4096
    /// What a candidate carries of its command line.
    static let argumentsBytesMax = 1024
    static let pathBytesMax = 4096
    static let statusBytesMax = 4096
    static let socketTableBytesMax = 4 * 1024 * 1024
    static let manifestBytesMax = 256 * 1024
    static let packageNameBytesMax = 214
    /// Open files of one process that are looked at for its sockets.
    static let filesPerProcessMax = 65_536
    static let parentsMax = 32
    static let containersMax = 1024
    static let portsPerContainerMax = 256
    static let engineBodyBytesMax: UInt64 = 16 * 1024 * 1024
    static let eventBytesMax = 256 * 1024
}
