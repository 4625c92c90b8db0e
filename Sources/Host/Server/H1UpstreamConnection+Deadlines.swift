// What an upstream is waited for, and how long.
import Base
import CGateway
import HTTP
import Transport

extension H1UpstreamConnection {
    // MARK: Deadlines

    func noteProgress() {
        guard pool.shared.spec.readTimeout != .max, hasHead, unwanted == nil else { return }
        setDeadline(after: pool.shared.spec.readTimeout)
    }

    func setDeadline(after duration: UInt64) {
        setDeadline(duration == .max ? .max : worker.loop.now &+ duration)
    }

    func setDeadline(_ time: UInt64) {
        deadline = time
        guard time < armedFor else { return }
        armedFor = time
        worker.loop.arm(timer, deadline: time)
    }

    func timerFired() {
        armedFor = .max
        guard deadline != .max else { return }
        guard worker.loop.now >= deadline else { return setDeadline(deadline) }
        switch state {
        case .idle: close()
        case .resolving, .connecting:
            fail(.connect, .timeout, "connecting to the upstream took too long")
        case .handshaking:
            fail(.tls, .timeout, "the TLS handshake with the upstream took too long")
        case .active:
            if link?.hasPendingOutput == true, !hasHead {
                fail(.send, .timeout, "the upstream does not take the request")
            } else {
                fail(
                    hasHead ? .body : .head, .timeout,
                    hasHead
                        ? "the upstream sent nothing for too long"
                        : "the upstream's response head took too long")
            }
        case .closed: break
        }
    }
}
