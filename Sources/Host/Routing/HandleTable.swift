// Compiled things behind the small integers that plugins hold: templates, routes.

/// Gives handles out. Control plane only, one per process and kind: an instance that lives through
/// a reload keeps its handles. A handle of an ended scope may be given out again.
package struct HandleRegistry<Element: AnyObject & Sendable> {
    private var elements: [Element?] = []
    private var free: [UInt32] = []

    package init() {}

    /// - Returns: A handle, never 0.
    package mutating func add(_ element: Element) -> UInt32 {
        if let handle = free.popLast() {
            elements[Int(handle) - 1] = element
            return handle
        }
        elements.append(element)
        return UInt32(elements.count)
    }

    package mutating func remove(_ handle: UInt32) {
        guard handle > 0, handle <= elements.count, elements[Int(handle) - 1] != nil else { return }
        elements[Int(handle) - 1] = nil
        free.append(handle)
    }

    package subscript(handle: UInt32) -> Element? {
        handle > 0 && handle <= elements.count ? elements[Int(handle) - 1] : nil
    }

    /// What the workers of a generation use; taken when the generation is published.
    package func snapshot() -> HandleTable<Element> { HandleTable(elements: elements) }
}

/// Immutable; keeps everything in it alive as long as the generation.
package final class HandleTable<Element: AnyObject & Sendable>: Sendable {
    @usableFromInline let elements: [Element?]

    init(elements: [Element?]) {
        self.elements = elements
    }

    /// Inlined: unspecialised it asks the run-time for metadata at each look-up.
    @inlinable package subscript(handle: UInt32) -> Element? {
        handle > 0 && handle <= elements.count ? elements[Int(handle) - 1] : nil
    }
}

package typealias TemplateRegistry = HandleRegistry<Template>
package typealias TemplateTable = HandleTable<Template>
package typealias RoutesRegistry = HandleRegistry<RouteProgram>
package typealias RoutesTable = HandleTable<RouteProgram>
