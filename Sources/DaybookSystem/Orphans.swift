#if canImport(Glibc)
import CSystem
import Glibc

/// Processes that children of this process have started and outlived them.
///
/// A program that starts nothing but ``ChildProcess`` can adopt them: then what has shed its mark is
/// found too, because it becomes a child of this process and is none that it knows.
package enum Orphans {
    /// Why orphans that live are left alone.
    package enum Hindrance: Equatable, Sendable {
        /// This process was given these children by the program that it has taken the place of.
        case children([Int32])
        /// It is the first process of its namespace, as a container's entry point is: all orphans of that
        /// come to it.
        case isFirst
    }

    /// What becomes of orphans.
    private enum Care {
        /// They come to somebody else, or are children from before.
        case none
        /// Those that have ended are reaped.
        case reaping
        /// Those that live are ended too.
        case ending
    }

    private struct State {
        var care = Care.none
        /// The children that this process has started and not reaped.
        var own: Set<Int32> = []
    }

    private static let state = Locked(State())

    /// Has orphans become children of this process (PR_SET_CHILD_SUBREAPER). Only for a program all
    /// of whose children are a ``ChildProcess``: any other is ended with the orphans.
    ///
    /// Does nothing where this process has children already, which it was given by the program that it
    /// has taken the place of (execve(2)), as `sidecar & exec daybook work` does: what they leave behind
    /// could not be told from what jobs do. One that is dead by now leaves nothing behind any more. Nor does
    /// the first process of a namespace end orphans: they may be anybody's; it reaps those that have ended.
    /// - Returns: why orphans are not ended; nil: they are.
    /// - Throws: ``SystemError``.
    package static func adopt() throws(SystemError) -> Hindrance? {
        let strangers = try ProcessGroup.children(of: getpid(), areAlive: true)
        guard strangers.isEmpty else { return .children(strangers) }
        guard getpid() != 1 else {
            state.withLock { $0.care = .reaping }
            return .isFirst
        }
        guard csystem_adopt_orphans() == 0 else { throw .current("prctl") }
        state.withLock { $0.care = .ending }
        return nil
    }

    /// Starts a child, so that nobody takes it for an orphan meanwhile.
    static func starting(_ body: () throws(SystemError) -> Int32) throws(SystemError) -> Int32 {
        try state.withLock { state throws(SystemError) in
            let process = try body()
            state.own.insert(process)
            return process
        }
    }

    /// A child has been reaped. Reaps orphans that have ended; when it was the last child, ends those
    /// that live too: whose they are could not be told before.
    static func reaped(_ process: Int32) throws(SystemError) {
        try state.withLock { state throws(SystemError) in
            state.own.remove(process)
            guard state.care != .none else { return }
            while true {
                let children = try ProcessGroup.children(of: getpid())
                let orphans = children.filter { !state.own.contains($0) }
                let isLast = state.care == .ending && state.own.isEmpty
                for orphan in orphans {
                    if isLast { kill(orphan, SIGKILL) }
                    _ = retryingInterrupts { waitpid(orphan, nil, isLast ? 0 : WNOHANG) }
                }
                // The children of those that were killed come to us in turn.
                if orphans.isEmpty || !isLast { return }
            }
        }
    }
}
#endif
