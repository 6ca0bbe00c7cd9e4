#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A look whether the system gives a process what it cannot do without.
///
/// The runtime of Swift's concurrency cannot tell that it lacks something: without a descriptor it
/// ends the process with a trap, and without a thread it tries again for ever. So this comes before
/// the first task. It says nothing about later: others may take what is left meanwhile.
package enum StartCheck {
    /// Descriptors that have to be free: those of the runtime, of a journal, and a few.
    package static let descriptors = 8

    /// Threads that have to be free: one for each processor, which tasks run on, one that waits for
    /// times, and one for a journal.
    package static var threads: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) + 2 }

    /// MiB of address space that have to be free beside those threads: the runtime ends the process with a
    /// trap where it is given none.
    package static let memory = 32

    /// Takes so many descriptors and threads at once, and gives them back.
    /// - Throws: ``NotStartable``.
    package static func run(
        descriptors: Int = descriptors,
        threads: Int = threads
    ) throws(NotStartable) {
        try take(descriptors: descriptors)
        try take(threads: threads)
    }

    private static func take(descriptors count: Int) throws(NotStartable) {
        var taken: [Int32] = []
        defer { for descriptor in taken { close(descriptor) } }
        while taken.count < count {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else {
                throw NotStartable(
                    what: "descriptors",
                    needed: count,
                    found: taken.count,
                    error: .current("pipe"),
                    advice: "raise the limit on open files (`ulimit -n`)"
                )
            }
            taken += ends
        }
    }

    private static func take(threads count: Int) throws(NotStartable) {
        let gate = Gate()
        var taken: [SystemThread] = []
        defer {
            gate.open()
            for thread in taken { thread.join() }
        }
        while taken.count < count {
            do throws(SystemError) {
                taken.append(try SystemThread.start { gate.wait() })
            } catch {
                throw NotStartable(
                    what: "threads",
                    needed: count,
                    found: taken.count,
                    error: error,
                    advice:
                        "end other processes, or raise the limits on processes (`ulimit -u`, pids.max of a container) and memory (`ulimit -v`)"
                )
            }
        }
        // While the threads are there, which take most of it.
        try take(memory: memory)
    }

    private static func take(memory size: Int) throws(NotStartable) {
        let bytes = size << 20
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            place != UnsafeMutableRawPointer(bitPattern: -1)
        else {
            throw NotStartable(
                what: "MiB of memory",
                needed: size,
                found: 0,
                error: .current("mmap"),
                advice: "raise the limit on memory (`ulimit -v`)"
            )
        }
        munmap(place, bytes)
    }

    /// Holds threads until it is opened: whoever makes it has its lock until then.
    ///
    /// Sendable without the compiler's check: what it points to is a lock.
    private final class Gate: @unchecked Sendable {
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

        init() {
            pthread_mutex_init(lock, nil)
            pthread_mutex_lock(lock)
        }

        deinit {
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        func open() { pthread_mutex_unlock(lock) }

        func wait() {
            pthread_mutex_lock(lock)
            pthread_mutex_unlock(lock)
        }
    }
}

/// The system has not given a process what it cannot do without.
package struct NotStartable: Error, Equatable, Sendable, CustomStringConvertible {
    /// What it needs: `descriptors`, `threads` or `MiB of memory`.
    package let what: String
    /// How many of them.
    package let needed: Int
    /// How many it was given.
    package let found: Int
    /// What the system said.
    package let error: SystemError
    /// What is to be done about it.
    package let advice: String

    /// What was asked for, what was found and what to do.
    package var description: String {
        "\(needed) \(what) are needed to start, and the system gives \(found): \(error); \(advice), then try again"
    }
}
