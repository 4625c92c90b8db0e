// The first-party plugins, each loaded from its shared object, one test at a time.
import Testing

@Suite(.serialized) struct PluginTests {}
