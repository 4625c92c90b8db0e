// placeholder
package enum CaddyfileFormatter {
    static func firstDifference(in source: [UInt8]) -> Int? { nil }
}
