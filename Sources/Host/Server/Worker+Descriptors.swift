// Descriptors on a worker: when it accepts, who goes when they become scarce, who waits.
import Base
import Synchronization
import Transport

extension Worker {
    // MARK: Accepting

    /// Whether one more client can be served, after idle ones have made room if need be.
    func hasRoomForClient() -> Bool {
        guard descriptors.isScarce(room: descriptors.room(idleClients: 0)) else { return true }
        var room = descriptors.room(idleClients: Workers.idleClients)
        if descriptors.isScarce(room: room) {
            closeIdleClients()
            room = descriptors.room(idleClients: Workers.idleClients)
        }
        return room >= 0
    }

    /// Descriptors have run out: accepting waits until a connection ends, or for a moment, because
    /// other workers have descriptors too.
    func pauseAccepting() {
        isAcceptPaused = true
        loop.arm(acceptTimer, deadline: loop.now &+ Limits.acceptPause)
        for listener in listeners { listener.setAccepting(false) }
    }

    func resumeAccepting() {
        isAcceptPaused = false
        loop.cancel(acceptTimer)
        for listener in listeners { listener.setAccepting(true) }
    }

    func descriptorFreed() {
        if !starved.isEmpty { run { self.feedStarved() } }
        if isAcceptPaused { resumeAccepting() }
    }

    /// Clients that have waited longest for their next request go first. From the top of the loop.
    private func closeIdleClients() {
        guard loop.now >= nextIdleSearch else { return }
        let idle = idleConnections
        if idle.count <= Limits.idleClosedAtOnceMax {
            nextIdleSearch = loop.now &+ Limits.idleSearchPause
        }
        for connection in idle.prefix(Limits.idleClosedAtOnceMax) { connection.closeIdle() }
    }

    // MARK: Dialling

    /// The system gives no descriptor for an upstream: idle connections make room, and the dial is
    /// repeated when something was closed, until its own time-out.
    func starve(_ connection: H1UpstreamConnection) {
        starved.append(connection)
        run {
            self.closeIdleClients()
            if !self.starved.isEmpty { self.closeKeptUpstreams() }
        }
        loop.arm(acceptTimer, deadline: loop.now &+ Limits.acceptPause)
    }

    func stopStarving(_ connection: H1UpstreamConnection) {
        if !starved.isEmpty { starved.removeAll { $0 === connection } }
    }

    private func feedStarved() {
        let connections = starved
        starved.removeAll()
        for connection in connections { connection.dialAgain() }
    }

    /// Other workers may have closed something meanwhile.
    func acceptTimerFired() {
        if !starved.isEmpty { feedStarved() }
        resumeAccepting()
    }
}

extension Workers {
    /// Clients of all workers that wait for their next request.
    static var idleClients: Int { all.reduce(0) { $0 + $1.idleClients.load(ordering: .relaxed) } }
}
