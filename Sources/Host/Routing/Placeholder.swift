// The placeholders that the host itself knows, by their long names.
import Base
import CGateway

/// What a placeholder without a parameter stands for.
enum Placeholder: String, Sendable, CaseIterable {
    case method = "http.request.method"
    case scheme = "http.request.scheme"
    case proto = "http.request.proto"
    case protoName = "http.request.proto_name"
    case host = "http.request.host"
    case hostport = "http.request.hostport"
    case port = "http.request.port"
    case uri = "http.request.uri"
    case uriEscaped = "http.request.uri_escaped"
    case path = "http.request.uri.path"
    case pathEscaped = "http.request.uri.path_escaped"
    case pathDirectory = "http.request.uri.path.dir"
    case pathFile = "http.request.uri.path.file"
    case pathFileBase = "http.request.uri.path.file.base"
    case pathFileExtension = "http.request.uri.path.file.ext"
    case query = "http.request.uri.query"
    case queryEscaped = "http.request.uri.query_escaped"
    case prefixedQuery = "http.request.uri.prefixed_query"
    case prefixedQueryEscaped = "http.request.uri.prefixed_query_escaped"
    case remote = "http.request.remote"
    case remoteHost = "http.request.remote.host"
    case remotePort = "http.request.remote.port"
    case clientIP = "http.vars.client_ip"
    case local = "http.request.local"
    case localHost = "http.request.local.host"
    case localPort = "http.request.local.port"
    case originalMethod = "http.request.orig_method"
    case originalURI = "http.request.orig_uri"
    case originalPath = "http.request.orig_uri.path"
    case originalDirectory = "http.request.orig_uri.path.dir"
    case originalFile = "http.request.orig_uri.path.file"
    case originalQuery = "http.request.orig_uri.query"
    case originalPrefixedQuery = "http.request.orig_uri.prefixed_query"
    case uuid = "http.request.uuid"
    case duration = "http.request.duration"
    case durationMilliseconds = "http.request.duration_ms"
    case tlsVersion = "http.request.tls.version"
    case tlsCipherSuite = "http.request.tls.cipher_suite"
    case tlsResumed = "http.request.tls.resumed"
    case tlsProto = "http.request.tls.proto"
    case tlsProtoMutual = "http.request.tls.proto_mutual"
    case tlsServerName = "http.request.tls.server_name"
    case errorStatusCode = "http.error.status_code"
    case errorStatusText = "http.error.status_text"
    case errorMessage = "http.error.message"
    case errorID = "http.error.id"
    case upstreamAddress = "http.reverse_proxy.upstream.address"
    case upstreamHostport = "http.reverse_proxy.upstream.hostport"
    case upstreamHost = "http.reverse_proxy.upstream.host"
    case upstreamPort = "http.reverse_proxy.upstream.port"
    case upstreamLatency = "http.reverse_proxy.upstream.latency"
    case upstreamLatencyMilliseconds = "http.reverse_proxy.upstream.latency_ms"
    case upstreamDuration = "http.reverse_proxy.upstream.duration"
    case upstreamDurationMilliseconds = "http.reverse_proxy.upstream.duration_ms"
    case upstreamRetries = "http.reverse_proxy.retries"
    case upstreamStatusCode = "http.reverse_proxy.status_code"
    case upstreamStatusText = "http.reverse_proxy.status_text"
    case responseStatusCode = "http.response.status_code"
    case shuttingDown = "http.shutting_down"
    case timeNow = "time.now"
    case timeHTTP = "time.now.http"
    case timeCommonLog = "time.now.common_log"
    case timeYear = "time.now.year"
    case timeUnix = "time.now.unix"
    case timeUnixMilliseconds = "time.now.unix_ms"
}

extension RequestContext {
    /// The value now: borrowed from the request or formatted into the arena. Nil when the arena is
    /// full.
    func value(of placeholder: Placeholder) -> Bytes? {
        let req = req.pointee
        switch placeholder {
        case .method: return view(req.method)
        case .scheme:
            return req.flags & UInt32(GW_REQ_TLS) != 0 ? staticBytes("https") : staticBytes("http")
        case .proto: return protocolText(req.version)
        case .protoName: return staticBytes("HTTP")
        case .host: return host
        case .hostport: return view(req.host)
        case .port: return splitHostPort(view(req.host)).port
        case .uri: return view(req.uri)
        case .uriEscaped: return queryEscaped(view(req.uri))
        case .path: return decodedPath(view(req.path))
        case .pathEscaped: return decodedPath(view(req.path)).flatMap(queryEscaped)
        case .pathDirectory: return decodedPath(view(req.path)).map { splitPath($0).directory }
        case .pathFile: return decodedPath(view(req.path)).map { splitPath($0).file }
        case .pathFileBase: return decodedPath(view(req.path)).map { fileParts($0).base }
        case .pathFileExtension: return decodedPath(view(req.path)).map { fileParts($0).suffix }
        case .query: return view(req.query)
        case .queryEscaped: return queryEscaped(view(req.query))
        case .prefixedQuery: return prefixed(view(req.query))
        case .prefixedQueryEscaped: return queryEscaped(view(req.query)).flatMap(prefixed)
        case .remote: return joined(view(req.remote_ip), port: req.remote_port)
        case .remoteHost: return view(req.remote_ip)
        case .remotePort: return decimal(UInt64(req.remote_port))
        case .clientIP: return view(req.client_ip)
        case .local: return joined(localHost, port: req.local_port)
        case .localHost: return localHost
        case .localPort: return decimal(UInt64(req.local_port))
        case .originalMethod: return originalMethod
        case .originalURI: return originalURI
        case .originalPath: return decodedPath(originalPath)
        case .originalDirectory: return decodedPath(originalPath).map { splitPath($0).directory }
        case .originalFile: return decodedPath(originalPath).map { splitPath($0).file }
        case .originalQuery: return originalQuery
        case .originalPrefixedQuery: return prefixed(originalQuery)
        case .uuid: return uuid
        case .duration: return goDuration(elapsedNanoseconds)
        case .durationMilliseconds: return milliseconds(elapsedNanoseconds)
        case .tlsVersion: return tls.version
        case .tlsCipherSuite: return tls.cipherSuite
        case .tlsResumed: return tls.isResumed ? staticBytes("true") : staticBytes("false")
        case .tlsProto: return tls.proto
        case .tlsProtoMutual: return staticBytes("true")
        case .tlsServerName: return tls.serverName
        case .errorStatusCode: return error.status == 0 ? .empty : decimal(UInt64(error.status))
        case .errorStatusText: return statusText(error.status)
        case .errorMessage: return error.message
        case .errorID: return error.id
        case .upstreamAddress: return upstream.address
        case .upstreamHostport: return upstream.hostport
        case .upstreamHost: return upstream.host
        case .upstreamPort: return upstream.port
        case .upstreamLatency: return goDuration(upstream.latencyNanoseconds)
        case .upstreamLatencyMilliseconds: return milliseconds(upstream.latencyNanoseconds)
        case .upstreamDuration: return goDuration(upstream.durationNanoseconds)
        case .upstreamDurationMilliseconds: return milliseconds(upstream.durationNanoseconds)
        case .upstreamRetries: return decimal(UInt64(upstream.retries))
        case .upstreamStatusCode:
            return upstream.status == 0 ? .empty : decimal(UInt64(upstream.status))
        case .upstreamStatusText: return statusText(upstream.status)
        case .responseStatusCode:
            return response.map { decimal(UInt64($0.pointee.status)) } ?? .empty
        case .shuttingDown: return isShuttingDown ? staticBytes("true") : staticBytes("false")
        case .timeNow: return formatTime(wallNanoseconds, .plain, in: arena)
        case .timeHTTP: return formatTime(wallNanoseconds, .http, in: arena)
        case .timeCommonLog: return formatTime(wallNanoseconds, .commonLog, in: arena)
        case .timeYear: return formatTime(wallNanoseconds, .year, in: arena)
        case .timeUnix: return decimal(UInt64(clamping: wallNanoseconds / 1_000_000_000))
        case .timeUnixMilliseconds: return decimal(UInt64(clamping: wallNanoseconds / 1_000_000))
        }
    }

    private var elapsedNanoseconds: UInt64 {
        let start = req.pointee.start_ns
        return nowNanoseconds > start ? nowNanoseconds - start : 0
    }

    private func prefixed(_ query: Bytes) -> Bytes? {
        guard query.count > 0 else { return .empty }
        var writer = ArenaWriter(arena, capacity: query.count + 1)
        writer.append(0x3f)
        writer.append(query)
        return writer.finish()
    }

    private func joined(_ host: Bytes, port: UInt16) -> Bytes? {
        guard host.count > 0 else { return .empty }
        var writer = ArenaWriter(arena, capacity: host.count + 8)
        let isIPv6 = host.firstOffset(of: 0x3a) != nil
        if isIPv6 { writer.append(0x5b) }
        writer.append(host)
        if isIPv6 { writer.append(0x5d) }
        writer.append(0x3a)
        writer.append(decimal: UInt64(port))
        return writer.finish()
    }

    func decimal(_ number: UInt64) -> Bytes? {
        var writer = ArenaWriter(arena, capacity: 20)
        writer.append(decimal: number)
        return writer.finish()
    }

    private func milliseconds(_ nanoseconds: UInt64) -> Bytes? {
        var writer = ArenaWriter(arena, capacity: 32)
        writer.append(decimal: nanoseconds, dividedByPowerOfTen: 6)
        return writer.finish()
    }

    /// As Go prints durations: `1.5ms`, `2m3.25s`.
    private func goDuration(_ nanoseconds: UInt64) -> Bytes? {
        var writer = ArenaWriter(arena, capacity: 40)
        let seconds = nanoseconds / 1_000_000_000
        switch nanoseconds {
        case 0: writer.append("0s")
        case ..<1_000:
            writer.append(decimal: nanoseconds)
            writer.append("ns")
        case ..<1_000_000:
            writer.append(decimal: nanoseconds, dividedByPowerOfTen: 3)
            writer.append("µs")
        case ..<1_000_000_000:
            writer.append(decimal: nanoseconds, dividedByPowerOfTen: 6)
            writer.append("ms")
        default:
            if seconds >= 3600 {
                writer.append(decimal: seconds / 3600)
                writer.append("h")
            }
            if seconds >= 60 {
                writer.append(decimal: seconds / 60 % 60)
                writer.append("m")
            }
            writer.append(decimal: nanoseconds % 60_000_000_000, dividedByPowerOfTen: 9)
            writer.append("s")
        }
        return writer.finish()
    }
}

private func protocolText(_ version: UInt8) -> Bytes {
    switch version {
    case 10: staticBytes("HTTP/1.0")
    case 20: staticBytes("HTTP/2.0")
    case 30: staticBytes("HTTP/3.0")
    default: staticBytes("HTTP/1.1")
    }
}
