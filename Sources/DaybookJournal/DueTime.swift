import DaybookFormat

/// What a writer does by itself next. The journal's time and the elapsed time are not made into one: the
/// time of day may be set while somebody waits.
struct DueTime {
    let deadline: Timestamp
    /// Not before the clock's elapsed time is this.
    let pause: UInt64

    /// How long it is until then, by what the clock shows now; zero: it is time.
    func left(_ journal: Journal) -> Duration {
        let elapsed = Timestamp(rawValue: journal.clock.elapsed())
        return max(
            deadline.since(journal.now()),
            Timestamp(rawValue: pause).since(elapsed)
        )
    }

    /// When that is by the journal's time, if nobody sets the time of day.
    func time(_ journal: Journal) -> Timestamp {
        let elapsed = journal.clock.elapsed()
        return pause <= elapsed ? deadline : max(deadline, journal.now().adding(pause - elapsed))
    }
}
