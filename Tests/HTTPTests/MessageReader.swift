// Plays the server's part: reads requests from pieces of input and keeps what it saw.
import CGateway

@testable import HTTP

/// One request as the far side would get it.
struct SeenRequest: Equatable {
    var method = ""
    var uri = ""
    var host = ""
    var version: UInt8 = 11
    var fields: [SeenField] = []
    var body: [UInt8] = []
    var trailers: [SeenField] = []

    func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

struct SeenField: Equatable {
    var name: String
    var value: String
}

func latin1(_ bytes: some Sequence<UInt8>) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}

func octets(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

/// Reads one connection's input until an error, or until a message says that it is the last.
struct RequestReader: ~Copyable {
    private(set) var complete: [SeenRequest] = []
    private(set) var error: HTTPError?
    private(set) var isClosed = false

    private enum Phase {
        case head
        case length(LengthDecoder)
        case chunked
    }
    private var phase = Phase.head
    private var decoder = ChunkedDecoder()
    private var parser = RequestHeadParser()
    private var input: [UInt8] = []
    private var current = SeenRequest()
    private var keepAlive = true
    private let fields = UnsafeMutablePointer<gw_field>.allocate(capacity: 256)

    deinit { fields.deallocate() }

    var isIdle: Bool { if case .head = phase { input.isEmpty } else { false } }

    mutating func feed(_ piece: some Sequence<UInt8>) {
        guard error == nil && !isClosed else { return }
        input.append(contentsOf: piece)
        do {
            while !isClosed, try step() {}
        } catch {
            self.error = error
        }
    }

    /// - Returns: Whether there may be more to do.
    private mutating func step() throws(HTTPError) -> Bool {
        switch phase {
        case .head:
            return try readHead()
        case .length(var length):
            let taken = length.take(input.count)
            current.body += input.prefix(taken)
            input.removeFirst(taken)
            phase = .length(length)
            if length.isComplete { finish() }
            return length.isComplete && !input.isEmpty
        case .chunked:
            return try readChunks()
        }
    }

    private mutating func readHead() throws(HTTPError) -> Bool {
        guard !input.isEmpty else { return false }
        var head = RequestHead()
        let block = MessageBlock()
        var request = gw_fields()
        var outgoing = gw_fields()
        // Exactly as many bytes as there are: reading behind them is found by the sanitizer.
        let exact = UnsafeMutablePointer<UInt8>.allocate(capacity: input.count)
        defer { exact.deallocate() }
        exact.initialize(from: input, count: input.count)
        guard try parser.parse(exact, count: input.count, fields: fields, into: &head) else {
            return false
        }
        current = SeenRequest()
        withUnsafeMutablePointer(to: &request) { request in
            withUnsafeMutablePointer(to: &outgoing) { outgoing in
                try! block.adoptRequest(exact, &head, fields: fields, section: request)
                try! block.register(outgoing)
                try! FieldSection.copyEndToEnd(from: request, to: outgoing)
                current.fields = seenFields(outgoing)
                func text(_ ref: gw_ref) -> String {
                    latin1(
                        UnsafeRawBufferPointer(
                            start: block.base + Int(ref.off), count: Int(ref.len)))
                }
                current.method = text(head.method)
                current.uri = text(head.uri)
                current.host = text(head.host)
                block.reset()
            }
        }
        current.version = head.version
        keepAlive = head.keepAlive
        input.removeFirst(head.headBytes)
        parser = RequestHeadParser()
        switch head.framing {
        case .none: finish()
        case .length(let length): phase = .length(LengthDecoder(length: length))
        case .chunked:
            phase = .chunked
            decoder = ChunkedDecoder()
        case .untilClose: fatalError("request framed by close")
        }
        return true
    }

    private mutating func readChunks() throws(HTTPError) -> Bool {
        var at = 0
        let given = input
        while true {
            let step = try given.withUnsafeBufferPointer { bytes throws(HTTPError) in
                guard let start = bytes.baseAddress else { return ChunkedDecoder.Step.needMore }
                return try decoder.next(start, &at, bytes.count)
            }
            switch step {
            case .needMore:
                input.removeAll()
                return false
            case .data(let start, let count):
                current.body += given[start..<start + count]
            case .end:
                current.trailers = seenTrailers()
                input.removeFirst(at)
                finish()
                return true
            }
        }
    }

    private func seenTrailers() -> [SeenField] {
        let block = MessageBlock()
        var section = gw_fields()
        return withUnsafeMutablePointer(to: &section) { section in
            try! block.register(section)
            try! decoder.copyTrailers(to: section)
            defer { block.reset() }
            return seenFields(section)
        }
    }

    private mutating func finish() {
        complete.append(current)
        phase = .head
        if !keepAlive { isClosed = true }
    }
}

func seenFields(_ section: UnsafePointer<gw_fields>) -> [SeenField] {
    (0..<Int(section.pointee.count)).map {
        SeenField(
            name: latin1(FieldSection.name(section, at: $0)),
            value: latin1(FieldSection.value(section, at: $0)))
    }
}

/// How input arrives: whole, octet by octet, or cut at random.
enum Arrival: Sendable, CustomStringConvertible {
    case whole
    case octets
    case random(seed: UInt64)

    static let all: [Arrival] = [.whole, .octets] + (1...6).map { .random(seed: $0) }

    var description: String {
        switch self {
        case .whole: "whole"
        case .octets: "octet by octet"
        case .random(let seed): "random splits \(seed)"
        }
    }

    func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var generator = SeededGenerator(seed: 0)
        if case .random(let seed) = self { generator = SeededGenerator(seed: seed) }
        var at = 0
        while at < bytes.count {
            let count =
                switch self {
                case .whole: bytes.count
                case .octets: bytes.count > 20_000 ? 97 : 1
                case .random: Int.random(in: 1...max(2, bytes.count / 3), using: &generator)
                }
            let end = min(bytes.count, at + count)
            pieces.append(bytes[at..<end])
            at = end
        }
        return pieces
    }
}

/// SplitMix64: the same splits and mutations in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
