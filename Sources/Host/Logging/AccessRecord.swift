// The access log: one record per request, in the shape that Caddy's users parse.

/// What the TLS layer knows about a request's connection. All text is borrowed.
package struct AccessTLS {
    package var resumed: Bool
    /// The number on the wire: 772 is TLS 1.3.
    package var version: UInt16
    package var cipherSuite: UInt16
    package var negotiatedProtocol: UnsafeRawBufferPointer
    package var serverName: UnsafeRawBufferPointer

    package init(
        resumed: Bool, version: UInt16, cipherSuite: UInt16,
        negotiatedProtocol: UnsafeRawBufferPointer, serverName: UnsafeRawBufferPointer
    ) {
        self.resumed = resumed
        self.version = version
        self.cipherSuite = cipherSuite
        self.negotiatedProtocol = negotiatedProtocol
        self.serverName = serverName
    }
}

/// The request as it came, before any handler changed it. All text is borrowed.
package struct AccessRequest {
    package var remoteIP: UnsafeRawBufferPointer
    package var remotePort: UInt16
    package var clientIP: UnsafeRawBufferPointer
    /// `HTTP/1.1`, `HTTP/2.0`.
    package var httpVersion: UnsafeRawBufferPointer
    package var method: UnsafeRawBufferPointer
    package var host: UnsafeRawBufferPointer
    /// Path and query as sent.
    package var uri: UnsafeRawBufferPointer
    package var tls: AccessTLS?

    package init(
        remoteIP: UnsafeRawBufferPointer, remotePort: UInt16, clientIP: UnsafeRawBufferPointer,
        httpVersion: UnsafeRawBufferPointer, method: UnsafeRawBufferPointer,
        host: UnsafeRawBufferPointer, uri: UnsafeRawBufferPointer, tls: AccessTLS? = nil
    ) {
        self.remoteIP = remoteIP
        self.remotePort = remotePort
        self.clientIP = clientIP
        self.httpVersion = httpVersion
        self.method = method
        self.host = host
        self.uri = uri
        self.tls = tls
    }
}

/// What became of the request.
package struct AccessOutcome {
    package var bytesRead: UInt64
    package var userID: UnsafeRawBufferPointer
    package var durationNanoseconds: Int64
    /// Body bytes sent.
    package var size: UInt64
    /// 499 when the client went away, 0 when nothing was answered.
    package var status: UInt16

    package init(
        bytesRead: UInt64, userID: UnsafeRawBufferPointer, durationNanoseconds: Int64,
        size: UInt64, status: UInt16
    ) {
        self.bytesRead = bytesRead
        self.userID = userID
        self.durationNanoseconds = durationNanoseconds
        self.size = size
        self.status = status
    }

    /// The level of its record.
    package var level: LogLevel { status >= 500 ? .error : .info }
}

/// Writes an access record in the order of Caddy's fields:
///
///     let record = producer.beginRecord(outcome.level, LogRecord.accessMessage, time: now)
///     record.beginRequest(request)
///     for line in requestFields { record.header(name: line.name, value: line.value) }
///     record.endRequest(request)
///     record.beginResponse(outcome)
///     for line in responseFields { record.header(name: line.name, value: line.value) }
///     record.endResponse()
///     producer.endRecord(to: logger)
extension LogRecord {
    package static var accessMessage: StaticString { "handled request" }

    /// Writes the request up to its headers and begins these.
    package func beginRequest(_ request: borrowing AccessRequest) {
        beginObject("request")
        field("remote_ip", request.remoteIP)
        fieldForPort(request.remotePort)
        field("client_ip", request.clientIP)
        field("proto", request.httpVersion)
        field("method", request.method)
        field("host", request.host)
        field("uri", request.uri)
        beginHeaders()
    }

    /// Ends the request's headers and the request. `Host` is left out: it has a field.
    package func endRequest(_ request: borrowing AccessRequest, logCredentials: Bool = false) {
        endHeaders("headers", hidden: "host", logCredentials: logCredentials)
        if let tls = request.tls {
            beginObject("tls")
            field("resumed", tls.resumed)
            field("version", Int(tls.version))
            field("cipher_suite", Int(tls.cipherSuite))
            field("proto", tls.negotiatedProtocol)
            field("server_name", tls.serverName)
            endObject()
        }
        endObject()
    }

    /// Writes the outcome and begins the response's headers.
    package func beginResponse(_ outcome: borrowing AccessOutcome) {
        field("bytes_read", unsigned: outcome.bytesRead)
        field("user_id", outcome.userID)
        field("duration", nanoseconds: outcome.durationNanoseconds)
        field("size", unsigned: outcome.size)
        field("status", Int(outcome.status))
        beginHeaders()
    }

    package func endResponse(logCredentials: Bool = false) {
        endHeaders("resp_headers", logCredentials: logCredentials)
    }

    /// Caddy writes the port as a string.
    private func fieldForPort(_ port: UInt16) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 5) { digits in
            var rest = port
            var start = 5
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            let text = UnsafeRawBufferPointer(digits)[start...]
            field("remote_port", UnsafeRawBufferPointer(rebasing: text))
        }
    }
}
