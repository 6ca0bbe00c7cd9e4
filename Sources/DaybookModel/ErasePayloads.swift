import DaybookFormat
import SwiftProtobuf

/// Erases payloads of an execution that is closed: a bounded number of entries with each command, so that
/// one whose history is long does not keep others waiting.
///
/// From the end of its newest run to the beginning of its first one: bytes that payloads share lie in
/// the earlier of them. What is erased already is not erased again, so that whoever asks once more goes
/// on where somebody was interrupted.
package struct ErasePayloads: Command {
    /// Who wants it of which.
    package let intervention: Intervention
    /// What is to be erased.
    package let scope: Scope
    /// Why it is erased, as far as it is no free text.
    package let cause: Cause
    /// Its last entry as whoever asks has seen it; nil: it is erased as it stands.
    package let seen: UInt64?
    /// So many entries are looked at, at most, from the first that has something to erase; nil: as many
    /// as is reasonable.
    package let limit: Int?

    /// What is to be erased of an execution.
    package enum Scope: Equatable, Sendable {
        /// All payloads, of all its runs; nil: from the end.
        case everything(Cursor?)
        /// Those of one entry.
        case entry(UInt64)
    }

    /// How far it has come.
    package struct Cursor: Equatable, Sendable {
        /// The run.
        package let run: UInt64
        /// Its entries from this one on are done.
        package let before: UInt64
    }

    /// Who or what wants it.
    @nonexhaustive
    package enum Cause: Equatable, Sendable {
        /// Somebody has named the execution.
        case asked
        /// A rule that somebody has set.
        case policy
    }

    /// So many entries by default, and of a long history a 64th: each step folds it once, so that a
    /// step that is small against it gains nobody anything.
    private static func limit(_ entries: UInt64) -> Int {
        max(512, Int(truncatingIfNeeded: entries / 64))
    }

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ intervention: Intervention,
        _ scope: Scope = .everything(nil),
        cause: Cause = .asked,
        seen: UInt64? = nil,
        limit: Int? = nil
    ) {
        self.intervention = intervention
        self.scope = scope
        self.cause = cause
        self.seen = seen
        self.limit = limit
    }

    /// What was erased.
    package struct Answer: Equatable, Sendable {
        /// The number of the newest run.
        package let number: UInt64
        /// What was erased; nil: there was nothing.
        package let erased: ErasableRange?
        /// Secrets that were kept, and are wiped.
        package let wiped: [Name]
        /// Where to go on; nil: all is done.
        package let next: Cursor?
    }

    /// Granted for what is closed and what nothing that is open depends on.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try intervention.request.check()
        let id = intervention.id
        guard let row = try tx.row(of: id) else { throw Refusal.unknownExecution(id) }
        try checkIsClosed(row.number, tx)
        guard row.closed.archived == 0 else {
            throw Refusal(
                .archived,
                "payloads of \(id) cannot be erased: it lies in an archive (entry \(row.closed.archived)), whose file has them too; take that back with `daybook archive restore`, which removes the file, then erase them"
            )
        }
        try checkIsAsSeen(row)
        try checkParent(row, tx)
        let cursor = try cursor(row, tx)
        let usual = Self.limit(cursor.run == row.number ? row.closed.entries : 0)
        let limit = if case .entry = scope { 1 } else { max(1, self.limit ?? usual) }
        guard let found = try tx.erasable(of: cursor.run, before: cursor.before, limit: limit),
            isMeant(found)
        else {
            return Answer(
                number: row.number,
                erased: nil,
                wiped: [],
                next: try cursorOfRun(before: cursor.run, tx)
            )
        }
        let kept = tx.state.secrets[row.number]?.secrets ?? []
        try tx.wipe(kept, of: row.number, .asked, by: intervention.request.withoutReason)
        let event = ProtoEntry.OneOf_Event.payloadsErased(
            .with {
                $0.cause = cause == .asked ? .asked : .policy
                $0.from = found.range.lowerBound
                $0.through = found.range.upperBound
            }
        )
        let root = try tx.past(of: cursor.run, before: cursor.run + 1).rare.family.root
        try tx.append(
            event.encoded(),
            to: .run(cursor.run),
            by: intervention.request,
            root: root
        )
        var next: Cursor?
        if case .everything = scope {
            next = Cursor(run: cursor.run, before: found.range.lowerBound)
        }
        return Answer(number: row.number, erased: found, wiped: kept.map(\.name), next: next)
    }

    private func isMeant(_ found: ErasableRange) -> Bool {
        guard case .entry(let entry) = scope else { return true }
        return found.range == entry...entry
    }

    /// Where to begin, once nothing that is open is found to depend on it.
    private func cursor(
        _ row: ProtoExecutionRow,
        _ tx: borrowing Transaction
    ) throws -> Cursor {
        switch scope {
        case .everything(let cursor?):
            guard try tx.id(of: cursor.run) == intervention.id else {
                throw Refusal(
                    .invalidArgument,
                    "entries of the run \(cursor.run) were to be erased, and that is none of \(intervention.id)"
                )
            }
            try checkIsClosed(cursor.run, tx)
            return cursor
        case .everything(nil):
            for run in try runs(row.number, tx) { try checkForks(of: run, tx) }
            return Cursor(run: row.number, before: tx.nextSequence)
        case .entry(let entry):
            guard let run = try runs(row.number, tx).last(where: { $0 <= entry }) else {
                throw isOfAnother(entry)
            }
            try checkForks(of: run, tx)
            guard entry < tx.nextSequence else { throw isOfAnother(entry) }
            return Cursor(run: run, before: entry + 1)
        }
    }

    private func isOfAnother(_ entry: UInt64) -> Refusal {
        Refusal(
            .notFound,
            "the payloads of entry \(entry) were to be erased, and it is none of \(intervention.id)"
        )
    }

    private func cursorOfRun(
        before run: UInt64,
        _ tx: borrowing Transaction
    ) throws -> Cursor? {
        guard case .everything = scope,
            let earlier = try tx.past(of: run, before: run + 1).continuedFrom
        else { return nil }
        return Cursor(run: earlier, before: tx.nextSequence)
    }

    /// The runs of its id, ascending.
    private func runs(_ newest: UInt64, _ tx: borrowing Transaction) throws -> [UInt64] {
        var runs = [newest]
        while let run = runs.last, let earlier = try tx.past(of: run, before: run + 1).continuedFrom
        {
            runs.append(earlier)
        }
        return runs.reversed()
    }

    // MARK: What depends on it

    private func checkIsClosed(
        _ number: UInt64,
        _ tx: borrowing Transaction
    ) throws(Refusal) {
        guard let status = tx[number]?.status else { return }
        throw Refusal(
            .conflict,
            status.isFinal
                ? "payloads of \(intervention.id) cannot be erased yet: it is \(status.rawValue), and its code, its cleaning or its children are still ending; wait for it, then try again"
                : "payloads of \(intervention.id) cannot be erased: it is \(status.rawValue), and goes on by what it has recorded; cancel it, or wait for its end"
        )
    }

    /// It may have been opened and closed again since, and come to something else. What is erased in part
    /// has not.
    private func checkIsAsSeen(_ row: ProtoExecutionRow) throws(Refusal) {
        guard let seen, row.closed.erased == 0, row.closed.last != seen else { return }
        throw Refusal(
            .conflict,
            "payloads of \(intervention.id) were to be erased as it stood at entry \(seen), and it has gone on since, to entry \(row.closed.last); look at it again, then ask again"
        )
    }

    /// A parent goes on by what its children gave.
    private func checkParent(
        _ row: ProtoExecutionRow,
        _ tx: borrowing Transaction
    ) throws {
        guard row.closed.parent != 0 else { return }
        let parent = try tx.id(of: row.closed.parent)
        if let above = try tx.row(of: parent), above.closed.erased != 0 { return }
        throw Refusal(
            .conflict,
            "payloads of \(intervention.id) cannot be erased by themselves: it is a child of \(parent), whose record has what its children gave; erase those of \(parent), and what it began goes with it"
        )
    }

    /// A fork goes on by what its origin has recorded.
    private func checkForks(of number: UInt64, _ tx: borrowing Transaction) throws {
        var origins = [number]
        while let origin = origins.popLast() {
            for fork in try tx.forks(of: origin) {
                guard tx.isOpen(fork) else {
                    origins.append(fork)
                    continue
                }
                let (id, status) = (tx[known: fork].id, tx[known: fork].status)
                throw Refusal(
                    .conflict,
                    "payloads of \(intervention.id) cannot be erased: its fork \(id) is \(status.rawValue), and goes on by what \(intervention.id) has recorded; cancel \(id), or wait for its end"
                )
            }
        }
    }
}

extension Transaction {
    /// Makes sure that nothing is erased of what an execution goes on by: its own history, and those
    /// that it was forked from.
    /// - Parameter what: what cannot be done, for example `be retried`.
    /// - Throws: ``Refusal/Code/erased``.
    func checkNotErased(_ row: ProtoExecutionRow, _ id: Name, _ what: String) throws {
        if row.closed.erased != 0 {
            throw Refusal(
                .erased,
                "\(id) cannot \(what): its payloads are erased (entry \(row.closed.erased)); submit a new execution"
            )
        }
        var origin =
            row.hasClosed ? row.closed.forkedFrom : self[row.number]?.forkPoint?.origin ?? 0
        while origin != 0 {
            let originID = try self.id(of: origin)
            if let erased = try self.row(of: originID)?.closed.erased, erased != 0 {
                throw Refusal(
                    .erased,
                    "\(id) cannot \(what): it is a fork that goes on by what \(originID) has recorded, and the payloads of that are erased (entry \(erased)); submit a new execution"
                )
            }
            origin = try past(of: origin, before: origin + 1).forkPoint?.origin ?? 0
        }
    }
}
