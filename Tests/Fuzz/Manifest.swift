// Fuzzes what is read from a plugin's file before it is mapped: the ELF image and the manifest.
// modules: Loader   seeds: Sources/Plugins examples/plugins
import Base

@testable import Loader

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    let file = Array(UnsafeBufferPointer(start: bytes, count: count))
    _ = try? ManifestReader.parse(file[...], plugin: "fuzzed")
    if let image = try? ELFImage(file) {
        for section in image.sections {
            precondition(section.data.upperBound <= count, "section outside of the file")
        }
    }
    return 0
}
