import DaybookFormat

/// A state that is folded from entries, for a ``GroupWriter``.
///
/// Between the first entry that a batch appends and ``commit()`` or ``rollBack(_:)`` the state runs
/// ahead of the disk; what it publishes meanwhile must not.
package protocol JournalFold: Sendable {
    /// How many of the journal's first entries it holds already.
    var next: UInt64 { get }
    /// Takes in an entry that is on the disk.
    /// - Parameter reader: lookups into the journal around it. Not to be kept.
    mutating func apply(committed entry: EntryView, _ reader: any StoreReader) throws
    /// Takes in all entries anew: some that it has not seen are gone by now, and what is open in it may have ended there.
    mutating func restart(_ reader: any StoreReader) throws
    /// The batch is on the disk.
    mutating func commit()
    /// The batch is not, and will not be: undoes what it has done.
    /// - Parameter reader: lookups into the journal without the batch. Not to be kept.
    /// - Throws: when the journal cannot be read. It is asked again before anything else then.
    mutating func rollBack(_ reader: any StoreReader) throws

    /// When it has something to write that nobody asks for; nil: not ever.
    var nextDeadline: Timestamp? { get }
    /// Appends what is due, before the commands of a batch.
    mutating func fire(_ batch: Batch) throws

    /// Appends what follows from the commands of a batch, after the last of them.
    mutating func conclude(_ batch: Batch) throws
}

extension JournalFold {
    /// Refused, for a fold that does not know how.
    package mutating func restart(_ reader: any StoreReader) throws {
        throw JournalError(
            .pruned,
            "entries are pruned that this process has not looked at; open the journal again"
        )
    }
    /// Never.
    package var nextDeadline: Timestamp? { nil }
    /// Nothing.
    package mutating func fire(_ batch: Batch) throws {}
    /// Nothing.
    package mutating func conclude(_ batch: Batch) throws {}
}
