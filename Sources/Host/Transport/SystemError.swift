// A failed system call.
#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// A system call that failed, with its name and error number.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    package let code: Int32
    package let call: String

    package init(code: Int32, call: String) {
        self.code = code
        self.call = call
    }

    package var description: String { "\(call): \(Self.text(code))" }

    /// The system's words for an error number.
    package static func text(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// Passes results ≥ 0 on; a negative one is an error number.
    package static func check(_ result: Int32, _ call: String) throws(SystemError) -> Int32 {
        guard result >= 0 else { throw SystemError(code: -result, call: call) }
        return result
    }
}

/// Error numbers that the data path decides on, as the negative results of CSystem.
package enum Errno {
    package static let wouldBlock = -Int(EAGAIN)
    package static let inProgress = -Int(EINPROGRESS)
    package static let connectionReset = -Int(ECONNRESET)
    package static let brokenPipe = -Int(EPIPE)
    package static let connectionAborted = -Int(ECONNABORTED)
    package static let processFilesExhausted = -Int(EMFILE)
    package static let systemFilesExhausted = -Int(ENFILE)
}
