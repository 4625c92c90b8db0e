// What a plugin says of itself in its manifest.

/// A manifest: one JSON document in the plugin's file, readable without running the plugin.
package struct PluginManifest: Sendable, Equatable {
    /// Versions of the plugin ABI.
    package struct ABI: Sendable, Equatable {
        package var major: Int64
        /// The oldest host that the plugin works with.
        package var minMinor: Int64
        package var builtMinor: Int64
    }

    package struct Runtime: Sendable, Equatable {
        /// "swift", "c", …
        package var language: String
        /// "shared", "island", "embedded", "none", or empty when the manifest does not say.
        package var mode: String
    }

    package struct Directive: Sendable, Equatable {
        package var name: String
        /// "rank:N", "before:NAME", "after:NAME", or empty.
        package var order: String
    }

    package struct Module: Sendable, Equatable {
        package var id: String
        package var kind: String
        package var directives: [Directive]
        package var hooks: [String]
        /// Interfaces and services without which the module cannot work.
        package var needs: [String]
        package var optional: [String]

        /// Its directives stand in sites, where names are unique over all plugins.
        package var isNamedByDirectives: Bool { ModuleKind(id: kind)?.namespace == nil }
    }

    package var name: String
    package var version: String
    package var abi: ABI
    package var runtime: Runtime?
    package var modules: [Module]
    package var permissions: [String]
    /// Ids of the services that it publishes, so that it is there when another plugin wants one.
    package var provides: [String]
    /// What is odd about the manifest without being wrong.
    package var warnings: [String]
}
