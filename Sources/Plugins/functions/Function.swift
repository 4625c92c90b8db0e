// One exported function of a library, ready to be called by every worker.
import FunctionsFFI
import PluginSDK

/// What a configuration says of one function.
struct FunctionDescription {
    var name: String
    /// Its name in the library.
    var symbol: String
    var signature: String
    var arguments: [String]
    /// Frees a result `o`.
    var release: String?
    var bytesMax: Int

    init(_ configuration: inout Configuration) throws(PluginError) {
        guard let name = try configuration.string("name"), Self.isName(name) else {
            throw PluginError(
                "\(configuration.path).name is missing or no name, expected letters, digits and _")
        }
        self.name = name
        symbol = try configuration.string("symbol") ?? name
        guard let signature = try configuration.string("signature") else {
            throw PluginError("\(configuration.path).signature is missing")
        }
        self.signature = signature
        arguments = try configuration.strings("arguments") ?? []
        release = try configuration.string("free")
        let size = try configuration.int("size") ?? Int64(Function.bytesMaxByDefault)
        guard (1...Int64(Function.bytesMaxLimit)).contains(size) else {
            throw PluginError(
                "\(configuration.path).size is \(size), expected 1 to \(Function.bytesMaxLimit)")
        }
        bytesMax = Int(size)
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || byte == UInt8(ascii: "_")
            }
    }
}

/// Immutable but for its poisoning; freed with the last instance that calls it.
final class Function: @unchecked Sendable {
    static let bytesMaxByDefault = 4096
    static let bytesMaxLimit = 65_536

    /// With the name of the library, as in placeholders: "geo.country".
    let name: String
    let library: String
    let signature: Signature
    let bytesMax: Int
    private let prepared: OpaquePointer

    init(
        _ description: FunctionDescription, in library: Library
    ) throws(PluginError) {
        name = "\(library.name).\(description.name)"
        self.library = library.path
        let signature = try Signature(description.signature, of: description.name)
        self.signature = signature
        bytesMax = description.bytesMax
        let address = try library.function(description.symbol)
        let release = try Self.release(description, signature, in: library)
        let result = CChar(signature.result.rawValue.asciiValue ?? 0)
        guard
            let prepared = gwf_prepare(address, release, signature.letters, result, bytesMax)
        else { throw PluginError("\(name) cannot be called with \"\(description.signature)\"") }
        self.prepared = prepared
    }

    deinit { gwf_free(prepared) }

    var isDirect: Bool { gwf_is_direct(prepared) != 0 }
    /// The signal that it died of, for the log.
    var signalName: String { String(cString: gwf_signal_name(gwf_signal(prepared))) }

    func call(
        _ arguments: inout gwf_arguments, buffer: UnsafeMutablePointer<UInt8>?,
        _ result: inout gwf_result
    ) -> Int32 {
        gwf_call(prepared, &arguments, buffer, &result)
    }

    /// Copies the bytes of a result to where they fit, and gives an owned one back.
    func take(_ result: inout gwf_result, to memory: UnsafeMutablePointer<UInt8>?) -> Int32 {
        gwf_take(prepared, &result, memory)
    }

    private static func release(
        _ description: FunctionDescription, _ signature: Signature, in library: Library
    ) throws(PluginError) -> UnsafeMutableRawPointer? {
        guard signature.result == .owned else {
            guard description.release == nil else {
                throw PluginError(
                    "\(description.name) has free, which only a result o needs")
            }
            return nil
        }
        guard let name = description.release else {
            throw PluginError(
                "\(description.name) gives a result o, but free is missing",
                hint: "name the library's function that frees it")
        }
        return try library.function(name)
    }
}
