// The order in which the sites of a server are tried.

enum SiteOrder {
    /// The most specific host first, then the longest path; wildcards behind plain names, sites
    /// for all hosts last.
    static func sorted(_ sites: [Site]) -> [Site] {
        let ranks = Dictionary(
            sites.map { ($0.index, SiteRank($0)) }, uniquingKeysWith: { first, _ in first })
        return sites.stablySorted { left, right in
            guard let left = ranks[left.index], let right = ranks[right.index] else { return false }
            if left.host == 0 { return false }
            if right.host == 0 { return true }
            if left.hasWildcard != right.hasWildcard { return right.hasWildcard }
            if left.host == right.host { return left.pathBytes > right.pathBytes }
            return left.host > right.host
        }
    }

    private struct SiteRank {
        var host = 0
        var path = 0
        var pathBytes = 0
        var hasWildcard = false

        init(_ site: Site) {
            for address in site.addresses {
                if address.host.isEmpty || address.host.contains("*") { hasWildcard = true }
                host = max(host, SiteAddress.specificity(address.host))
                let specificity = SiteAddress.specificity(address.path)
                if specificity > path {
                    path = specificity
                    pathBytes = address.path.utf8.count
                }
            }
        }
    }
}
