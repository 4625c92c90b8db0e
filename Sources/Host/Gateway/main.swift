// The gatewright command (bring-up).
import Base
import Loader
import Logging
import Server

HostInterfacesSetup.registerAll(duration: { _, _ in -10 })
let loader = PluginLoader(finder: PluginFinder(options: [CommandLine.arguments[2]], environment: nil, executableFolder: "/nonexistent"))
for error in loader.loadAll() { print(error) }
let server = try GatewayServer(loader: loader, logs: LogSystem(), options: ServerOptions(workers: 1, environment: ["HOME": "/root"]))
let json = try JSONValue(parsing: ControlFiles.read(CommandLine.arguments[1]))
try server.apply(json)
print(server.listening)
while true { Rest.second(); server.maintain() }
