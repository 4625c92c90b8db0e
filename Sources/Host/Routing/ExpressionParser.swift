// Recursive descent over the text of an expression.

struct ExpressionParser {
    private static let nestingMax = 32

    private let text: [UInt8]
    private let original: String
    private let names: NameRegistry
    private let location: String
    private var index = 0
    private var nesting = 0

    init(_ text: String, names: NameRegistry, location: String) {
        self.text = Array(text.utf8)
        original = text
        self.names = names
        self.location = location
    }

    mutating func parse() throws(RoutingError) -> Expression {
        let expression = try parseOr()
        skipSpace()
        guard index == text.count else { throw unexpected() }
        return expression
    }

    private mutating func parseOr() throws(RoutingError) -> Expression {
        var left = try parseAnd()
        while take("||") { left = .either(left, try parseAnd()) }
        return left
    }

    private mutating func parseAnd() throws(RoutingError) -> Expression {
        var left = try parseUnary()
        while take("&&") { left = .both(left, try parseUnary()) }
        return left
    }

    private mutating func parseUnary() throws(RoutingError) -> Expression {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.nestingMax else {
            throw RoutingError("expression is nested too deeply: \(original)", at: location)
        }
        if take("!") { return .negation(try parseUnary()) }
        if take("(") {
            let inner = try parseOr()
            guard take(")") else { throw unexpected() }
            return inner
        }
        return try parseComparison()
    }

    private mutating func parseComparison() throws(RoutingError) -> Expression {
        let left = try parseOperand()
        let relations: [Expression.Relation] = [
            .equal, .unequal, .atMost, .atLeast, .less, .greater,
        ]
        for relation in relations where take(relation.rawValue) {
            return .comparison(left, relation, try parseOperand())
        }
        if take("in") { return .member(left, try parseList()) }
        let truth = try Template("true", names: names)
        return .comparison(left, .equal, .text(truth))
    }

    private mutating func parseList() throws(RoutingError) -> [Expression.Operand] {
        guard take("[") else { throw unexpected() }
        var elements: [Expression.Operand] = []
        if take("]") { return elements }
        repeat { elements.append(try parseOperand()) } while take(",")
        guard take("]") else { throw unexpected() }
        return elements
    }

    private mutating func parseOperand() throws(RoutingError) -> Expression.Operand {
        skipSpace()
        guard index < text.count else { throw unexpected() }
        switch text[index] {
        case 0x7b:
            let name = try takeThrough(0x7d)
            return .text(try Template(name, names: names, at: location))
        case 0x22, 0x27:
            let quoted = try takeThrough(text[index])
            return .text(try literal(String(quoted.dropFirst().dropLast())))
        case 0x2d, 48...57: return try parseInteger()
        default:
            if take("true") { return .text(try literal("true")) }
            if take("false") { return .text(try literal("false")) }
            throw unexpected()
        }
    }

    private mutating func parseInteger() throws(RoutingError) -> Expression.Operand {
        let start = index
        index += 1
        while index < text.count, (48...57).contains(text[index]) { index += 1 }
        let digits = String(decoding: text[start..<index], as: UTF8.self)
        guard let value = Int64(digits) else { throw unexpected() }
        return .integer(value)
    }

    /// Text that has no placeholders, whatever it looks like.
    private func literal(_ text: String) throws(RoutingError) -> Template {
        let escaped = text.map { $0 == "{" || $0 == "}" ? "\\\($0)" : String($0) }.joined()
        return try Template(escaped, names: names, at: location)
    }

    /// The text from here through the next `end`, both included.
    private mutating func takeThrough(_ end: UInt8) throws(RoutingError) -> String {
        let start = index
        index += 1
        while index < text.count, text[index] != end { index += 1 }
        guard index < text.count else { throw unexpected() }
        index += 1
        return String(decoding: text[start..<index], as: UTF8.self)
    }

    private mutating func skipSpace() {
        while index < text.count, text[index] == 0x20 || (9...13).contains(text[index]) {
            index += 1
        }
    }

    private mutating func take(_ token: String) -> Bool {
        skipSpace()
        guard text[index...].starts(with: token.utf8) else { return false }
        index += token.utf8.count
        return true
    }

    private func unexpected() -> RoutingError {
        let rest = String(decoding: text[min(index, text.count)...], as: UTF8.self)
        let found = rest.isEmpty ? "end of expression" : "\"\(rest)\""
        return RoutingError(
            "unexpected \(found) in expression \"\(original)\", supported are comparisons of"
                + " placeholders with ==, !=, <, <=, >, >=, in [..], combined with &&, || and !",
            at: location)
    }
}
