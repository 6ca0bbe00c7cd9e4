public import DaybookFormat
public import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import LMDB

/// How a backup is restored.
public struct RestoreOptions: Sendable {
    /// Up to where a backup is restored.
    @nonexhaustive
    public enum End: Sendable, Equatable {
        /// All that is in it.
        case all
        /// Up to an entry, that one included.
        case entry(UInt64)
        /// What had been written by a time.
        case time(Timestamp)
    }

    /// Why, for the record.
    public var reason: String
    /// Who has decided it, for the record. By default the operating system's user.
    public var actor: String?
    /// Up to where.
    public var end = End.all
    /// What somebody else holds of the journal: what is restored has to go on from it, unless it goes on
    /// under an origin of its own.
    public var head: TreeHead?
    /// The origin of its heads from here on; nil: as before. A journal that lacks what a signed head is
    /// of needs a new one, and a new key with it: heads of the old one would contradict that.
    public var origin: String?
    /// Whether the file of keys is restored, if the backup has one. Never with an ``end``: a key that was
    /// destroyed after that is gone.
    public var includesKeys = true
    /// Whether everything is done but the last step: nothing is kept.
    public var isRehearsal = false

    /// The defaults.
    public init(reason: String) { self.reason = reason }
}

/// What was restored from a backup.
public struct Restoration: Sendable {
    /// The journal's folder.
    public let path: String
    /// How many entries the backup has.
    public let backupSize: UInt64
    /// How many of them were restored; also the sequence of the entry that says so.
    public let size: UInt64
    /// The root of their tree.
    public let root: TreeHash
    /// The origin of its heads.
    public let origin: String
    /// In what it departs from the head that was given: it goes on under another origin; nil: in
    /// nothing, or none was given.
    public let departure: ProofError?
    /// What a verification of it found.
    public let report: VerificationReport
    /// Whether it has the file of keys.
    public let hasKeys: Bool
}

extension Inspector {
    /// Makes a journal from this one, which is a backup, for going on with.
    ///
    /// Everything that is restored is verified: pages, order, hashes, payloads, the model's rules and
    /// indexes. What contradicts anything is refused, and nothing is made. The first entry after those of
    /// the backup, `journal_restored`, says from how many entries and which root it goes on, by whose
    /// decision and why, and that it is at home in its new place. It is made beside
    /// that place as `NAME.unfinished`, and gets its name once it is whole and on the disk.
    ///
    /// Nobody may write the journal that the backup is of any more: two that both go on would be two
    /// histories under one name. What happened after the backup is not in it, and bodies that ran since
    /// then run again.
    /// - Parameters:
    ///   - path: the folder to make.
    ///   - progress: told now and then how many entries of how many are verified.
    /// - Throws: `JournalError`: `exists`; `badPlace`, also for a journal that is at home here and is no
    ///   backup; `integrity` with what was found; `full`, `system`. ``ProofError`` for a head that it does
    ///   not go on from. `Refusal` for an end that is not in it, for one before payloads were erased that it
    ///   would have, and for an origin or actor that is no name.
    public func restore(
        to path: String,
        _ options: RestoreOptions,
        progress: @escaping (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }
    ) throws -> Restoration {
        try checkIsNotAtHome()
        try Self.check(options)
        let backupSize = try entryCount()
        let size = try size(of: options.end, backupSize)
        try checkIsNotErasedSince(size, backupSize)
        try checkIsNotPrunedSince(size)
        let unfinished = try UnfinishedJournal.begin(at: path, beside: folder)
        do {
            let maker = RestorationMaker(self, unfinished, options, progress)
            let made = try maker.make(size, of: backupSize)
            if options.isRehearsal { unfinished.discard() } else { try unfinished.publish() }
            return made
        } catch {
            unfinished.discard()
            throw JournalError.unmade(unfinished.path, error)
        }
    }

    /// Payloads that are gone need the entry that says so: without it the journal contradicts itself.
    private func checkIsNotErasedSince(_ size: UInt64, _ count: UInt64) throws {
        guard size < count else { return }
        var erased: (by: UInt64, event: ProtoPayloadsErased)?
        var last: UInt64 = 0
        // As they lie there: what is behind the end may be damaged.
        try database.read { reader in
            try reader.scanEntries(from: size) { sequence, bytes in
                do throws(WireError) {
                    let entry = try EntryView(bytes)
                    guard entry.event == EventKind.payloadsErased.rawValue else { return true }
                    let event = try ProtoPayloadsErased(decoding: entry)
                    last = sequence
                    if erased == nil, event.from < size { erased = (sequence, event) }
                } catch {
                    // It says nothing that can be read.
                }
                return true
            }
        }
        guard let erased else { return }
        throw Refusal(
            .conflict,
            "\(folder.path) cannot be restored up to entry \(size - 1): payloads of entries \(erased.event.from) to \(erased.event.through) were erased later, by entry \(erased.by); restore up to entry \(last) or a later one, or from a backup that was made before the erasure, if what was erased may come back"
        )
    }

    /// What is pruned needs the entry that vouches for that.
    private func checkIsNotPrunedSince(_ size: UInt64) throws {
        let pruner = try database.read { reader -> UInt64? in
            guard let pruning = try reader.pruning() else { return nil }
            var pruner: UInt64?
            try reader.scanHistory(of: 0, from: pruning.horizon) { sequence in
                let isIt = try reader.withView(of: sequence) { entry in
                    guard entry.event == EventKind.journalRewritten.rawValue else { return false }
                    return try ProtoJournalRewritten(decoding: entry).pruning == pruning
                }
                if isIt == true { pruner = sequence }
                return true
            }
            return pruner
        }
        guard let pruner, size <= pruner else { return }
        throw Refusal(
            .conflict,
            "\(folder.path) cannot be restored up to entry \(Int64(size) - 1): entries before that were pruned later, by entry \(pruner), and lie in archives only; restore up to entry \(pruner) or a later one, or from a backup that was made before"
        )
    }

    private func checkIsNotAtHome() throws {
        let home = try database.read { try $0.home() }
        guard try home.isSamePlace(as: ProtoBinding(of: folder)) else { return }
        throw JournalError(
            .badPlace,
            "\(folder.path) is no backup: it is a journal that is at home here, and goes on; make a backup of it first, if it is to be looked at as it was"
        )
    }

    private static func check(_ options: RestoreOptions) throws {
        if let actor = options.actor { try Names.check(actor, "actor") }
        guard let origin = options.origin else { return }
        guard Names.isValid(origin), NoteVerifier.isName(origin) else {
            throw Refusal(
                .invalidArgument,
                "the origin \"\(origin)\" must have 1 to 255 bytes without spaces and plus signs"
            )
        }
    }

    /// How many entries are restored.
    private func size(of end: RestoreOptions.End, _ count: UInt64) throws -> UInt64 {
        switch end {
        case .all: return count
        case .entry(let sequence):
            guard sequence < count else {
                throw Refusal(
                    .invalidArgument,
                    "entry \(sequence) is not in the backup \(folder.path): its last one is \(count - 1); name one that is"
                )
            }
            return sequence + 1
        case .time(let time):
            // Times never go backwards from one entry to the next.
            var range = 0..<count
            while let low = range.first {
                let middle = low + (range.upperBound - low) / 2
                range =
                    try self.time(of: middle) <= time
                    ? middle + 1..<range.upperBound : low..<middle
            }
            guard range.lowerBound > 0 else {
                throw Refusal(
                    .invalidArgument,
                    "the journal was begun at \(try self.time(of: 0)), after \(time); name a later time"
                )
            }
            return range.lowerBound
        }
    }

    private func time(of sequence: UInt64) throws -> Timestamp {
        let time = try store.read { reader in
            // That of the first one after it, where it is pruned.
            var time: Timestamp?
            try reader.scanEntries(from: sequence) { found, bytes in
                guard try found == sequence || found <= reader.horizon() else { return false }
                time = try EntryView(bytes).header.time
                return false
            }
            return time
        }
        guard let time else { throw JournalError.missing(sequence, ofHistory: 0) }
        return time
    }
}

/// Fills the folder of a journal that is restored.
private struct RestorationMaker {
    let backup: Inspector
    let unfinished: UnfinishedJournal
    let options: RestoreOptions
    let progress: (UInt64, UInt64) -> Void

    init(
        _ backup: Inspector,
        _ unfinished: UnfinishedJournal,
        _ options: RestoreOptions,
        _ progress: @escaping (UInt64, UInt64) -> Void
    ) {
        self.backup = backup
        self.unfinished = unfinished
        self.options = options
        self.progress = progress
    }

    func make(_ size: UInt64, of backupSize: UInt64) throws -> Restoration {
        let folder = unfinished.folder
        let (copy, replica) = try copied(size, of: backupSize)
        defer { copy.close() }
        _ = try backup.folder.snapshots.copy(to: folder.snapshots, upTo: replica.head.size)
        if let missing = try ArchivesCopy.make(of: backup.folder, to: folder, copy).missing.first {
            throw Refusal(
                .conflict,
                "\(backup.folder.path) cannot be restored up to entry \(replica.head.size - 1): executions lie in the archive \(missing) there, whose file the backup does not have; if it was taken back later (`daybook log` shows `archive_dropped`), restore up to that or a later entry, else from a backup that has the file"
            )
        }
        var hasKeys = false
        if options.includesKeys, options.end == .all {
            hasKeys = try KeysCopy.make(of: backup.folder, backup.database, at: folder)
        }
        let report = try Verifier.verify(
            copy,
            snapshots: folder.snapshots,
            keys: folder.keys,
            archives: folder.archives,
            progress: progress
        )
        try check(report)
        let departure = try departure(copy)
        let head = replica.head
        let command = AdoptJournal(
            try ProtoBinding(of: folder),
            actor: options.actor ?? SystemUser.name,
            reason: try SealedPayloads([.text(options.reason)], limit: 1 << 16),
            restoration: .init(
                size: head.size,
                root: head.root.bytes,
                origin: options.origin ?? ""
            )
        )
        _ = try replica.carryOut(command)
        let origin = try copy.read { try $0.origins().last?.name ?? "" }
        copy.close()
        return Restoration(
            path: unfinished.path,
            // One that is kept up with its journal has gone on meanwhile.
            backupSize: max(backupSize, head.size),
            size: head.size,
            root: head.root,
            origin: origin,
            departure: departure,
            report: report,
            hasKeys: hasKeys
        )
    }

    /// A copy of the first entries of the backup.
    private func copied(
        _ size: UInt64,
        of backupSize: UInt64
    ) throws -> (LMDBStore, Replica) {
        let folder = unfinished.folder
        guard size < backupSize else {
            let copy = try StoreCopy.make(of: backup.database, at: folder)
            return (copy, try Replica(copy, snapshots: backup.folder.snapshots))
        }
        let copy = try StoreCopy.empty(besides: backup.database, at: folder)
        let replica = try Replica(empty: copy)
        try replica.catchUp(with: backup.database, upTo: size)
        _ = try replica.finishPruning(of: backup.database)
        return (copy, replica)
    }

    private func check(_ report: VerificationReport) throws {
        guard let first = report.problems.first else { return }
        let more = report.problems.count - 1
        let rest = more == 0 ? "" : ", and \(more)\(report.isCutShort ? " or more" : "") besides"
        throw JournalError(
            .integrity,
            report.areEntriesSound
                ? "\(backup.folder.path) is not restored: its entries are sound, and its file keys is not (\(first)\(rest)); restore it without that file, or from another backup"
                : "\(backup.folder.path) is not restored, because it contradicts itself: \(first)\(rest); take another backup, or restore up to an entry before the damage",
            sequence: first.sequence
        )
    }

    /// In what the copy departs from a head that somebody else holds.
    private func departure(_ copy: LMDBStore) throws -> ProofError? {
        guard let head = options.head else { return nil }
        do {
            try copy.read { try Inspector.check(head, $0, backup.tree($0)) }
            return nil
        } catch let error as ProofError {
            guard error.code == .inconsistent, options.origin != nil else { throw error }
            return error
        }
    }
}
