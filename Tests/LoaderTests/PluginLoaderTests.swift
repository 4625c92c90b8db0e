// Loading plugins: good ones, and every way in which one can be wrong.
import CGateway
import Testing

@testable import Loader

@Suite struct PluginLoaderTests {
    @Test func loadsAGoodPlugin() throws {
        let plugin = try PluginFixture().load()
        #expect(plugin.name == "good")
        #expect(plugin.version == "1.2.3")
        #expect(plugin.warnings == [])
        let module = try #require(plugin.modules.first)
        #expect(module.id == "http.handlers.good")
        #expect(module.kind == .httpHandler)
        #expect(module.stateSize == 16)
        #expect(module.handlerOps?.pointee.on_request != nil)
        #expect(module.handlerOps?.pointee.on_response == nil)
        let directive = try #require(module.directives.first)
        #expect(directive.name == "good")
        #expect(directive.order == .rank(7))
        #expect(directive.takesMatcher)
        #expect(directive.summary == "does good")
    }
}
