// The order in which the directives of a block run, from the definitions' own declarations.
internal import Base

enum DirectiveOrdering {
    /// Directive names in running order; unordered ones are left out.
    static func order(of definitions: [DirectiveDefinition]) -> [String] {
        var ranked = HostDirective.ranks.map { (name: $0.key.rawValue, rank: $0.value) }
        var anchored: [DirectiveDefinition] = []
        for definition in definitions {
            switch definition.order {
            case .rank(let rank): ranked.append((definition.name, rank))
            case .before, .after: anchored.append(definition)
            case .unordered: break
            }
        }
        var order = ranked.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.map(\.name)
        place(anchored, in: &order)
        return order
    }

    /// Places directives beside their anchors, in as many rounds as anchors lean on each other.
    private static func place(_ anchored: [DirectiveDefinition], in order: inout [String]) {
        var waiting = anchored.sorted { $0.name < $1.name }
        while true {
            let before = waiting.count
            waiting.removeAll { insert($0, in: &order) }
            if waiting.isEmpty || waiting.count == before { return }
        }
    }

    private static func insert(_ definition: DirectiveDefinition, in order: inout [String]) -> Bool
    {
        switch definition.order {
        case .before(let anchor):
            guard let index = order.firstIndex(of: anchor) else { return false }
            order.insert(definition.name, at: index)
        case .after(let anchor):
            guard let index = order.firstIndex(of: anchor) else { return false }
            order.insert(definition.name, at: index + 1)
        case .rank, .unordered:
            return false
        }
        return true
    }

    /// Moves a directive as the `order` global option says:
    /// `order <directive> first|last|before|after [<other>]`.
    static func move(
        _ node: ConfigNode, in order: inout [String], known: [String]
    ) throws(ConfigError) {
        let arguments = Array(node.arguments)
        guard arguments.count >= 2 else {
            throw node.wrongCount("a directive, a position and another directive")
        }
        let name = arguments[0].text
        guard known.contains(name) else {
            throw ConfigError(
                "unknown directive \"\(name)\" in order", at: arguments[0],
                hint: Suggestion.hint(for: name, among: known))
        }
        order.removeAll { $0 == name }
        switch arguments[1].text {
        case "first", "last":
            if arguments.count > 2 { throw node.wrongCount("nothing after \(arguments[1].text)") }
            order.insert(name, at: arguments[1].text == "first" ? 0 : order.count)
        case "before", "after":
            guard arguments.count == 3 else {
                throw node.wrongCount("one directive after \(arguments[1].text)")
            }
            guard let index = order.firstIndex(of: arguments[2].text) else {
                throw ConfigError(
                    "directive \"\(arguments[2].text)\" has no place in the order",
                    at: arguments[2], hint: Suggestion.hint(for: arguments[2].text, among: order))
            }
            order.insert(name, at: arguments[1].text == "before" ? index : index + 1)
        default:
            throw ConfigError(
                "unknown position \"\(arguments[1].text)\" in order, expected first, last, "
                    + "before or after",
                at: arguments[1])
        }
    }
}
