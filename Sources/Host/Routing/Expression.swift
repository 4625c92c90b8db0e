// The part of CEL that error routes and simple conditions need: comparisons of placeholders with
// constants, combined with `&&`, `||`, `!` and parentheses.

/// A condition on placeholders. Grammar:
///
///     or      = and *("||" and)
///     and     = unary *("&&" unary)
///     unary   = "!" unary / "(" or ")" / compare
///     compare = operand [("==" / "!=" / "<" / "<=" / ">" / ">=") operand / "in" list]
///     list    = "[" [operand *("," operand)] "]"
///     operand = "{" name "}" / integer / string / "true" / "false"
indirect enum Expression: Sendable {
    case either(Expression, Expression)
    case both(Expression, Expression)
    case negation(Expression)
    case comparison(Operand, Relation, Operand)
    case member(Operand, [Operand])

    enum Operand: Sendable {
        case integer(Int64)
        case text(Template)
    }

    enum Relation: String, Sendable {
        case equal = "=="
        case unequal = "!="
        case less = "<"
        case atMost = "<="
        case greater = ">"
        case atLeast = ">="
    }

    init(_ text: String, names: NameRegistry, at location: String) throws(RoutingError) {
        var parser = ExpressionParser(text, names: names, location: location)
        self = try parser.parse()
    }

    func isTrue(_ context: RequestContext) -> Bool {
        switch self {
        case .either(let first, let second): first.isTrue(context) || second.isTrue(context)
        case .both(let first, let second): first.isTrue(context) && second.isTrue(context)
        case .negation(let inner): !inner.isTrue(context)
        case .comparison(let left, let relation, let right):
            holds(left, relation, right, context)
        case .member(let value, let list):
            list.contains { holds(value, .equal, $0, context) }
        }
    }
}

/// Numbers compare as numbers when one side is a number in the configuration; text compares as
/// bytes. What cannot be compared is false, never true by accident.
private func holds(
    _ left: Expression.Operand, _ relation: Expression.Relation, _ right: Expression.Operand,
    _ context: RequestContext
) -> Bool {
    switch (left, right) {
    case (.text(let left), .text(let right)):
        guard let first = left.evaluate(context), let second = right.evaluate(context) else {
            return false
        }
        return satisfies(relation, order(first, second))
    case (.integer, _), (_, .integer):
        guard let first = number(left, context), let second = number(right, context) else {
            return relation == .unequal
        }
        return satisfies(relation, first < second ? -1 : first == second ? 0 : 1)
    }
}

private func satisfies(_ relation: Expression.Relation, _ order: Int) -> Bool {
    switch relation {
    case .equal: order == 0
    case .unequal: order != 0
    case .less: order < 0
    case .atMost: order <= 0
    case .greater: order > 0
    case .atLeast: order >= 0
    }
}

private func order(_ first: Bytes, _ second: Bytes) -> Int {
    for index in 0..<min(first.count, second.count) where first[index] != second[index] {
        return first[index] < second[index] ? -1 : 1
    }
    return first.count < second.count ? -1 : first.count == second.count ? 0 : 1
}

private func number(_ operand: Expression.Operand, _ context: RequestContext) -> Int64? {
    switch operand {
    case .integer(let value): return value
    case .text(let template):
        guard let text = template.evaluate(context) else { return nil }
        return decimalValue(text)
    }
}

private func decimalValue(_ text: Bytes) -> Int64? {
    guard (1...18).contains(text.count) else { return nil }
    var value: Int64 = 0
    for byte in text {
        guard byte >= 48, byte <= 57 else { return nil }
        value = value * 10 + Int64(byte - 48)
    }
    return value
}
