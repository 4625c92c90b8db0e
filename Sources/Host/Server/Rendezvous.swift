// Waiting for other threads, for the control plane.
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Lets one thread wait until others have all arrived.
final class Rendezvous: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var missing: Int

    init(count: Int) {
        missing = count
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    func arrive() {
        pthread_mutex_lock(mutex)
        missing -= 1
        if missing == 0 { pthread_cond_broadcast(condition) }
        pthread_mutex_unlock(mutex)
    }

    func wait() {
        pthread_mutex_lock(mutex)
        while missing > 0 { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }
}
