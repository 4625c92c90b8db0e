// The host and the plugins of Gatewright, built in the checkout or taken as they are there.
import Base
import Commands

/// A release build of the checkout.
struct HostBuild {
    private let checkout: Checkout
    private let mode: PluginMode
    /// Where the products are.
    private let products: String
    private let scratch: String

    /// Islands have a build of their own; everything else is what `make build` makes, too.
    init(_ checkout: Checkout, mode: PluginMode) {
        self.checkout = checkout
        self.mode = mode == .island ? .island : .shared
        scratch = "\(checkout.folder)/.build\(mode == .island ? "/island" : "")"
        products = "\(scratch)/release"
    }

    var program: String { "\(products)/gatewright" }
    func plugin(_ name: String) -> String { "\(products)/lib\(name).so" }
    var modeName: String { mode.rawValue }

    /// Builds unless the sources and the products are those of the last time.
    func run() throws(BuildError) {
        let inputs = try inputsKey()
        if isCurrent(inputs) { return }
        let swift = try Tools.swift()
        let island = ["--static-swift-stdlib", "-Xswiftc", "-static-stdlib"]
        _ = try Progress.timed("gatewright: built from \(checkout.folder)") {
            () throws(BuildError) in
            try swift.run(
                ["build", "--configuration", "release", "--scratch-path", scratch]
                    + ["--explicit-target-dependency-import-check", "error"]
                    + (mode == .island ? island : []),
                in: checkout.folder, failure: "the Gatewright sources do not build")
        }
        let outside = OutsideInputs(
            MakeRules.sources(below: "\(products)/", from: checkout.folder),
            except: [
                checkout.folder, scratch,
                Paths.folder(try SwiftToolchain(in: checkout.folder).libraries),
            ])
        var members: [String: JSONValue] = ["inputs": .string(inputs), "outside": outside.json]
        members["products"] = .object(productStates().mapValues { .string($0) })
        let text = IndentedJSON.format(JSONValue.object(members).serialized()) + "\n"
        try withFiles { () throws(FilesError) in try Folders.write(text, to: stampPath) }
    }

    private var stampPath: String { "\(scratch)/xbuild-current.json" }

    private func isCurrent(_ inputs: String) -> Bool {
        guard let text = try? Files.read(stampPath), let stamp = try? JSONValue(parsing: text),
            stamp["inputs"]?.stringValue == inputs, OutsideInputs(stamp["outside"]).isCurrent
        else { return false }
        let states = productStates()
        return !states.isEmpty
            && stamp["products"] == .object(states.mapValues { .string($0) })
    }

    /// What the products look like: a file that somebody built anew looks different.
    private func productStates() -> [String: String] {
        var states: [String: String] = [:]
        for path in [program] + checkout.pluginNames.map(plugin) {
            guard let state = Files.stamp(path) else { return [:] }
            states[Paths.name(path)] = "\(state.size) \(state.seconds).\(state.nanoseconds)"
        }
        return states
    }

    private func inputsKey() throws(BuildError) -> String {
        var key = ContentKey()
        key.add("mode", mode.rawValue)
        key.add("swift", try SwiftToolchain(in: checkout.folder).identity)
        let package = "\(checkout.folder)/Package.swift"
        try key.add(file: package, as: "package")
        for library in PackageFlags.known(ofPackage: package) { key.add("library", library) }
        try key.add(folder: "\(checkout.folder)/Sources", as: "sources")
        try key.add(folder: checkout.sdk, as: "sdk", except: [".build"])
        return key.value
    }
}
