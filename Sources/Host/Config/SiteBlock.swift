// What the parser makes of a Caddyfile: blocks with their keys and directives.

/// A site, the global options (no keys) or a named route.
struct SiteBlock {
    var keys: [Token] = []
    /// Directives with all imports expanded, each with balanced braces.
    var directives: [ArraySlice<Token>] = []
    var hasBraces = false
    var isNamedRoute = false
}
