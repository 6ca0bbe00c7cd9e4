import DaybookFormat

/// What the clocks of the machine show at one moment.
package struct ClockReading: Equatable, Sendable {
    /// The time of day. It is set by people and programs, and may go either way.
    package var wall: Timestamp
    /// Nanoseconds since some moment of the past. They never go backwards, and go on while the
    /// machine sleeps.
    package var elapsed: UInt64

    /// Both are read at one moment: what passes between two readings moves a journal on.
    package init(wall: Timestamp, elapsed: UInt64) {
        self.wall = wall
        self.elapsed = elapsed
    }
}

/// The time of a journal: that of the machine, and never before the last entry.
///
/// Deadlines are made from the times of entries, so whether they have come is judged by this clock
/// too, and never by the time of day. While the time of day is behind the last entry, because the
/// clock of some process was ahead once, the journal's time runs on from that entry: by as much as
/// has passed since this process took it in. So one wrong clock does not hold up what waits.
///
/// A value without a clock of its own: readings are handed in.
package struct JournalClock: Equatable, Sendable {
    /// A moment of the journal's time, and the reading at which it was.
    private struct Base: Equatable, Sendable {
        let time: Timestamp
        let elapsed: UInt64
    }

    private var base: Base?

    /// The time of a journal without entries: the machine's.
    package init() {}

    /// Takes in the time of an entry that has just been read or written. One that lies behind the
    /// journal's time by then changes nothing.
    /// - Parameter elapsed: of the same moment.
    package mutating func takeIn(_ time: Timestamp, elapsed: UInt64) {
        if let now = runningOn(elapsed), time <= now { return }
        base = Base(time: time, elapsed: elapsed)
    }

    /// The journal's time at a reading.
    package func now(_ reading: ClockReading) -> Timestamp {
        runningOn(reading.elapsed).map { max(reading.wall, $0) } ?? reading.wall
    }

    /// How far the time of day is behind the journal's; zero when it is not.
    package func lag(_ reading: ClockReading) -> Duration {
        runningOn(reading.elapsed)?.since(reading.wall) ?? .zero
    }

    /// What has passed since the base, on top of it. At the end of all times it stands still.
    private func runningOn(_ elapsed: UInt64) -> Timestamp? {
        guard let base else { return nil }
        let passed = elapsed - min(base.elapsed, elapsed)
        let (time, isOver) = base.time.rawValue.addingReportingOverflow(passed)
        return Timestamp(rawValue: isOver ? .max : time)
    }
}
