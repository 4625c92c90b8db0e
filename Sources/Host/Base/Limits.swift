// Every bound of the host in one place. Sizes in bytes, times in nanoseconds.

/// Bounds and defaults (the ones that a configuration may change say so). Relations between them
/// are asserted in `LimitsTests`.
package enum Limits {
    // Request head (RFC 9112 §3, §5).
    /// Request line: a longer target is answered 414.
    package static let requestLineBytesMax = 16 * 1024
    /// Request line and fields together: 431. A configuration may change it.
    package static let headBytesMax = 64 * 1024
    package static let headFieldsMax = 256
    package static let methodBytesMax = 32
    /// Field names with an id of their own, in the whole process; a power of two.
    package static let fieldNamesMax = 4096
    package static let fieldNameBytesMax = 256
    /// Head of a response from an upstream: 502.
    package static let responseHeadBytesMax = 64 * 1024
    /// Interim (1xx) responses before the final one.
    package static let interimResponsesMax = 16

    // Bodies.
    package static let chunkLineBytesMax = 4 * 1024
    /// All chunk extensions of one message together.
    package static let chunkExtensionBytesMax = 16 * 1024
    package static let trailerBytesMax = 16 * 1024
    /// A body that a handler asked to have whole: 413. A configuration may change it.
    package static let collectBytesMax = 1024 * 1024
    /// Bytes held per direction of one exchange before reading stops.
    package static let bufferedBytesMax = 64 * 1024

    // Memory of one exchange.
    package static let arenaBytesMax = 4 * 1024 * 1024
    /// Request or response block: head, edits and field table.
    package static let messageBlockBytesMax = 1024 * 1024

    // Routes.
    /// Subroutes, and `not` in matchers, inside each other: a load error.
    package static let routeNestingMax = 32
    /// Named routes and routes of handlers that one exchange enters: 500.
    package static let routeFramesMax = 64
    /// Error routes that one exchange comes under: 500.
    package static let errorScopesMax = 64

    // Times.
    package static let headTimeout: UInt64 = 10 * second
    package static let bodyIdleTimeout: UInt64 = 60 * second
    package static let writeIdleTimeout: UInt64 = 60 * second
    package static let keepAliveTimeout: UInt64 = 75 * second
    package static let connectionAgeMax: UInt64 = 3600 * second
    package static let tlsHandshakeTimeout: UInt64 = 10 * second
    package static let connectTimeout: UInt64 = 3 * second
    package static let drainTimeout: UInt64 = 30 * second
    /// How much of an unread request body is drained so that the connection can be kept.
    package static let drainBytesMax = 256 * 1024
    /// How much of a response that a handler replaced is read, and for how long, so that the
    /// upstream's connection can be kept.
    package static let unwantedResponseBytesMax = 64 * 1024
    package static let unwantedResponseTimeout: UInt64 = 2 * second
    /// How long and how much is read after the last answer of a connection, so that no reset takes
    /// the answer (a 413, a 431) away from a client that is still sending.
    package static let lingerTimeout: UInt64 = 5 * second
    package static let lingerBytesMax = 64 * 1024 * 1024

    // Upstream pools, per worker and upstream.
    package static let idleUpstreamConnectionsMax = 64
    package static let idleUpstreamTimeout: UInt64 = 60 * second
    /// Upstreams that requests named last, which a worker finds without its table.
    package static let recentUpstreams = 64

    /// Addresses of one name that are tried.
    package static let upstreamAddressesMax = 16
    /// How long a look-up holds.
    package static let resolutionLifetime: UInt64 = 30 * second
    /// Pools of upstreams that only requests name (`{http.vars.upstream}`): beyond them one that is
    /// idle makes room. Without a request they are gone after once or twice that many seconds.
    package static let dynamicPoolsMax = 4096
    package static let unwantedPoolSeconds: Int64 = 60

    // Control plane.
    /// A certificate, key or text file that a configuration names.
    package static let controlFileBytesMax = 16 * 1024 * 1024

    // Plugins.
    package static let pluginTimersMax = 100_000
    /// How long a handler may keep an exchange waiting when it does not say itself.
    /// After which a client that waits for 100 (Continue) is told to go on when its upstream says
    /// nothing (RFC 9110 §10.1.1).
    package static let continueWait: UInt64 = 1 * second
    package static let pluginWaitTimeout: UInt64 = 60 * second

    /// A plugin's own HTTP call, and the body that it gets, when it does not say itself.
    package static let clientCallTimeout: UInt64 = 60 * second
    package static let clientBodyBytesMax = 8 * 1024 * 1024

    // Zero-copy transfer.
    /// What is left of a body when it is worth to splice it.
    package static let spliceBytesMin: UInt64 = 128 * 1024
    package static let splicePipeBytes = 1024 * 1024

    // Buffers of a worker.
    package static let acceptsPerTurn = 64
    /// Descriptors that connections never take: a tenth of what the system allows, but at least as
    /// many. The rest is for listeners, loops, logs and files.
    package static let reservedDescriptorsMin = 32
    /// Idle connections that are closed at once when descriptors become scarce, and how long after
    /// a search that found fewer the next one may come.
    package static let idleClosedAtOnceMax = 32
    package static let idleSearchPause: UInt64 = 10 * millisecond
    /// How long accepting rests when the system refuses it, unless a connection ends sooner.
    package static let acceptPause: UInt64 = 100 * millisecond
    package static let readBufferBytes = 64 * 1024
    package static let writeBufferBytes = 96 * 1024
    /// Response pieces up to this size are put behind what is held, larger ones go out by themselves.
    package static let coalescedBytesMax = 32 * 1024
    /// Input behind the request under way (pipelining) that is kept.
    package static let pipelinedBytesMax = 64 * 1024
    /// Memory that each buffer of an exchange keeps for the next request.
    /// Ended exchanges that the checking host keeps per worker, to notice who still uses them.
    package static let checkedExchangesKept = 64
    package static let exchangeBufferBytesKept = 4 * 1024
    /// Exchanges that end in one turn, per worker: their memory is free again when it is over, so
    /// requests that are pipelined beyond that wait for the next one.
    package static let exchangesPerTurnMax = 256
    /// Exchanges kept for reuse, per worker.
    package static let freeExchangesMax = 1024
    package static let outgoingFieldsSpare = 16

    // Blocking work, and look-ups of names apart from it.
    package static let workQueueMax = 1024
    package static let lookupThreadsMax = 8
    package static let lookupQueueMax = 4096
    // TLS.
    /// Sessions kept to resume with upstreams, per client context and per peer name.
    package static let tlsClientSessionsMax = 256
    package static let tlsSessionsPerUpstreamMax = 8
    /// Ticket bytes that wait for the first response of a connection; larger ones go at once.
    package static let tlsHeldTicketBytesMax = 1024
    // Configuration files.
    package static let configFileBytesMax = 8 * 1024 * 1024
    /// Tokens of one configuration with all imports expanded.
    package static let configTokensMax = 500_000
    /// Braces inside braces.
    package static let configNestingMax = 64
    /// Imports inside imports.
    package static let configImportDepthMax = 64
    /// All imports of one configuration together.
    package static let configImportsMax = 20_000
    /// A site address: longer ones are refused.
    package static let siteAddressBytesMax = 4096

    // Plugins.
    package static let pluginFileBytesMax = 256 * 1024 * 1024
    package static let manifestBytesMax = 256 * 1024
    package static let manifestDepthMax = 16
    package static let pluginModulesMax = 256
    package static let moduleDirectivesMax = 256
    /// A table that says it is larger than this lies about its size.
    package static let pluginTableBytesMax = 64 * 1024
    /// Names and ids that a plugin gives.
    package static let pluginNameBytesMax = 128
    /// Text of one message, hint or description that a plugin gives.
    package static let pluginTextBytesMax = 4 * 1024
    package static let pluginDiagnosticsMax = 32
    /// Bytes of state of one module per exchange.
    package static let moduleStateBytesMax: UInt32 = 64 * 1024
    /// What a directive may write, and what a plugin may write to any other sink.
    package static let outputBytesMax = 16 * 1024 * 1024
    package static let directiveTokensMax = 100_000

    // Services of the host.
    package static let jsonTextBytesMax = 16 * 1024 * 1024
    package static let jsonDepthMax = 512
    package static let jsonDocumentsMax = 4096
    package static let regexesMax = 65_536
    package static let regexPatternBytesMax = 16 * 1024
    /// Memory of one compiled expression and of its automaton.
    package static let regexMemoryBytesMax: Int64 = 8 * 1024 * 1024
    // Logging.
    /// Encoded records that one producer (a worker) holds until the writer thread takes them; a
    /// record that finds no room is dropped and counted. A power of two.
    package static let logQueueBytesMax = 512 * 1024
    /// Above this size an encoded record cuts its strings and says so.
    package static let logRecordBytesMax = 96 * 1024
    /// Of the first line of a refused request, in its access record.
    package static let refusedLineBytesMax = 4 * 1024
    /// Formatted lines collected before one write to an output.
    package static let logWriteBatchBytes = 64 * 1024
    /// Pause of the writer thread between two rounds, so that a busy worker seldom has to wake it.
    package static let logBatchDelay: UInt64 = 5 * millisecond
    /// At most one notice about dropped records or a failing output in this time.
    package static let logNoticeInterval: UInt64 = 10 * second
    /// Lines that wait for a log server; beyond it they are lost and counted.
    package static let logNetBytesMax = 1024 * 1024
    package static let logNetDialTimeout: UInt64 = 10 * second
    /// Between two attempts to reach a log server.
    package static let logNetPause: UInt64 = second
    /// How long an output that cannot take bytes (a full pipe) is waited for before giving up.
    package static let logWriteTimeout: UInt64 = second
    /// Different messages that a sampling log counts; past that it starts counting anew.
    package static let logSampledKindsMax = 4096
    /// How long a shutdown waits for queued records.
    package static let logFlushTimeout: UInt64 = 5 * second

    // Certificates at the first handshake. A configuration may change the first three.
    /// Names that have one at a time; beyond that only a name that nobody uses makes room.
    package static let onDemandNamesMax = 1000
    /// New names in `onDemandRateInterval`, which may come at once.
    package static let onDemandRateCount = 120
    package static let onDemandRateInterval: UInt64 = 60 * second
    /// A name is not used when no handshake asked for it in this time.
    package static let onDemandIdleTime: UInt64 = 3600 * second
    /// When a renewal that failed is tried again.
    package static let onDemandRetryTime: UInt64 = 60 * second
    /// Names that wait for a certificate at once, and connections that wait for one name.
    package static let onDemandFlightsMax = 256
    package static let onDemandWaitersMax = 1024
    /// Less than a handshake may take.
    package static let onDemandAskTimeout: UInt64 = 5 * second
    /// How long an answer of the permission endpoint holds, and a failure to get one.
    package static let onDemandAnswerLifetime: UInt64 = 10 * second
    package static let onDemandFailureLifetime: UInt64 = second
    package static let onDemandAnswersMax = 4096
    /// Threads that issue.
    package static let onDemandThreadsMax = 2

    // Certificates; lifetimes in seconds.
    package static let certificateFileBytesMax = 1024 * 1024
    package static let certificateCacheEntriesMax = 10_000
    package static let authorityLifetimeSeconds: Int64 = 3650 * 24 * 3600
    /// A root with less than this left is renewed, so that there is time to trust the new one.
    package static let authorityRemainingSecondsMin: Int64 = 180 * 24 * 3600
    /// A configuration may change it, as the two below.
    package static let intermediateLifetimeSeconds: Int64 = 7 * 24 * 3600
    /// An intermediate is renewed when this part of its lifetime is left.
    package static let intermediateRemainingRatio = 0.2
    package static let leafLifetimeSeconds: Int64 = 12 * 3600
    /// For clients whose clock is behind.
    package static let certificateBackdateSeconds: Int64 = 3600
    /// A certificate is renewed when this part of its lifetime is left.
    package static let renewalRemainingDivisor: Int64 = 3

    package static let second: UInt64 = 1_000_000_000
    package static let millisecond: UInt64 = 1_000_000
}
