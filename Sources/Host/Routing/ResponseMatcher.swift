// Matchers on responses: `{"status_code": [2, 404], "headers": {..}}`.
package import Base
package import CGateway

/// Compiled response matcher; immutable and shared by the workers.
package struct ResponseMatcher: Sendable {
    /// Codes, or their first digit for a whole class.
    private let statusCodes: [UInt16]
    private let fields: [(selector: FieldSelector, expectation: HeaderMatcher.Expectation)]

    package init(
        _ json: JSONValue, names: NameRegistry, at location: String = ""
    ) throws(RoutingError) {
        let members = try json.object(at: location)
        try refuseUnknownMembers(of: members, known: ["status_code", "headers"], at: location)
        var codes: [UInt16] = []
        for element in try (members["status_code"] ?? []).array(at: "\(location).status_code") {
            guard let code = element.intValue, (1...5).contains(code) || (100...999).contains(code)
            else {
                throw RoutingError(
                    "expected a status or a class from 1 to 5", at: "\(location).status_code")
            }
            codes.append(UInt16(code))
        }
        statusCodes = codes
        var fields: [(FieldSelector, HeaderMatcher.Expectation)] = []
        let headers = try (members["headers"] ?? [:]).object(at: "\(location).headers")
        for (name, values) in headers.sorted(by: { $0.key < $1.key }) {
            let expectation = try MatcherCompiler(names: names).expectation(
                values, isSecret: false, at: "\(location).headers.\(name)")
            fields.append((FieldSelector(name, names: names), expectation))
        }
        self.fields = fields
    }

    package func matches(
        status: UInt16, fields responseFields: borrowing gw_fields, _ context: RequestContext
    ) -> Bool {
        guard matchesStatus(status) else { return false }
        for field in fields {
            var next = field.selector.index(in: responseFields)
            switch field.expectation {
            case .absent: if next != nil { return false }
            case .present: if next == nil { return false }
            case .oneOf(let patterns):
                var found = false
                while let index = next, !found {
                    let value = fieldValue(responseFields, at: index)
                    found = patterns.contains { $0.matches(value, isSecret: false, context) }
                    next = field.selector.index(in: responseFields, from: index + 1)
                }
                if !found { return false }
            }
        }
        return true
    }

    private func matchesStatus(_ status: UInt16) -> Bool {
        if statusCodes.isEmpty { return true }
        for code in statusCodes where code == status || code == status / 100 { return true }
        return false
    }
}
