import DaybookFormat

/// The commits of a process: how many, and the last of them.
package struct CommitCount: Sendable {
    /// How many there were since the journal was opened.
    package private(set) var count: UInt64 = 0
    /// When the last one was made; nil: none was.
    package private(set) var last: Timestamp?
    /// How long it took, with its sync.
    package private(set) var duration: Duration?

    mutating func note(_ duration: Duration, at time: Timestamp) {
        count += 1
        last = time
        self.duration = duration
    }
}
