// IMF-fixdate (RFC 9110 §5.6.7), made without a calendar library and without memory.

/// A date as a Date field carries it, 29 octets: "Sun, 06 Nov 1994 08:49:37 GMT". Made once a
/// second by its owner, written by copying.
package struct HTTPDate: Sendable {
    package static let byteCount = 29
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// - Parameter unixSeconds: Seconds since 1970, UTC; from 0 to the end of the year 9999.
    package init(unixSeconds: Int64) {
        let seconds = max(0, min(unixSeconds, 253_402_300_799))
        let days = seconds / 86400
        let (year, month, day) = Self.civil(days)
        let second = Int(seconds % 86400)
        withUnsafeMutableBytes(of: &words) { out in
            Self.put(out, 0, "SunMonTueWedThuFriSat", Int((days + 4) % 7) * 3, 3)
            Self.put(out, 3, ", ", 0, 2)
            Self.putDigits(out, 5, day, 2)
            Self.put(out, 7, " ", 0, 1)
            Self.put(out, 8, "JanFebMarAprMayJunJulAugSepOctNovDec", (month - 1) * 3, 3)
            Self.put(out, 11, " ", 0, 1)
            Self.putDigits(out, 12, year, 4)
            Self.put(out, 16, " ", 0, 1)
            Self.putDigits(out, 17, second / 3600, 2)
            Self.put(out, 19, ":", 0, 1)
            Self.putDigits(out, 20, second / 60 % 60, 2)
            Self.put(out, 22, ":", 0, 1)
            Self.putDigits(out, 23, second % 60, 2)
            Self.put(out, 25, " GMT", 0, 4)
        }
    }

    /// Writes the 29 octets.
    package func write(to out: UnsafeMutableRawPointer) {
        withUnsafeBytes(of: words) {
            out.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: Self.byteCount)
        }
    }

    /// Year, month and day in the proleptic Gregorian calendar. Years begin in March here, so
    /// that the leap day is the last one.
    private static func civil(_ daysSince1970: Int64) -> (Int, Int, Int) {
        let days = Int(daysSince1970) + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func put(
        _ out: UnsafeMutableRawBufferPointer, _ at: Int, _ text: StaticString, _ from: Int,
        _ count: Int
    ) {
        for index in 0..<count { out[at + index] = text.utf8Start[from + index] }
    }

    private static func putDigits(
        _ out: UnsafeMutableRawBufferPointer, _ at: Int, _ number: Int, _ count: Int
    ) {
        var rest = number
        for index in (at..<at + count).reversed() {
            out[index] = UInt8(0x30 + rest % 10)
            rest /= 10
        }
    }
}
