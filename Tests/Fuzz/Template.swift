// Fuzzes texts with placeholders: compiling and filling in.
// modules: Routing   seeds: Tests/Fuzz/seeds/template
import Base

@testable import Routing

nonisolated(unsafe) private let names = NameRegistry(
    internFieldName: { _ in 0 }, environment: { "value of \($0)" }, readFile: { _ in nil })
nonisolated(unsafe) private let context = RequestContext(arena: Arena())

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let text = String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    for flags: UInt32 in 0...3 {
        guard let template = try? Template(text, flags: flags, names: names) else { continue }
        if !text.utf8.contains(UInt8(ascii: "{")), !text.utf8.contains(UInt8(ascii: "\\")) {
            let constant = template.constant.map { String(decoding: $0, as: UTF8.self) }
            precondition(constant == text, "a text without placeholders changed")
        }
        // Placeholders of a request need one; these give the same whenever they are asked.
        if template.constant == nil { continue }
        _ = template.evaluateCopied(context)
    }
    context.arena.reset()
    return 0
}
