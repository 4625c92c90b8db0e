// Where an exchange is in its routes, and how it moves on.
import Base
package import CGateway

/// What the server does next.
package enum RouteStep: Equatable, Sendable {
    /// Run the request hook of this handler, then ask again.
    case handler(Int32)
    /// Nobody answered: an empty 200.
    case end
    /// An error stays unanswered: this status.
    case failed(UInt16)
    /// A plugin could not say whether a route matches: its negative code.
    case refused(gw_status)
}

/// The position of one exchange: program, instruction, where to return to, what catches errors.
///
/// Return addresses form a list linked backwards instead of a stack: an error that is raised behind
/// a subroute continues behind that subroute with the addresses of that time, as Caddy does.
package struct RouteCursor {
    fileprivate struct Place {
        var program: Unmanaged<RouteProgram>
        var position: Int
        /// Index of the address to return to afterwards, or -1.
        var frame: Int
    }

    fileprivate var first: Unmanaged<RouteProgram>?
    fileprivate var place: Place?
    fileprivate var frames: UnsafeMutableBufferPointer<Place>
    fileprivate var frameCount = 0
    fileprivate var scopes: UnsafeMutableBufferPointer<Place>
    fileprivate var scopeCount = 0
    fileprivate var restarts = 0
    fileprivate var hasError = false

    init() {
        frames = .allocate(capacity: Limits.routeFramesMax)
        scopes = .allocate(capacity: Limits.errorScopesMax)
    }

    func deallocate() {
        frames.deallocate()
        scopes.deallocate()
    }

    mutating func reset() {
        first = nil
        place = nil
        frameCount = 0
        scopeCount = 0
        restarts = 0
        hasError = false
    }

    fileprivate mutating func pushFrame(_ place: Place) -> Int? {
        guard frameCount < frames.count else { return nil }
        frames.initializeElement(at: frameCount, to: place)
        frameCount += 1
        return frameCount - 1
    }
}

extension RequestContext {
    /// Puts the exchange before the first route. `program` must live as long as the exchange.
    package func start(_ program: RouteProgram) {
        let unmanaged = Unmanaged.passUnretained(program)
        cursor.reset()
        cursor.first = unmanaged
        cursor.place = RouteCursor.Place(program: unmanaged, position: 0, frame: -1)
    }

    /// Goes on to the next handler. Ends in bounded time: within a program every jump leads
    /// forward, programs do not call each other in circles, and entering is bounded.
    package func nextStep() -> RouteStep {
        while let place = cursor.place {
            // Handler after handler, the usual case, without a call.
            let code = place.program._withUnsafeGuaranteedRef { $0.code }
            if case .handler(let slot) = code[place.position] {
                cursor.place?.position = place.position &+ 1
                return .handler(slot)
            }
            let step = place.program._withUnsafeGuaranteedRef { program in
                run(program, place)
            }
            if let step { return step }
        }
        return cursor.hasError ? .failed(error.status) : .end
    }

    /// Continues at the innermost error routes that were not used yet, with `{http.error.*}` set.
    ///
    /// - Returns: False when there are none: the server answers with the status itself.
    package func raise(status: UInt16, message: Bytes) -> Bool {
        error.status = status
        error.message = arena.copy(message) ?? .empty
        cursor.hasError = true
        guard cursor.scopeCount > 0 else {
            cursor.place = nil
            return false
        }
        cursor.scopeCount -= 1
        cursor.place = cursor.scopes[cursor.scopeCount]
        return true
    }

    /// Runs `program` next and goes on behind the current handler when it ends without an answer.
    ///
    /// - Returns: False above `Limits.routeFramesMax`; nothing has changed then.
    package func enter(_ program: RouteProgram) -> Bool {
        var frame = -1
        if let place = cursor.place {
            guard let pushed = cursor.pushFrame(place) else { return false }
            frame = pushed
        }
        cursor.place = RouteCursor.Place(
            program: Unmanaged.passUnretained(program), position: 0, frame: frame)
        return true
    }

    /// Starts over at the first route, as if nothing had matched yet.
    ///
    /// - Returns: False above `GW_REROUTES_MAX`.
    package func restart() -> Bool {
        guard let first = cursor.first, cursor.restarts < Int(GW_REROUTES_MAX) else { return false }
        let restarts = cursor.restarts + 1
        cursor.reset()
        cursor.restarts = restarts
        cursor.first = first
        cursor.place = RouteCursor.Place(program: first, position: 0, frame: -1)
        error = ErrorInfo()
        forgetGroups()
        return true
    }

    /// Runs one program until a handler, its end, or a call. Nil: go on wherever the cursor is now.
    private func run(_ program: RouteProgram, _ place: RouteCursor.Place) -> RouteStep? {
        var position = place.position
        while true {
            switch program.code[position] {
            case .test(let matcher, let ifTrue, let ifFalse):
                position = program.matchers[matcher].matches(self) ? ifTrue : ifFalse
            case .ask(let matcher, let ifTrue, let ifFalse):
                position = program.matchers[matcher].matches(self) ? ifTrue : ifFalse
                guard refusal != GW_OK else { continue }
                defer { refusal = GW_OK }
                cursor.place?.position = position
                return .refused(refusal)
            case .group(let group, let otherwise):
                position = takeGroup(group) ? position + 1 : otherwise
            case .jump(let target): position = target
            case .dispatch(let table, let route):
                position = program.dispatches[table].target(from: route, host: host)
            case .handler(let slot):
                cursor.place?.position = position + 1
                return .handler(slot)
            case .errorScope(let handler):
                guard openScope(place, handler) else { return overflow() }
                position += 1
            case .call(let callee):
                cursor.place?.position = position + 1
                return enter(program.calls[callee]) ? nil : overflow()
            case .end:
                cursor.place = place.frame < 0 ? nil : cursor.frames[place.frame]
                return nil
            case .finish:
                cursor.place = nil
                return nil
            }
        }
    }

    private func openScope(_ place: RouteCursor.Place, _ handler: Int) -> Bool {
        guard cursor.scopeCount < cursor.scopes.count else { return false }
        var scope = place
        scope.position = handler
        cursor.scopes.initializeElement(at: cursor.scopeCount, to: scope)
        cursor.scopeCount += 1
        return true
    }

    /// `Limits.routeFramesMax` or `Limits.errorScopesMax` was reached.
    private func overflow() -> RouteStep {
        cursor.place = nil
        error.status = 500
        error.message = staticBytes("too many nested routes")
        cursor.hasError = true
        return .failed(500)
    }
}
