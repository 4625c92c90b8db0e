// Why something could not be built, checked or tested.
import Commands
import Loader

/// A failure, told to the person who typed the command.
struct BuildError: Error, Equatable, CustomStringConvertible {
    /// Lower case, no full stop: what was found, what was expected, what to do.
    var message: String
    /// The last lines of the tool that failed.
    var output = ""

    init(_ message: String, output: String = "") {
        self.message = message
        self.output = output
    }

    init(_ error: FilesError) { self.init(error.description) }

    var description: String { output.isEmpty ? message : "\(output)\n\(message)" }

    /// The same failure, with the plugin that it is about in front.
    func about(plugin: String) -> BuildError {
        BuildError("plugin \(plugin): \(message)", output: output)
    }
}

/// Runs `body`; what it throws is shown as the failure of a command.
func reporting<Result: ~Copyable>(
    _ body: () throws(BuildError) -> Result
) throws(CommandError) -> Result {
    do throws(BuildError) {
        return try body()
    } catch {
        throw CommandError(message: "error: \(error.description)")
    }
}

/// Runs `body`; a file that cannot be used is a failure like others.
func withFiles<Result: ~Copyable>(_ body: () throws(FilesError) -> Result) throws(BuildError)
    -> Result
{
    do throws(FilesError) {
        return try body()
    } catch {
        throw BuildError(error)
    }
}

/// Runs `body`; a file that is no shared object, or a damaged one, is a failure like others.
func withObject<Result: ~Copyable>(
    _ path: String, _ body: () throws(ObjectFileError) -> Result
) throws(BuildError) -> Result {
    do throws(ObjectFileError) {
        return try body()
    } catch {
        throw BuildError("\(path): \(error.message)")
    }
}
