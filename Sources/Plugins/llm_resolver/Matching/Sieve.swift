// A quick look at candidates before anything is taken apart: most have nothing of a host in them.

/// The beginnings of words that a candidate must hold in one of its texts to bear a name.
struct Sieve {
    private let needles: [[UInt8]]
    private let numbers: [UInt16]
    private let host: String

    init(_ host: HostName, _ readings: [Reading]) {
        var needles: Set<[UInt8]> = []
        for reading in readings {
            guard let first = reading.project.words.first else { continue }
            needles.insert(Self.start(of: first))
            guard reading.qualifiers.isEmpty else { continue }
            let name = reading.project.joined
            let others = (ShortForms.names[name] ?? []) + (ShortForms.purposes[name] ?? [])
            needles.formUnion(others.map(Self.start))
        }
        self.needles = Array(needles)
        numbers = host.labels.flatMap(\.words).compactMap { UInt16($0) }
        self.host = host.text
    }

    /// What all forms of a word begin with.
    private static func start(of word: String) -> [UInt8] {
        var start = Array(Words.stem(of: [word], joined: word).utf8)
        if start.last == UInt8(ascii: "y") { start.removeLast() }
        // Letters beyond ASCII may be written in several ways.
        return Array(start.prefix { $0 < 0x80 })
    }

    /// Whether a candidate is worth a closer look.
    func admits(_ candidate: Candidate) -> Bool {
        if numbers.contains(candidate.port) { return true }
        if occurs(candidate.workingDirectory) || occurs(candidate.arguments)
            || occurs(candidate.command) || occurs(candidate.packageName)
        {
            return true
        }
        guard let container = candidate.container else { return false }
        return occurs(container.name) || occurs(container.composeProject)
            || occurs(container.composeService) || occurs(container.image)
            || container.publishedPorts.contains { numbers.contains($0.host) }
            || RoutingLabels.route(host, container)
    }

    private func occurs(_ text: String?) -> Bool {
        guard var text else { return false }
        return text.withUTF8 { bytes in needles.contains { Self.find($0, in: bytes) } }
    }

    /// Case of ASCII letters and what separates words aside.
    private static func find(_ needle: [UInt8], in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = needle.first else { return true }
        guard bytes.count >= needle.count else { return false }
        let upper = first >= UInt8(ascii: "a") && first <= UInt8(ascii: "z") ? first & 0xDF : first
        for start in 0...(bytes.count - needle.count)
        where bytes[start] == first || bytes[start] == upper {
            var index = 1
            var position = start + 1
            while index < needle.count, position < bytes.count {
                let byte = lower(bytes[position])
                if byte == needle[index] { index += 1 } else if !isSeparator(byte) { break }
                position += 1
            }
            if index == needle.count { return true }
        }
        return false
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte < 0x80 && !(byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"))
            && !(byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
