// RE2 behind the router's regular expressions.
import CGateway
import Routing
import Services

/// The router's engine: C functions over retained `RE2Pattern` objects.
enum RoutingRegex {
    static let engine = RegexEngine(
        compile: compilePattern, match: matchPattern, groupIndex: findGroup, free: freePattern)
}

private func compilePattern(
    _ pattern: UnsafePointer<UInt8>?, _ length: Int, _ message: UnsafeMutablePointer<UInt8>?,
    _ capacity: Int, _ messageLength: UnsafeMutablePointer<Int>
) -> UnsafeMutableRawPointer? {
    do throws(RE2Error) {
        let compiled = try RE2Pattern(
            bytes: Array(UnsafeBufferPointer(start: pattern, count: length)))
        return Unmanaged.passRetained(compiled).toOpaque()
    } catch {
        let text = Array(error.description.utf8.prefix(capacity))
        message?.update(from: text, count: text.count)
        messageLength.pointee = text.count
        return nil
    }
}

private func matchPattern(
    _ expression: UnsafeMutableRawPointer, _ text: UnsafePointer<UInt8>?, _ length: Int,
    _ groups: UnsafeMutablePointer<gw_ref>, _ capacity: Int
) -> Int {
    Unmanaged<RE2Pattern>.fromOpaque(expression)._withUnsafeGuaranteedRef { pattern in
        let bytes = UnsafeBufferPointer(start: text, count: length)
        let count = min(capacity, pattern.groupCount + 1)
        return withUnsafeTemporaryAllocation(of: RE2Pattern.Group.self, capacity: max(1, count)) {
            found in
            found.initialize(repeating: nil)
            guard pattern.firstMatch(in: bytes, groups: found) else { return -1 }
            for index in 0..<count {
                groups[index] =
                    found[index].map {
                        gw_ref(off: UInt32($0.lowerBound), len: UInt32($0.count))
                    } ?? gw_ref(off: UInt32.max, len: 0)
            }
            return count
        }
    }
}

private func findGroup(
    _ expression: UnsafeMutableRawPointer, _ name: UnsafePointer<UInt8>?, _ length: Int
) -> Int {
    Unmanaged<RE2Pattern>.fromOpaque(expression)._withUnsafeGuaranteedRef { pattern in
        pattern.groupNumber(UnsafeBufferPointer(start: name, count: length)) ?? -1
    }
}

private func freePattern(_ expression: UnsafeMutableRawPointer) {
    Unmanaged<RE2Pattern>.fromOpaque(expression).release()
}
