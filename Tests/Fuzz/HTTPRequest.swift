// Fuzzes the request side: heads, then chunked bodies, in one piece and split in two.
// modules: HTTP   seeds: Tests/Conformance/http1/cases.jsonl
import Base
import CGateway
import HTTP

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let whole = readHead(bytes, count, firstPiece: count)
    // Where the input is cut must make no difference to what is read.
    let split = readHead(bytes, count, firstPiece: count / 2)
    precondition(whole == split, "a head cut at \(count / 2) reads differently")
    readChunks(bytes, count)
    return 0
}

/// The number of bytes in the head, 0 while it is unfinished, -1 for an error.
private func readHead(_ bytes: UnsafePointer<UInt8>, _ count: Int, firstPiece: Int) -> Int {
    let fields = UnsafeMutablePointer<gw_field>.allocate(capacity: Limits.headFieldsMax)
    defer { fields.deallocate() }
    var parser = RequestHeadParser()
    var head = RequestHead()
    do {
        for available in [firstPiece, count]
        where try parser.parse(bytes, count: available, fields: fields, into: &head) {
            precondition(head.headBytes <= available && head.fieldCount <= Limits.headFieldsMax)
            return head.headBytes
        }
        return 0
    } catch {
        return -1
    }
}

private func readChunks(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
    var decoder = ChunkedDecoder()
    var at = 0
    do {
        while at < count {
            let before = at
            switch try decoder.next(bytes, &at, count) {
            case .data(let start, let size):
                precondition(start >= before && size > 0 && start + size <= at && at <= count)
            case .needMore:
                precondition(at == count)
            case .end:
                return
            }
        }
    } catch {
        precondition(at <= count)
    }
}
