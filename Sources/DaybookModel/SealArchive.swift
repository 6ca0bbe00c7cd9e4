import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// Records that what is known of executions which are closed lies in a file that is on the disk, and that they are
/// archived from here on: in one commit, so that no part of it is ever seen.
package struct SealArchive: Command {
    /// An execution, as whoever wrote the file has seen it.
    package struct Member: Hashable, Sendable {
        /// Its id.
        package let id: Name
        /// The number of its newest run.
        package let number: UInt64
        /// Its last entry.
        package let last: UInt64

        /// Nothing is checked here: the command is, when it is decided.
        package init(id: Name, number: UInt64, last: UInt64) {
            self.id = id
            self.number = number
            self.last = last
        }
    }

    /// The file, as its entry says it.
    package let file: ProtoArchiveSealed
    /// The executions in it: a child together with its parent.
    package let members: [Member]
    /// Who asks for it, and why.
    package let request: Request

    /// So many executions one archive has at most: each has an entry in the same commit.
    package static let limit = 1_024

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ file: ProtoArchiveSealed, _ members: [Member], by request: Request) {
        self.file = file
        self.members = members
        self.request = request
    }

    /// The sequence of the entry that vouches for the file.
    package typealias Answer = UInt64

    /// Granted for what is closed and still as it was seen, what nobody has to look at any more, and what nothing that is
    /// open goes on by.
    package func decide(_ tx: inout Transaction) throws -> UInt64 {
        try request.check()
        try checkForm(tx.nextSequence)
        let numbers = Set(members.map(\.number))
        var roots: [UInt64] = []
        for member in members { roots.append(try root(of: member, numbers, tx)) }
        let archive = try tx.append(
            ProtoEntry.OneOf_Event.archiveSealed(file).encoded(),
            to: .journal,
            by: request
        )
        for (member, root) in zip(members, roots) {
            try tx.append(archived: member.number, in: archive, causation: archive, root: root)
        }
        return archive
    }

    private func checkForm(_ count: UInt64) throws(Refusal) {
        guard !members.isEmpty, members.count <= Self.limit, members.count == file.executions,
            file.digest.count == 32, file.root.count == 32, file.size > 0, file.size <= count
        else {
            throw Refusal(
                .invalidArgument,
                "an archive of \(members.count) executions at \(file.size) entries was to be recorded; it has 1 to \(Self.limit), and is made of entries that are there"
            )
        }
    }

    /// Makes sure that an execution may be archived.
    /// - Returns: the root of its family.
    private func root(
        of member: Member,
        _ numbers: Set<UInt64>,
        _ tx: borrowing Transaction
    ) throws -> UInt64 {
        let id = member.id
        guard let row = try tx.row(of: id) else { throw Refusal.unknownExecution(id) }
        guard row.hasClosed, row.number == member.number, row.closed.last == member.last else {
            throw Self.refusal(id, "it has gone on meanwhile; look at it again, then ask again")
        }
        guard row.closed.archived == 0 else {
            throw Self.refusal(id, "it is archived already (entry \(row.closed.archived))")
        }
        let state = try tx.closed(member.number)
        if let obstacle = state.archivingObstacle { throw Self.refusal(id, obstacle) }
        if let parent = state.parent {
            let above = try tx.row(of: tx.id(of: parent))?.number ?? parent
            guard numbers.contains(above) || numbers.contains(parent) else {
                throw Self.refusal(id, "it is a child, and its parent is not; archive the family")
            }
        }
        guard tx.state.secrets[member.number] == nil else {
            throw Self.refusal(id, "secrets of it are kept; wipe them first")
        }
        if let fork = try tx.openFork(of: member.number) {
            throw Self.refusal(
                id,
                "its fork \(try tx.id(of: fork)) is open, and goes on by what \(id) has recorded; wait for its end"
            )
        }
        return state.rare.family.root
    }

    private static func refusal(_ id: Name, _ why: String) -> Refusal {
        Refusal(.conflict, "\(id) cannot be archived: \(why)")
    }
}

/// Records that executions are archived no longer: their archive's file is removed after that.
package struct DropArchive: Command {
    /// The entry that vouches for the archive.
    package let archive: UInt64
    /// All executions that lie in it.
    package let ids: [Name]
    /// Who asks for it, and why.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ archive: UInt64, _ ids: [Name], by request: Request) {
        self.archive = archive
        self.ids = ids
        self.request = request
    }

    /// The sequence of the entry that says so.
    package typealias Answer = UInt64

    /// Granted for what lies in that archive.
    package func decide(_ tx: inout Transaction) throws -> UInt64 {
        try request.check()
        var runs: [(number: UInt64, root: UInt64)] = []
        for id in ids {
            guard let row = try tx.row(of: id) else { throw Refusal.unknownExecution(id) }
            guard archive != 0, row.closed.archived == archive else {
                throw Refusal(
                    .conflict,
                    "\(id) was to be taken back from the archive of entry \(archive), and does not lie in it any more; look again, then ask again"
                )
            }
            let root = try tx.past(of: row.number, before: row.number + 1).rare.family.root
            runs.append((row.number, root))
        }
        let sequence = try tx.append(
            ProtoEntry.OneOf_Event.archiveDropped(.with { $0.archive = archive }).encoded(),
            to: .journal,
            by: request
        )
        for (number, root) in runs {
            try tx.append(archived: number, in: 0, causation: sequence, root: root)
        }
        return sequence
    }
}

/// Looks up of which executions secrets are kept, with all entries of others taken in.
package struct LookUpSecretKeepers: Command {
    /// Nothing is asked but that.
    package init() {}

    /// The numbers of their newest runs.
    package typealias Answer = Set<UInt64>

    /// Always granted.
    package func decide(_ tx: inout Transaction) throws -> Answer { Set(tx.state.secrets.numbers) }
}

extension ExecutionState {
    /// The archive that it lies in: the entry that vouches for that; nil: it lies in none.
    package var archivedBy: UInt64? { rare.archived == 0 ? nil : rare.archived }

    /// Why a person has to look at it before it may be archived, with it as the subject; nil: nobody has to.
    package var archivingObstacle: String? {
        guard status.isFinal else { return "it is \(status.rawValue), and has not ended" }
        if isParked { return "it is parked until somebody has looked at it" }
        guard status != .completed else { return nil }
        let failed = rare.cleaning.registrations.last { $0.hasFailed && $0.heir == 0 }
        return failed.map {
            "what undoes \($0.name) or cleans up after it has failed, or nobody knows how far it came; retry it, and see that it ends well"
        }
    }

    /// Takes in that it lies in an archive, or does no longer.
    mutating func archive(_ entry: EntryView, _ change: Change) throws(WireError) {
        guard change.wasFinal else {
            throw WireError("it archives an execution that has not ended")
        }
        let archive = try entry.number(Wire.ExecutionArchived.archive)
        guard (archive == 0) != (rare.archived == 0), archive < entry.header.sequence else {
            throw WireError(
                archive == 0
                    ? "it takes back an execution that lies in no archive"
                    : "it archives an execution that lies in an archive, or in one that is not recorded before it"
            )
        }
        rare.archived = archive
    }
}

extension Transaction {
    fileprivate mutating func append(
        archived number: UInt64,
        in archive: UInt64,
        causation: UInt64,
        root: UInt64
    ) throws {
        let event = ProtoEntry.OneOf_Event.executionArchived(.with { $0.archive = archive })
        try append(event.encoded(), to: .run(number), nil, causation, root)
    }

    /// An open fork of a run, or of a fork of it.
    fileprivate func openFork(of number: UInt64) throws -> UInt64? {
        var origins = [number]
        while let origin = origins.popLast() {
            for fork in try forks(of: origin) {
                if isOpen(fork) { return fork }
                origins.append(fork)
            }
        }
        return nil
    }

    /// Makes sure that an execution does not lie in an archive, nor what it was forked from.
    /// - Parameter what: cannot be done, for example `be retried`.
    /// - Throws: ``Refusal/Code/archived``.
    func checkNotArchived(_ row: ProtoExecutionRow, _ id: Name, _ what: String) throws {
        if row.closed.archived != 0 { throw Refusal.isArchived(id, row.closed.archived, what) }
        var origin =
            row.hasClosed ? row.closed.forkedFrom : self[row.number]?.forkPoint?.origin ?? 0
        while origin != 0 {
            let originID = try self.id(of: origin)
            if let archive = try self.row(of: originID)?.closed.archived, archive != 0 {
                throw Refusal(
                    .archived,
                    "\(id) cannot \(what): it is a fork that goes on by what \(originID) has recorded, and that lies in an archive (entry \(archive)); take it back with `daybook archive restore`, or submit a new execution"
                )
            }
            origin = try past(of: origin, before: origin + 1).forkPoint?.origin ?? 0
        }
    }
}

extension Refusal {
    /// - Parameters:
    ///   - archive: the entry that vouches for the archive.
    ///   - what: cannot be done.
    static func isArchived(_ id: Name, _ archive: UInt64, _ what: String) -> Refusal {
        Refusal(
            .archived,
            "\(id) cannot \(what): it lies in an archive (entry \(archive)); take it back with `daybook archive restore`, or submit a new execution"
        )
    }
}
