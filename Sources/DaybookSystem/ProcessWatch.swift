#if canImport(Glibc)
import CSystem
import Glibc

/// Tells when processes end, at once and without polling (pidfd_open(2), Linux 5.3 or later).
package final class ProcessWatch: Sendable {
    private struct State {
        var descriptors: [(descriptor: Int32, tag: UInt64)] = []
        var isStopped = false
    }

    private let state = Locked(State())
    /// Written to when the set of processes has changed.
    private let bell: Int32
    private let onEnd: @Sendable (UInt64) -> Void
    private let thread = Locked<SystemThread?>(nil)

    /// Starts a thread that waits.
    /// - Parameter onEnd: called on that thread with the tag of a process that has ended, once.
    /// - Throws: ``SystemError``.
    package init(onEnd: @escaping @Sendable (UInt64) -> Void) throws(SystemError) {
        bell = csystem_bell()
        guard bell >= 0 else { throw .current("eventfd") }
        self.onEnd = onEnd
        let started = try SystemThread.start { [self] in run() }
        thread.withLock { $0 = started }
    }

    deinit { close(bell) }

    /// Watches a process.
    /// - Parameter tag: what it is told as.
    /// - Returns: false when there is no such process (any more).
    /// - Throws: ``SystemError``.
    package func add(process: Int32, tag: UInt64) throws(SystemError) -> Bool {
        let descriptor = csystem_pidfd_open(process)
        guard descriptor >= 0 else {
            if errno == ESRCH { return false }
            throw .current("pidfd_open of \(process)")
        }
        let isStopped = state.withLock { state in
            if !state.isStopped { state.descriptors.append((descriptor, tag)) }
            return state.isStopped
        }
        if isStopped { close(descriptor) } else { ring() }
        return true
    }

    /// Ends the thread.
    package func stop() {
        state.withLock { $0.isStopped = true }
        ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func ring() { csystem_ring(bell) }

    private func run() {
        while true {
            let watched = state.withLock { $0.isStopped ? nil : $0.descriptors }
            guard let watched else { break }
            var waiting = [pollfd(fd: bell, events: Int16(POLLIN), revents: 0)]
            waiting += watched.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            let count = retryingInterrupts { poll(&waiting, nfds_t(waiting.count), -1) }
            guard count >= 0 else { break }
            if waiting[0].revents != 0 { csystem_hush(bell) }
            for (place, process) in zip(waiting.dropFirst(), watched) where place.revents != 0 {
                state.withLock { state in
                    state.descriptors.removeAll { $0.descriptor == process.descriptor }
                }
                close(process.descriptor)
                onEnd(process.tag)
            }
        }
        let left = state.withLock { state in
            defer { state.descriptors = [] }
            return state.descriptors
        }
        for process in left { close(process.descriptor) }
    }
}
#endif
