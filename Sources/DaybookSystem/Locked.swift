#if canImport(Glibc)
import CSystem
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A value behind a POSIX mutex, with a condition variable to wait on.
///
/// It stands in for `Synchronization.Mutex` because the thread sanitizer does not see the futex
/// operations of that type on Linux and reports races where there are none.
///
/// Sendable without the compiler's check: the value is reached only with the mutex held.
@usableFromInline
package final class Locked<Value: ~Copyable>: @unchecked Sendable {
    // Behind a pointer: exclusive access is what the mutex is for, and need not be checked again.
    @usableFromInline let value: UnsafeMutablePointer<Value>
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    /// Puts `value` behind a new lock.
    @usableFromInline
    package init(_ value: consuming sending Value) {
        // One block for all three: locks are made often.
        let place = UnsafeMutableRawPointer.allocate(
            byteCount: Self.valueOffset + MemoryLayout<Value>.size,
            alignment: Self.alignment
        )
        mutex = place.bindMemory(to: pthread_mutex_t.self, capacity: 1)
        condition = (place + Self.conditionOffset)
            .bindMemory(to: pthread_cond_t.self, capacity: 1)
        self.value = (place + Self.valueOffset).bindMemory(to: Value.self, capacity: 1)
        self.value.initialize(to: value)
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        Self.initialize(mutex)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        value.deinitialize(count: 1)
        UnsafeMutableRawPointer(mutex).deallocate()
    }

    /// Most critical sections are shorter than a change of thread: where the C library can, who finds
    /// the mutex taken looks a few times more before it asks the kernel to wait.
    private static func initialize(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
        #if canImport(Glibc)
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_ADAPTIVE_NP))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
        #else
        pthread_mutex_init(mutex, nil)
        #endif
    }

    private static var alignment: Int {
        max(
            MemoryLayout<pthread_mutex_t>.alignment,
            MemoryLayout<pthread_cond_t>.alignment,
            MemoryLayout<Value>.alignment
        )
    }

    private static var conditionOffset: Int { aligned(MemoryLayout<pthread_mutex_t>.size) }

    private static var valueOffset: Int {
        aligned(conditionOffset + MemoryLayout<pthread_cond_t>.size)
    }

    /// The next offset at which any of the three may begin.
    private static func aligned(_ offset: Int) -> Int {
        (offset + alignment - 1) / alignment * alignment
    }

    /// Runs `body` with exclusive access to the value. Not reentrant. No reference to a part of the
    /// value may leave `body` unless it is Sendable.
    @inlinable
    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock()
        defer { unlock() }
        return try body(&value.pointee)
    }

    // Calls, so that programs need not see what a lock is made of.
    @usableFromInline func lock() { pthread_mutex_lock(mutex) }
    @usableFromInline func unlock() { pthread_mutex_unlock(mutex) }

    /// Waits until `ready` holds, then runs `body`, all in one critical section.
    ///
    /// Whoever changes the value so that `ready` may hold calls ``wakeAll()`` afterwards.
    package func wait<Result: ~Copyable, Failure: Error>(
        until ready: (borrowing Value) -> Bool,
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !ready(value.pointee) {
            pthread_cond_wait(condition, mutex)
        }
        return try body(&value.pointee)
    }

    /// Waits until `ready` holds or a time has come, then runs `body`, all in one critical section.
    /// - Parameter deadline: nanoseconds since 1970 UTC, by the machine's clock.
    package func wait<Result: ~Copyable, Failure: Error>(
        until ready: (borrowing Value) -> Bool,
        orAt deadline: UInt64,
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // A time beyond what the system can wait for is as good as none.
        let seconds = min(deadline / 1_000_000_000, UInt64(Int32.max))
        var time = timespec()
        time.tv_sec = Int(seconds)
        time.tv_nsec = Int(deadline % 1_000_000_000)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !ready(value.pointee) {
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { break }
        }
        return try body(&value.pointee)
    }

    /// Waits until `ready` holds or a span of time is over, then runs `body`, all in one critical
    /// section. That somebody sets the machine's clock meanwhile does not matter.
    package func wait<Result: ~Copyable, Failure: Error>(
        until ready: (borrowing Value) -> Bool,
        orAfter span: Duration,
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let end = ContinuousClock.now + span
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !ready(value.pointee) {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { break }
            waitOnce(left)
        }
        return try body(&value.pointee)
    }

    /// Waits for a wake or until a span of time is over, whichever comes first.
    private func waitOnce(_ span: Duration) {
        // A time beyond what the system can wait for is as good as none.
        let seconds = min(span.components.seconds, Int64(Int32.max))
        let nanoseconds = span.components.attoseconds / 1_000_000_000
        var time = timespec()
        #if canImport(Glibc)
        clock_gettime(CLOCK_MONOTONIC, &time)
        #endif
        let sum = Int64(time.tv_nsec) + nanoseconds
        time.tv_sec += Int(seconds + sum / 1_000_000_000)
        time.tv_nsec = Int(sum % 1_000_000_000)
        #if canImport(Glibc)
        _ = csystem_wait(condition, mutex, &time)
        #else
        _ = pthread_cond_timedwait_relative_np(condition, mutex, &time)
        #endif
    }

    /// Wakes every thread in ``wait(until:_:)`` to look again.
    package func wakeAll() {
        pthread_cond_broadcast(condition)
    }
}
