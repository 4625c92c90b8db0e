// The gatewright command.
#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())).rawValue)
