// The table of hooks of a handler type: C functions that find the type through the instance.
import CGateway

enum HookTable {
    /// The table of a type; hooks that it does not conform to stay NULL, so that they cost nothing.
    static func make(for type: any HTTPHandler.Type) -> gw_http_handler_ops {
        var table = gw_http_handler_ops()
        table.struct_size = UInt32(MemoryLayout<gw_http_handler_ops>.size)
        addRequestHooks(of: type, to: &table)
        addResponseHooks(of: type, to: &table)
        addEventHooks(of: type, to: &table)
        addUpstreamHooks(of: type, to: &table)
        return table
    }

    private static func addRequestHooks(
        of type: any HTTPHandler.Type, to table: inout gw_http_handler_ops
    ) {
        if type is any RequestHook.Type {
            table.on_request = { instance, request, state in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.request?.callRequest(
                        instance.pointee.value, request, state)
                }
            }
        }
        if type is any RequestBodyHook.Type {
            table.on_request_body = { instance, request, state, chunk in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.requestBody?.callRequestBody(
                        instance.pointee.value, request, state, chunk)
                }
            }
        }
        if type is any RequestTrailersHook.Type {
            table.on_request_trailers = { instance, request, state, trailers in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.requestTrailers?.callRequestTrailers(
                        instance.pointee.value, request, state, trailers)
                }
            }
        }
    }

    private static func addResponseHooks(
        of type: any HTTPHandler.Type, to table: inout gw_http_handler_ops
    ) {
        if type is any ResponseHook.Type {
            table.on_response = { instance, request, state, response in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.response?.callResponse(
                        instance.pointee.value, request, state, response)
                }
            }
        }
        if type is any ResponseBodyHook.Type {
            table.on_response_body = { instance, request, state, chunk in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.responseBody?.callResponseBody(
                        instance.pointee.value, request, state, chunk)
                }
            }
        }
        if type is any ResponseTrailersHook.Type {
            table.on_response_trailers = { instance, request, state, trailers in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.responseTrailers?.callResponseTrailers(
                        instance.pointee.value, request, state, trailers)
                }
            }
        }
    }

    private static func addEventHooks(
        of type: any HTTPHandler.Type, to table: inout gw_http_handler_ops
    ) {
        if type is any WritableHook.Type {
            table.on_writable = { instance, request, state in
                hooks(instance).pointee.writable?.callWritable(
                    hooks(instance).pointee.value, request, state)
            }
        }
        if type is any CancelHook.Type {
            table.on_cancel = { instance, request, state, reason in
                hooks(instance).pointee.cancel?.callCancel(
                    hooks(instance).pointee.value, request, state, reason)
            }
        }
        if type is any DrainHook.Type {
            table.on_drain = { instance, request, state in
                hooks(instance).pointee.drain?.callDrain(
                    hooks(instance).pointee.value, request, state)
            }
        }
        if type is any CompletionHook.Type {
            table.on_complete = { instance, request, state, summary in
                hooks(instance).pointee.completion?.callComplete(
                    hooks(instance).pointee.value, request, state, summary)
            }
        }
    }

    private static func addUpstreamHooks(
        of type: any HTTPHandler.Type, to table: inout gw_http_handler_ops
    ) {
        if type is any UpstreamHeadHook.Type {
            table.on_upstream_head = { instance, request, state, response in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.upstreamHead?.callUpstreamHead(
                        instance.pointee.value, request, state, response)
                }
            }
        }
        if type is any UpstreamFailureHook.Type {
            table.on_upstream_failure = { instance, request, state, failure in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.upstreamFailure?.callUpstreamFailure(
                        instance.pointee.value, request, state, failure)
                }
            }
        }
        if type is any ErrorHook.Type {
            table.on_error = { instance, request, state, error in
                run(instance) { (instance) throws(Status) in
                    try instance.pointee.error?.callError(
                        instance.pointee.value, request, state, error)
                }
            }
        }
        if type is any UpstreamEndHook.Type {
            table.on_upstream_end = { instance, request, state, summary in
                hooks(instance).pointee.upstreamEnd?.callUpstreamEnd(
                    hooks(instance).pointee.value, request, state, summary)
            }
        }
    }
}

@inline(__always)
private func hooks(_ instance: UnsafeMutableRawPointer?) -> UnsafePointer<Instance> {
    UnsafePointer(instance.unsafelyUnwrapped.assumingMemoryBound(to: Instance.self))
}

@inline(__always)
private func run(
    _ instance: UnsafeMutableRawPointer?,
    _ hook: (UnsafePointer<Instance>) throws(Status) -> Verdict?
) -> gw_verdict {
    do throws(Status) {
        return (try hook(hooks(instance)) ?? .next).code
    } catch {
        return error.code
    }
}

/// Calls a hook on the value where it lies: lent as `inout`, it is neither copied nor retained.
/// Hooks do not change it, so workers may do this at the same time.
@inline(__always)
private func lend<Handler, Result, Failure: Error>(
    _ handler: inout Handler, to hook: (inout Handler) throws(Failure) -> Result
) throws(Failure) -> Result {
    try hook(&handler)
}

extension RequestHook {
    @inline(__always)
    fileprivate static func callRequest(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer
    ) throws(Status) -> Verdict {
        var request = Request(request)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onRequest(&request, &self.state(at: state).pointee)
        }
    }
}

extension RequestBodyHook {
    @inline(__always)
    fileprivate static func callRequestBody(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ chunk: UnsafePointer<gw_chunk>
    ) throws(Status) -> Verdict {
        var request = Request(request)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onRequestBody(
                &request, &self.state(at: state).pointee, BodyChunk(pointer: chunk))
        }
    }
}

extension RequestTrailersHook {
    @inline(__always)
    fileprivate static func callRequestTrailers(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ trailers: UnsafeMutablePointer<gw_fields>
    ) throws(Status) -> Verdict {
        var request = Request(request)
        var trailers = Fields(trailers)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onRequestTrailers(&request, &self.state(at: state).pointee, &trailers)
        }
    }
}

extension ResponseHook {
    @inline(__always)
    fileprivate static func callResponse(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ response: UnsafeMutablePointer<gw_res>
    ) throws(Status) -> Verdict {
        var request = Request(request)
        var response = Response(response)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onResponse(&request, &self.state(at: state).pointee, &response)
        }
    }
}

extension ResponseBodyHook {
    @inline(__always)
    fileprivate static func callResponseBody(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ chunk: UnsafePointer<gw_chunk>
    ) throws(Status) -> Verdict {
        var request = Request(request)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onResponseBody(
                &request, &self.state(at: state).pointee, BodyChunk(pointer: chunk))
        }
    }
}

extension ResponseTrailersHook {
    @inline(__always)
    fileprivate static func callResponseTrailers(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ trailers: UnsafeMutablePointer<gw_fields>
    ) throws(Status) -> Verdict {
        var request = Request(request)
        var trailers = Fields(trailers)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onResponseTrailers(&request, &self.state(at: state).pointee, &trailers)
        }
    }
}

extension WritableHook {
    @inline(__always)
    fileprivate static func callWritable(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer
    ) {
        var request = Request(request)
        lend(&self.value(at: value).pointee) { handler in
            handler.onWritable(&request, &self.state(at: state).pointee)
        }
    }
}

extension CancelHook {
    @inline(__always)
    fileprivate static func callCancel(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ reason: gw_status
    ) {
        var request = Request(request)
        lend(&self.value(at: value).pointee) { handler in
            handler.onCancel(&request, &self.state(at: state).pointee, Status(code: reason))
        }
    }
}

extension DrainHook {
    @inline(__always)
    fileprivate static func callDrain(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer
    ) {
        var request = Request(request)
        lend(&self.value(at: value).pointee) { handler in
            handler.onDrain(&request, &self.state(at: state).pointee)
        }
    }
}

extension CompletionHook {
    @inline(__always)
    fileprivate static func callComplete(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ summary: UnsafePointer<gw_summary>
    ) {
        var request = Request(request)
        lend(&self.value(at: value).pointee) { handler in
            handler.onComplete(&request, &self.state(at: state).pointee, Summary(pointer: summary))
        }
    }
}

extension UpstreamHeadHook {
    @inline(__always)
    fileprivate static func callUpstreamHead(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ response: UnsafeMutablePointer<gw_res>
    ) throws(Status) -> Verdict {
        var request = Request(request)
        var response = Response(response)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onUpstreamHead(&request, &self.state(at: state).pointee, &response)
        }
    }
}

extension UpstreamFailureHook {
    @inline(__always)
    fileprivate static func callUpstreamFailure(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ failure: UnsafePointer<gw_failure>
    ) throws(Status) -> Verdict {
        var request = Request(request)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onUpstreamFailure(
                &request, &self.state(at: state).pointee, UpstreamFailure(pointer: failure))
        }
    }
}

extension ErrorHook {
    @inline(__always)
    fileprivate static func callError(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ error: UnsafePointer<gw_error>
    ) throws(Status) -> Verdict {
        var request = Request(request)
        return try lend(&self.value(at: value).pointee) { (handler) throws(Status) in
            try handler.onError(
                &request, &self.state(at: state).pointee, RequestFailure(pointer: error))
        }
    }
}

extension UpstreamEndHook {
    @inline(__always)
    fileprivate static func callUpstreamEnd(
        _ value: UnsafeMutableRawPointer, _ request: UnsafeMutablePointer<gw_req>,
        _ state: UnsafeMutableRawPointer,
        _ summary: UnsafePointer<gw_summary>
    ) {
        var request = Request(request)
        lend(&self.value(at: value).pointee) { handler in
            handler.onUpstreamEnd(
                &request, &self.state(at: state).pointee, Summary(pointer: summary))
        }
    }
}
