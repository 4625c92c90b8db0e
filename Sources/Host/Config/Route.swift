// Routes while they are built, and the rules that sort, group and merge them.
import Base

/// One route of a list: match, then handle.
struct Route: Equatable {
    var group = ""
    /// Alternatives; nil matches everything.
    var matcherSets: [JSONValue]?
    var handlers: [JSONValue] = []
    var isTerminal = false

    var json: JSONValue {
        var members: JSONObject = [:]
        members.set("group", group)
        members.set("match", matcherSets ?? [])
        members.set("handle", handlers)
        members.set("terminal", isTerminal)
        return .object(members)
    }

    static func subroute(_ routes: [Route]) -> JSONValue {
        var members: JSONObject = ["handler": "subroute"]
        members.set("routes", routes.map(\.json))
        return .object(members)
    }

    init(group: String = "", matcherSets: [JSONValue]? = nil, handlers: [JSONValue]) {
        self.group = group
        self.matcherSets = matcherSets
        self.handlers = handlers
    }

    /// A route as a plugin wrote it.
    init(json: JSONValue) {
        group = json["group"]?.stringValue ?? ""
        matcherSets = json["match"]?.arrayValue
        handlers = json["handle"]?.arrayValue ?? []
        isTerminal = json["terminal"]?.boolValue ?? false
    }

    /// The same set may stand in several lines of a configuration.
    fileprivate var plainMatcherSets: [JSONValue]? {
        matcherSets.map { $0.map(SourceMarks.withoutMark) }
    }

    /// The pattern of the only path in the only matcher set.
    fileprivate var onlyPath: String? {
        guard let sets = matcherSets, sets.count == 1, let paths = sets[0]["path"]?.stringValues,
            paths.count == 1, paths[0] != ""
        else { return nil }
        return paths[0]
    }
}

/// What one directive gave: a route, or several that stay together in their order.
struct RouteResult {
    enum Value {
        case route(Route)
        case routes([Route])
    }

    /// The name under which it sorts.
    var directive: String
    var value: Value
}

/// How routes of the directives of one configuration are put in order.
struct RouteRules {
    /// Directive names in the order in which they run.
    var order: [String]
    var exclusiveGroups: [String: ExclusiveGroup]
    var specificLast: Set<String>

    /// Joins the results of one block into a list of routes.
    func build(
        _ results: [RouteResult], sorted isSorted: Bool, nextGroup: () -> String
    ) -> [Route] {
        let ordered = isSorted ? sort(results) : results
        let groups = groupNames(for: ordered, nextGroup: nextGroup)
        var routes: [Route] = []
        for result in ordered {
            switch result.value {
            case .route(var route):
                if let group = groups[result.directive] { route.group = group }
                routes.append(route)
            case .routes(let list):
                routes += list
            }
        }
        return Self.merge(routes)
    }

    /// The group of each exclusive directive of a block. Directives take numbers in alphabetical
    /// order, and one that always has a group takes its number even when the block has none of
    /// them: that keeps the names equal to Caddy's.
    private func groupNames(
        for results: [RouteResult], nextGroup: () -> String
    ) -> [String: String] {
        var names: [String: String] = [:]
        for (directive, group) in exclusiveGroups.sorted(by: { $0.key < $1.key }) {
            let count = results.count { $0.directive == directive }
            switch group {
            case .always: names[directive] = nextGroup()
            case .whenSeveral: if count > 1 { names[directive] = nextGroup() }
            case .none: break
            }
        }
        return names
    }

    private func sort(_ results: [RouteResult]) -> [RouteResult] {
        let positions = Dictionary(
            order.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return results.stablySorted { left, right in
            if left.directive != right.directive {
                return positions[left.directive, default: 0]
                    < positions[right.directive, default: 0]
            }
            guard case .route(let leftRoute) = left.value,
                case .route(let rightRoute) = right.value
            else { return false }
            let isFirst = Self.isMoreSpecific(leftRoute, than: rightRoute)
            return specificLast.contains(left.directive) ? !isFirst : isFirst
        }
    }

    /// Longer paths first, a star at the end not counted; otherwise any matcher before none.
    private static func isMoreSpecific(_ left: Route, than right: Route) -> Bool {
        guard let leftPath = left.onlyPath, let rightPath = right.onlyPath else {
            return !(left.matcherSets ?? []).isEmpty && (right.matcherSets ?? []).isEmpty
        }
        let leftStem = Array(withoutStar(leftPath).utf8)
        let rightStem = Array(withoutStar(rightPath).utf8)
        if leftStem == rightStem { return leftPath.utf8.count < rightPath.utf8.count }
        if leftStem.count == rightStem.count {
            return leftStem.lexicographicallyPrecedes(rightStem)
        }
        return leftStem.count > rightStem.count
    }

    private static func withoutStar(_ path: String) -> Substring {
        path.hasSuffix("*") ? path.dropLast() : path[...]
    }

    /// Joins neighbours that differ in their handlers only.
    static func merge(_ routes: [Route]) -> [Route] {
        var merged: [Route] = []
        for route in routes {
            if let last = merged.last, last.plainMatcherSets == route.plainMatcherSets,
                last.isTerminal == route.isTerminal, last.group == route.group
            {
                merged[merged.count - 1].handlers += route.handlers
            } else {
                merged.append(route)
            }
        }
        return merged
    }
}

extension Array {
    /// Insertion sort for short arrays: defined for predicates that are no strict order too, and
    /// then with the result that Caddy has. Longer ones are merge-sorted.
    func stablySorted(by isBefore: (Element, Element) -> Bool) -> [Element] {
        guard count <= 20 else { return sorted(by: isBefore) }
        var sorted = self
        for start in sorted.indices.dropFirst() {
            var index = start
            while index > 0, isBefore(sorted[index], sorted[index - 1]) {
                sorted.swapAt(index, index - 1)
                index -= 1
            }
        }
        return sorted
    }
}
