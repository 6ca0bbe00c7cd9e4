/// When the next snapshot may be begun: one at a time, and those that take long less often.
///
/// A snapshot costs what is open, and the entries since the last one what they are: with much that is open a
/// short interval alone would have a processor write snapshots all the time.
struct SnapshotPace: Sendable {
    private var isTaking = false
    /// Before that none is begun.
    private var rest: UInt64 = 0

    /// A twentieth of a processor at most.
    private static let share: UInt64 = 20

    /// - Parameter now: nanoseconds of a clock that only ever goes on.
    /// - Returns: whether one is begun.
    mutating func begin(at now: UInt64) -> Bool {
        guard !isTaking, now >= rest else { return false }
        isTaking = true
        return true
    }

    /// It has been taken, or has come to nothing.
    mutating func end(at now: UInt64, after took: UInt64) {
        isTaking = false
        rest = now &+ took &* Self.share
    }
}
