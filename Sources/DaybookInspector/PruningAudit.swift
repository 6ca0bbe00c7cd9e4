import DaybookFormat
import DaybookJournal

/// What a file lacks of the entries against the entry that vouches for that, and what is left in their place.
struct PruningAudit {
    /// The journal was pruned while it was looked at.
    struct IsOutdated: Error {}

    private let record: ProtoPruning?
    private let lacking: ProtoPruning?
    /// What entries vouch for: a copy has those of later prunings too.
    private var vouched: [ProtoPruning] = []
    private var gaps = PrunedRanges()

    /// - Parameter lacking: what the file lacks, while no entry vouches for that yet.
    init(_ reader: any StoreReader, _ lacking: ProtoPruning?) throws {
        record = try reader.pruning()
        self.lacking = lacking
    }

    /// Entries from this one on are all there.
    var horizon: UInt64 { record?.horizon ?? 0 }
    /// How many entries are gone.
    var count: UInt64 { gaps.count }

    /// Makes sure that nothing has gone since it was begun.
    func checkIsCurrent(_ reader: any StoreReader) throws {
        guard try reader.pruning() == record else { throw IsOutdated() }
    }

    /// Takes in that entries are not there.
    mutating func add(_ gap: Range<UInt64>) { gaps.add(gap) }

    /// Takes in what an entry vouches for.
    mutating func follow(_ event: ProtoJournalRewritten) {
        if event.hasPruning { vouched.append(event.pruning) }
    }

    /// Compares all of it.
    mutating func finish(
        _ reader: any StoreReader,
        _ report: inout VerificationReport,
        _ note: (UInt64?, String) -> Void
    ) throws {
        try checkIsCurrent(reader)
        var digest = TombstoneDigest()
        var isRising = true
        var last: UInt64?
        try reader.scanTombstones { key, bytes in
            if let last, last >= key { isRising = false }
            last = key
            digest.add(key, bytes)
            return true
        }
        report.prunedEntries = gaps.count
        report.prunedExecutions = digest.count
        guard let record else {
            if digest.count > 0 {
                note(nil, "there are tombstones, and no record says that anything is pruned")
            }
            return
        }
        if record != lacking, !vouched.contains(record) {
            note(nil, "no entry vouches for the record of what is pruned")
        }
        let found = gaps.finish()
        if gaps.count != record.entries || found != Array(record.gaps) {
            note(
                nil,
                "\(gaps.count) entries before entry \(record.horizon) are not there, and they are not the \(record.entries) that are pruned: others are lost, or were put there"
            )
        }
        if !isRising || digest.count != record.executions
            || digest.finish() != Array(record.tombstones)
        {
            note(
                nil,
                "the tombstones of executions that are pruned are not the \(record.executions) that were written"
            )
        }
    }
}
