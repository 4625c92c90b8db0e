// Libraries that a plugin may lean on without saying so.

enum KnownLibraries {
    /// Parts of the C library and of the compilers' run-time libraries.
    static func isEverywhere(_ name: String) -> Bool {
        let stems = [
            "libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libresolv.so",
            "libutil.so", "libstdc++.so", "libgcc_s.so", "libc++.so", "libc++abi.so", "ld-linux",
            "libc.musl",
        ]
        return stems.contains { name.hasPrefix($0) }
    }

    static func isSwift(_ name: String) -> Bool {
        let stems = [
            "libswift", "libdispatch.so", "libBlocksRuntime.so", "libFoundation", "lib_Foundation",
        ]
        return stems.contains { name.hasPrefix($0) }
    }

    /// Where libraries of this name may be: beside the file, in the toolchain, in the system.
    static func find(_ name: String, near folder: String, _ runPaths: [String]) -> String? {
        let near = runPaths.map { path in
            path.hasPrefix("$ORIGIN") ? folder + path.dropFirst("$ORIGIN".count) : path
        }
        let toolchain = (try? SwiftToolchain()).map { [$0.libraries] } ?? []
        let system = [
            "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib", "/usr/local/lib",
        ]
        return (near + toolchain + system).map { "\($0)/\(name)" }.first(where: Folders.isFile)
    }
}
