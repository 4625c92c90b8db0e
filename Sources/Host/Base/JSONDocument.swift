// A parsed JSON text as a flat list of nodes, to look things up in or to make a value of.

/// A JSON text (RFC 8259) after parsing. Immutable; read on any thread.
///
/// The nodes stand in document order: an object is followed by name, value, name, value, …; each
/// node knows where its subtree ends.
package final class JSONDocument: Sendable {
    package enum Kind: UInt32, Sendable {
        case null, bool, number, string, array, object
    }

    package struct Node {
        package var kind: Kind
        /// Of the text: a string's characters after unescaping, a number's digits, "true".
        package var start: Int
        package var length: Int
        /// Members or elements.
        package var count = 0
        /// Index of the first node behind the subtree.
        package var end = 0
        /// Of an object: where its names, sorted, begin in `sortedNames`.
        var namesStart = 0
    }

    /// A copy of the text, in which strings were unescaped where they stand.
    private nonisolated(unsafe) let text: UnsafeMutableBufferPointer<UInt8>
    private let nodes: [Node]
    private let sortedNames: [Int]

    /// - Throws: `JSONDocumentError` for anything that is not exactly one JSON text, for names
    ///   that an object has twice, and beyond the limits.
    package init(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONDocumentError) {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes.count, 1))
        _ = copy.update(fromContentsOf: bytes)
        var parser = JSONDocumentParser(UnsafeMutableBufferPointer(rebasing: copy[..<bytes.count]))
        do throws(JSONDocumentError) {
            try parser.parseDocument()
        } catch {
            copy.deallocate()
            throw error
        }
        text = copy
        nodes = parser.nodes
        sortedNames = parser.sortedNames
    }

    deinit {
        text.deallocate()
    }

    /// The node at a JSON Pointer (RFC 6901), nil when there is none.
    package func find(_ pointer: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let first = pointer.first else { return 0 }
        guard first == UInt8(ascii: "/") else { return nil }
        var node = 0
        let path = UnsafeBufferPointer(rebasing: pointer.dropFirst())
        for step in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let next = child(of: node, named: step) else { return nil }
            node = next
        }
        return node
    }

    package func node(_ index: Int) -> Node { nodes[index] }

    /// The characters or digits of a node. Valid as long as the document.
    package func bytes(of index: Int) -> UnsafeBufferPointer<UInt8> {
        let node = nodes[index]
        return UnsafeBufferPointer(rebasing: text[node.start..<(node.start + node.length)])
    }

    /// The node of a member's name, by its place in sorted order.
    package func name(of object: Int, at place: Int) -> Int? {
        let node = nodes[object]
        guard node.kind == .object, place < node.count else { return nil }
        return sortedNames[node.namesStart + place]
    }

    private func child(of index: Int, named step: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        let node = nodes[index]
        switch node.kind {
        case .object: return member(of: node, named: step)
        case .array: return element(of: node, at: index, step)
        case .null, .bool, .number, .string: return nil
        }
    }

    /// The value of a member, by binary search.
    private func member(of node: Node, named step: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard let name = Self.unescaped(step) else { return nil }
        var low = node.namesStart
        var high = node.namesStart + node.count
        while low < high {
            let middle = (low + high) / 2
            let candidate = bytes(of: sortedNames[middle])
            if candidate.elementsEqual(name) { return sortedNames[middle] + 1 }
            if candidate.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private func element(
        of node: Node, at index: Int, _ step: Slice<UnsafeBufferPointer<UInt8>>
    ) -> Int? {
        let isNumber =
            !step.isEmpty && step.count < 10
            && step.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber, step.count == 1 || step.first != UInt8(ascii: "0") else { return nil }
        let place = step.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard place < node.count else { return nil }
        var child = index + 1
        for _ in 0..<place { child = nodes[child].end }
        return child
    }

    /// `~1` is `/` and `~0` is `~`; nil for any other use of `~`.
    private static func unescaped(_ step: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8]? {
        var name: [UInt8] = []
        var bytes = step.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "~") else {
                name.append(byte)
                continue
            }
            switch bytes.next() {
            case UInt8(ascii: "0"): name.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): name.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return name
    }
}

/// Why a text is no JSON document.
package struct JSONDocumentError: Error, Equatable {
    package enum Kind: Sendable {
        case invalid
        /// Too large or too deep.
        case limit
    }

    package var kind: Kind
    /// Bytes into the text.
    package var offset: Int
    package var message: String
}
