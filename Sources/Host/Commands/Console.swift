// Standard output and standard error, unbuffered.
private import CSystem

package enum Console {
    /// Writes a line to standard output.
    package static func print(_ line: String) { write(line + "\n", to: 1) }

    /// Writes text to standard output as it is.
    package static func write(_ text: String) { write(text, to: 1) }

    /// Writes a line to standard error.
    package static func error(_ line: String) { write(line + "\n", to: 2) }

    /// Writes text to standard error as it is.
    package static func promptError(_ text: String) { write(text, to: 2) }

    /// What cannot be written is lost: there is nobody left to tell.
    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return }
            var done = 0
            while done < bytes.count {
                let count = gwx_write(descriptor, start + done, bytes.count - done)
                guard count > 0 else { return }
                done += count
            }
        }
    }
}
