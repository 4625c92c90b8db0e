// Fuzzes the Caddyfile reader: lexer, parser, global options, matchers, formatter.
// modules: Config   seeds: Tests/Conformance/adapt Tests/Fixtures/configs
import Base
import Config

private struct NoSuchFile: Error {}

private let options = AdaptOptions(
    directives: [],
    sources: ConfigSources(
        readFile: { _ in throw NoSuchFile() }, glob: { _ in [] }, environment: { _ in nil }))

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let text = Array(UnsafeBufferPointer(start: bytes, count: count))
    _ = CaddyfileFormatter.format(text)
    // Most inputs are wrong somewhere; that must be said, not trapped on.
    _ = try? CaddyfileAdapter.adapt(text, fileName: "Caddyfile", options: options)
    return 0
}
