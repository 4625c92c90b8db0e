// Fuzzes the response side: heads that an upstream sends.
// modules: HTTP   seeds: Tests/Conformance/http1/cases.jsonl
import Base
import CGateway
import HTTP

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let fields = UnsafeMutablePointer<gw_field>.allocate(capacity: Limits.headFieldsMax)
    defer { fields.deallocate() }
    for method in [UInt8(GW_METHOD_GET), UInt8(GW_METHOD_HEAD)] {
        var parser = ResponseHeadParser()
        var head = ResponseHead()
        // What comes of the bytes is not the point: no input may trap.
        _ = try? parser.parse(
            bytes, count: count, requestMethodID: method, fields: fields, into: &head)
    }
    return 0
}
