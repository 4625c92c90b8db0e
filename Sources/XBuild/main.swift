// The xbuild command.
import Commands

private import Glibc

Interruption.holdBack()
exit(XBuildTool.tool.run(Array(CommandLine.arguments.dropFirst())).rawValue)
