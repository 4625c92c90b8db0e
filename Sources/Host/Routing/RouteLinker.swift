// The last step of compiling routes: labels become positions, and jumps that are none go.

/// Turns code whose targets are labels into code whose targets are positions.
///
/// Most jumps that the compiler writes lead to the very next instruction, such as those from one
/// route to the one behind it. They are left out, and whoever leads to a jump leads to where that
/// goes: the handlers of a chain stand side by side.
struct RouteLinker {
    private let code: [RouteInstruction]
    /// Index in `code` of each label.
    private let labels: [Int]
    /// Where each instruction of `code` goes; one that is left out, where the next one goes.
    private var positions: [Int]
    private var isKept: [Bool]

    /// - Parameters:
    ///   - code: Ends with an instruction that is no jump; its jumps lead forward.
    ///   - labels: Each stands before an instruction.
    init(code: [RouteInstruction], labels: [Int]) {
        self.code = code
        self.labels = labels
        positions = code.map { _ in 0 }
        isKept = code.map { _ in true }
        chooseKept()
        placeKept()
    }

    func position(of label: Int) -> Int {
        positions[end(of: labels[label])]
    }

    func link() -> [RouteInstruction] {
        zip(code, isKept).filter(\.1).map { instruction, _ in
            switch instruction {
            case .test(let matcher, let ifTrue, let ifFalse):
                .test(
                    matcher: matcher, ifTrue: position(of: ifTrue), ifFalse: position(of: ifFalse))
            case .ask(let matcher, let ifTrue, let ifFalse):
                .ask(
                    matcher: matcher, ifTrue: position(of: ifTrue), ifFalse: position(of: ifFalse))
            case .group(let group, let otherwise): .group(group, otherwise: position(of: otherwise))
            case .jump(let target): .jump(position(of: target))
            case .errorScope(let handler): .errorScope(handler: position(of: handler))
            case .handler, .call, .dispatch, .end, .finish: instruction
            }
        }
    }

    private mutating func chooseKept() {
        var next = code.count - 1
        for index in code.indices.dropLast().reversed() {
            if case .jump = code[index], end(of: index) == end(of: next) {
                isKept[index] = false
            } else {
                next = index
            }
        }
    }

    private mutating func placeKept() {
        var position = 0
        for index in code.indices {
            positions[index] = position
            if isKept[index] { position += 1 }
        }
    }

    /// The first instruction from there on that is no jump.
    private func end(of start: Int) -> Int {
        var index = start
        while case .jump(let label) = code[index] { index = labels[label] }
        return index
    }
}
