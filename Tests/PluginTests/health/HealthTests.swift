// The plugin "health" against the checking host.
import TestHost
import Testing

extension PluginTests {
    @Suite struct HealthTests {
        let plugin = try! TestPlugin(named: "health")

        @Test(arguments: [
            ("health", #"{"handler":"health"}"#),
            ("health /status", #"{"handler":"health","path":"/status"}"#),
            (
                "health @inside /status",
                #"{"routes":[{"handle":[{"handler":"health","path":"/status"}],"match":[{"path":["@inside"]}]}]}"#
            ),
        ])
        func takesALonePathAsItsOwn(_ text: String, _ json: String) throws {
            #expect(try plugin.adapt(text) == json)
        }

        @Test(arguments: [
            ("GET", "/health", 200), ("GET", "/health/live", 200), ("GET", "/health/ready", 200),
            ("POST", "/health", 405),
        ])
        func answersItsPages(_ method: String, _ uri: String, _ status: UInt16) throws {
            let page = try plugin.make("http.handlers.health", #"{"handler":"health"}"#)
            let exchange = page.exchange(method, uri)
            #expect(exchange.runRequest() == 6)
            #expect(exchange.status == status)
        }

        @Test(arguments: ["/", "/healthy", "/health/other"])
        func passesOtherPathsOn(_ uri: String) throws {
            let page = try plugin.make("http.handlers.health", #"{"handler":"health"}"#)
            #expect(page.exchange("GET", uri).runRequest() == 1)
        }
    }
}
