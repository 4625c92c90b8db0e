// One request and its response on their way through the chain of handlers.
import Base
import CGateway
import HTTP
import Routing
import Transport

/// An exchange, whatever the protocols on both sides. Recycled; one worker owns it.
///
/// It runs the chain (Exchange+Chain), moves the bodies (Exchange+Bodies), holds an upstream call
/// (Exchange+Upstream), gives a plugin's own answer (Exchange+Answer) and ends (Exchange+End).
final class Exchange: UpstreamConsumer {
    enum Phase {
        case idle
        /// A hook is running, or the chain between two hooks.
        case chain
        /// A handler waits for its ticket.
        case waiting
        /// The request body is collected for a handler.
        case collecting
        /// The request body is given to a handler piece by piece, before the head goes on.
        case holding
        /// An upstream call is under way.
        case upstream
        /// A handler gives the response piece by piece.
        case answering
        case done
    }

    unowned(unsafe) let worker: Worker
    let context: RequestContext
    let arena: Arena
    let requestBlock = MessageBlock()
    let answerBlock = MessageBlock()
    /// The request, with a pointer back to this object behind it: what plugins hold.
    let req: UnsafeMutablePointer<gw_req>
    let res: UnsafeMutablePointer<gw_res>
    /// Fields on their way upstream; they live in the request's block.
    let outgoing: UnsafeMutablePointer<gw_fields>

    /// The request as it came, while somebody may ask for it.
    var received: ReceivedRequest?
    /// Its fields; registered with the request's block when `received` is there.
    let receivedFields: UnsafeMutablePointer<gw_fields>

    unowned(unsafe) var stream: ServerStream?
    var generation: Generation?
    /// Those of the generation, which keeps them: hooks are called without counting references.
    var handlers: UnsafeMutablePointer<HandlerSlot>?
    var site: SiteServer?
    var endpoint: Endpoint?
    /// The client's, for the access log; nil on plain connections.
    var tlsSession: TLSSession?
    var phase = Phase.idle
    /// Set while a plugin's hook runs: answers and writes wait until it returns.
    var isInHook = false
    /// Inside of one that `emit` is for.
    var isInBodyHook = false
    var isRunningChain = false
    var runningHandler = -1

    // Handlers that the request went through, in order.
    var visited: UnsafeMutablePointer<VisitedHandler>
    var visitedCount = 0
    /// What handlers without a state get for one.
    let noState: UnsafeMutableRawPointer
    var visitedCapacity = 16
    /// The largest slot among them: what has a larger one was not visited yet.
    var visitedSlotMax: Int32 = -1
    /// How many visits there were, those of handlers that were reached again included.
    var visits: UInt16 = 0
    /// Some visited handler has a hook of that kind.
    var hooks = HookSet()

    // Bodies.
    var requestBytes: UInt64 = 0
    var responseBytes: UInt64 = 0
    var collected = ByteQueue()
    var collectLimit = 0
    /// `collected` is the whole body.
    var hasCollected = false
    /// A handler that holds the head waits for its ticket; what it was given waits in `emitted`.
    var heldPiece: HeldPiece?
    /// Bytes of the request that are kept in `collected`, when it is not the whole body.
    var keptRequestBytes: UInt64 = 0
    /// Handlers up to this one have seen what is kept.
    var keptFor = -1
    /// A handler that held the head changed the body.
    var isBodyChanged = false
    /// Where `emit` puts bytes during a body hook.
    var emitted = ByteQueue()

    // Upstream.
    unowned(unsafe) var upstream: UpstreamStream?
    var upstreamPool: WorkerPool?
    /// Of earlier attempts: their texts may be in results of templates.
    var earlierPools: [WorkerPool] = []
    var upstreamHandler = -1
    var attachment = Attachment()
    var hasOutgoing = false
    var attempts: UInt32 = 0
    var upstreamStartedAt: UInt64 = 0
    /// The upstream's response waits, unsent, while routes run that may copy it.
    var parked: ParkedResponse?

    // The answer.
    var answer = AnswerState.none
    /// Index of the handler that prepared it.
    var answeringHandler = -1
    var pendingAnswer = ByteQueue()
    var responseFraming = ResponseBody.none
    var headSent = false
    var responseEnded = false
    var statusSent: UInt16 = 0
    var firstByteAt: UInt64 = 0
    var wantsWritable = false
    var failure = PendingFailure()
    /// An error that waits for the ticket of an error hook.
    var passing: PassingError?
    /// The last upstream call, when it failed.
    var failedCall: FailedCall?
    /// Where the visits of the error routes begin; 0 outside of them.
    var errorRoutesVisit: UInt16 = 0

    /// For messages about calls after the end; kept by the checking host only.
    var lastLabel: HandlerLabel?

    // Waiting.
    var ticket: UInt64 = 0
    let timer: TimerWheel.Node

    /// Noted for the checking host. The worker may be gone before its last exchange.
    private let isTracked: Bool

    init(worker: Worker) {
        self.worker = worker
        isTracked = worker.isChecking
        arena = Arena()
        context = RequestContext(arena: arena)
        let record = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<gw_req>.stride + MemoryLayout<UnsafeRawPointer>.stride,
            alignment: 16)
        req = record.bindMemory(to: gw_req.self, capacity: 1)
        req.initialize(to: gw_req())
        res = .allocate(capacity: 1)
        res.initialize(to: gw_res())
        outgoing = .allocate(capacity: 1)
        outgoing.initialize(to: gw_fields())
        receivedFields = .allocate(capacity: 1)
        receivedFields.initialize(to: gw_fields())
        visited = .allocate(capacity: visitedCapacity)
        noState = .allocate(byteCount: 16, alignment: 16)
        timer = .allocate(capacity: 1)
        super.init()
        let this = Unmanaged.passUnretained(self).toOpaque()
        record.storeBytes(
            of: this, toByteOffset: MemoryLayout<gw_req>.stride, as: UnsafeMutableRawPointer.self)
        timer.initialize(
            to: TimerNode(context: this) { context in
                Unmanaged<Exchange>.fromOpaque(context)._withUnsafeGuaranteedRef {
                    $0.timerFired()
                }
            })
        if isTracked { LiveExchanges.insert(self) }
    }

    deinit {
        if isTracked { LiveExchanges.remove(self) }
        UnsafeMutableRawPointer(req).deallocate()
        res.deallocate()
        outgoing.deallocate()
        receivedFields.deallocate()
        visited.deallocate()
        noState.deallocate()
        timer.deallocate()
    }

    /// The exchange behind a request that a plugin holds.
    @inline(__always)
    static func of(_ req: UnsafePointer<gw_req>) -> Exchange {
        let pointer = UnsafeRawPointer(req).load(
            fromByteOffset: MemoryLayout<gw_req>.stride, as: UnsafeRawPointer.self)
        return Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// Who runs, or ran last; nil outside of handlers.
    var runningLabel: HandlerLabel? {
        guard runningHandler >= 0, let generation else { return nil }
        return generation.handlers[Int(visited[runningHandler].slot)].label.takeUnretainedValue()
    }

    // MARK: Beginning

    /// Takes a request in. `bytes` is copied. False when it is too large to be kept.
    func load(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer, stream: H1ServerConnection)
        -> Bool
    {
        guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return false }
        var head = head
        do {
            try requestBlock.adoptRequest(
                base, &head, fields: worker.fieldTable, section: &req.pointee.fields)
        } catch {
            return false
        }
        self.stream = stream
        fillRequest(head)
        fillConnection(stream)
        return true
    }

    private func fillRequest(_ head: RequestHead) {
        req.pointee.struct_size = UInt32(MemoryLayout<gw_req>.size)
        req.pointee.rev = 1
        req.pointee.method = head.method
        req.pointee.target = head.target
        req.pointee.uri = head.uri
        req.pointee.path = head.path
        req.pointee.query = head.query
        req.pointee.host = head.host
        req.pointee.method_id = head.methodID
        req.pointee.version = head.version
        req.pointee.worker = UInt16(worker.index)
        req.pointee.start_ns = worker.loop.now
        req.pointee.id = worker.nextExchangeID()
        var flags: UInt32 = 0
        switch head.framing {
        case .none, .untilClose: req.pointee.body_length = 0
        case .length(let length):
            req.pointee.body_length = length
            if length > 0 { flags |= UInt32(GW_REQ_BODY) }
        case .chunked:
            req.pointee.body_length = UInt64.max
            flags |= UInt32(GW_REQ_BODY)
        }
        if head.expectsContinue { flags |= UInt32(GW_REQ_EXPECT_CONTINUE) }
        req.pointee.flags = flags
    }

    private func fillConnection(_ connection: H1ServerConnection) {
        let endpoint = connection.endpoint
        self.endpoint = endpoint
        if connection.isTLS {
            req.pointee.flags |= UInt32(GW_REQ_TLS)
            context.tls = connection.tlsInfo
            tlsSession = connection.tlsSession
        }
        req.pointee.local_port = endpoint.port
        req.pointee.remote_port = connection.peer.port
        let text = connection.peerText
        if let ref = try? requestBlock.append(text) {
            req.pointee.remote_ip = ref
            req.pointee.client_ip = ref
        }
    }

    /// Runs the chain of the worker's current generation.
    func begin() {
        let generation = worker.generation
        self.generation = generation
        handlers = generation.handlers
        guard let endpoint, let site = generation.server(endpoint) else {
            phase = .chain
            return finishWithStatus(503)
        }
        self.site = site
        context.begin(req, names: generation.names)
        context.nowNanoseconds = worker.loop.now
        context.wallNanoseconds = worker.wallNanoseconds
        phase = .chain
        if generation.hasErrorHooks || site.accessLog != nil { keepReceived() }
        if let status = statusForMethod() {
            return finishWithStatus(status) { addAllow() }
        }
        if pathDefect(context.view(req.pointee.path)) != nil { return finishWithStatus(400) }
        guard site.isAcceptable(self) else { return finishWithStatus(421) }
        site.prepare(self)
        runChain()
    }

    // MARK: UpstreamConsumer (see Exchange+Upstream)

    override func upstreamReady(_ stream: UpstreamStream) { callReady(stream) }
    override func upstreamInterim(status: UInt16, fields: UnsafePointer<gw_fields>) {
        callInterim(status: status, fields: fields)
    }
    override func upstreamHead(_ stream: UpstreamStream, body: ResponseBody) {
        callHead(stream, body: body)
    }
    override func upstreamBody(_ bytes: UnsafeRawBufferPointer) { callBody(bytes) }
    override func upstreamEnded(trailers: UnsafePointer<gw_fields>?) {
        callEnded(trailers: trailers)
    }
    override func upstreamFailed(_ failure: UpstreamFailure) { callFailed(failure) }
    override func upstreamDrained() { callDrained() }
    override func upstreamFlush() { stream?.flush() }
    override func upstreamSplice(from link: Link, count: Int) -> Int? {
        spliceResponseBody(from: link, count: count)
    }
    override var responseBlock: MessageBlock { answerBlock }
    override var response: UnsafeMutablePointer<gw_res> { res }
    override var upstreamMethodID: UInt8 { callMethodID }
    override var isRepeatable: Bool { isIdempotent }
}

/// A handler that a request went through.
struct VisitedHandler {
    var slot: Int32
    var leftRequest = false
    var leftResponse = false
    /// Grows with every visit: what has the larger one lies further behind in the chain.
    var visit: UInt16
    /// The handler's state, zeroed when it was first visited.
    var state: UnsafeMutableRawPointer
}

/// Kinds of hooks that visited handlers have, so that the common case tests one word.
struct HookSet: OptionSet {
    let rawValue: UInt16
    static let requestBody = HookSet(rawValue: 1)
    static let response = HookSet(rawValue: 2)
    static let responseBody = HookSet(rawValue: 4)
    static let complete = HookSet(rawValue: 8)
    static let cancel = HookSet(rawValue: 16)
    static let requestTrailers = HookSet(rawValue: 32)
    static let responseTrailers = HookSet(rawValue: 64)
    /// Hooks that may change what they see, and with it the length.
    static let requestBodyChange = HookSet(rawValue: 128)
    static let responseBodyChange = HookSet(rawValue: 256)
    static let error = HookSet(rawValue: 512)
}
