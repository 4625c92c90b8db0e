// The gatewright command.
import Commands

#if canImport(Darwin)
private import Darwin
#else
private import Glibc
#endif

exit(Tool.gatewright.run(Array(CommandLine.arguments.dropFirst())).rawValue)
