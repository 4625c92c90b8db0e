// Threads for work that blocks: password hashes, name resolution, file input and output.
private import Base
private import CSystem

#if canImport(Glibc)
private import Glibc
#else
private import Darwin
#endif

/// A bounded pool of threads. Threads start when the first work comes and end with the process.
///
/// Work that may wait for different things has pools of its own, so that one that hangs (a name
/// server) does not hold up the other (logins).
package final class WorkPool: @unchecked Sendable {
    /// Blocking work, and what happens on its loop when it is over.
    package struct Item {
        package let run: EventLoop.Job
        package let loop: EventLoop?
        package let done: EventLoop.Job?

        package init(run: EventLoop.Job, loop: EventLoop?, done: EventLoop.Job?) {
            self.run = run
            self.loop = loop
            self.done = done
        }
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let available: UnsafeMutablePointer<pthread_cond_t>
    private let threadsMax: Int
    private let queueMax: Int
    fileprivate let threadName: StaticString
    // Guarded by `mutex`.
    private var queue: [Item] = []
    private var idle = 0
    private var threads = 0

    /// - Parameter threadName: At most 15 bytes, for tools such as top.
    package init(
        threadsMax: Int, queueMax: Int = Limits.workQueueMax, threadName: StaticString = "gw-work"
    ) {
        self.threadsMax = max(1, threadsMax)
        self.queueMax = queueMax
        self.threadName = threadName
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        available = .allocate(capacity: 1)
        pthread_cond_init(available, nil)
    }

    /// Its threads keep it, so there are none left.
    deinit {
        pthread_cond_destroy(available)
        available.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Queues work; false when `queueMax` items wait already. [any thread]
    package func submit(_ item: Item) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard queue.count < queueMax else { return false }
        queue.append(item)
        if idle > 0 {
            pthread_cond_signal(available)
        } else if threads < threadsMax {
            startThread()
        }
        return true
    }

    private func startThread() {
        let this = Unmanaged.passRetained(self)
        if gwx_start_thread(workThread, this.toOpaque()) == 0 {
            threads += 1
        } else {
            this.release()
        }
    }

    fileprivate func serve() {
        while true {
            let item = next()
            item.run.run(item.run.argument)
            if let loop = item.loop, let done = item.done { loop.post(done) }
        }
    }

    private func next() -> Item {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while queue.isEmpty {
            idle += 1
            pthread_cond_wait(available, mutex)
            idle -= 1
        }
        return queue.removeFirst()
    }
}

private func workThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let pool = Unmanaged<WorkPool>.fromOpaque(context).takeRetainedValue()
    gwx_name_thread(UnsafeRawPointer(pool.threadName.utf8Start).assumingMemoryBound(to: CChar.self))
    ThreadRole.current = .work
    pool.serve()
    return nil
}
