// What is known of a process. All texts are its own claims.

struct ProcessFacts: Hashable, Sendable {
    var processID: Int32
    var parentID: Int32
    /// Clock ticks since the machine started; with the number it tells processes apart for ever.
    var startTime: UInt64
    /// The short name.
    var command: String
    /// As a candidate shows it, see `CommandLine`.
    var arguments: String
    /// nil when it may not be read.
    var workingDirectory: String?
    /// nil when it may not be read.
    var executable: String?
    /// What the manifest in the working directory calls itself.
    var packageName: String?
    /// Of the container that it runs in.
    var containerID: String?
}
