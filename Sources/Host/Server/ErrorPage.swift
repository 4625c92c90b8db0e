// The answer to a request that cannot be understood, before there is an exchange.
import CGateway
import HTTP

enum ErrorPage {
    /// Writes a response without a body that ends the connection; gives its size.
    static func write(
        status: UInt16, date: HTTPDate, to out: UnsafeMutableRawBufferPointer
    ) -> Int {
        var fields = gw_fields()
        let writer = ResponseHeadWriter(status: status, framing: .length(0), connection: .close)
        return withUnsafePointer(to: &fields) {
            writer.write(
                $0, date: date, to: out.baseAddress.unsafelyUnwrapped, capacity: out.count)
        }
    }
}
