// A shared object that a configuration names.
import FunctionsFFI
import PluginSDK

/// An open library; it stays mapped as long as the process.
struct Library {
    /// Prefix of its placeholders.
    let name: String
    let path: String
    private let handle: UnsafeMutableRawPointer

    init(path: String, name: String) throws(PluginError) {
        self.path = path
        self.name = name
        var message = [CChar](repeating: 0, count: 512)
        guard let handle = gwf_open(path, &message, message.count) else {
            let why = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            throw PluginError("library \(path) \(why)")
        }
        self.handle = handle
    }

    func function(_ symbol: String) throws(PluginError) -> UnsafeMutableRawPointer {
        guard let address = gwf_symbol(handle, symbol) else {
            throw PluginError(
                "library \(path) exports no function \(symbol)",
                hint: "is it C (extern \"C\"), not static and not hidden?")
        }
        return address
    }

    /// "geo" for "./libgeo.so.2".
    static func name(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let stem = file.split(separator: ".").first.map(String.init) ?? file
        return stem.hasPrefix("lib") ? String(stem.dropFirst(3)) : stem
    }
}
