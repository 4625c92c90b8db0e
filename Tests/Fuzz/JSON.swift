// Fuzzes the JSON readers: values of configurations, and documents of plugins.
// modules: Base   seeds: Tests/Fixtures/adapt Tests/Fixtures/configs
import Base

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let text = UnsafeBufferPointer(start: bytes, count: count)
    if let value = try? JSONValue(parsing: text) {
        // What is written says the same to who reads it.
        let written = value.serialized()
        let again = try? JSONValue(parsing: written)
        precondition(again?.serialized() == written, "\(written) is not what was read")
    }
    guard let document = try? JSONDocument(text) else { return 0 }
    // Every node is inside of the text, and every member has a name.
    var index = 0
    repeat {
        let node = document.node(index)
        _ = document.bytes(of: index)
        precondition(node.end > index)
        for place in 0..<node.count where node.kind == .object {
            precondition(document.name(of: index, at: place) != nil, "a member without a name")
        }
        index += 1
    } while index < document.node(0).end
    return 0
}
