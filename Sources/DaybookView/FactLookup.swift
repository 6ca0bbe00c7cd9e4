package import DaybookFormat
package import DaybookJournal
package import DaybookModel

/// Looks up what a command needs to know and the state does not hold.
package enum FactLookup {
    /// The row of an execution's id.
    /// - Throws: ``JournalError``.
    package static func row(of id: Name, _ reader: any StoreReader) throws -> ProtoExecutionRow? {
        try ExecutionReader.row(of: id.text, reader)
    }

    /// What is recorded of the input of an id's first run.
    /// - Parameter number: any run of the id.
    /// - Throws: ``JournalError``.
    package static func input(
        of number: UInt64,
        _ reader: any StoreReader
    ) throws -> RecordedInput? {
        let first = try firstRun(number, reader)
        let commitment = try reader.withView(of: first) { try $0.commitments().first }
        guard let commitment = commitment ?? nil else { return nil }
        // Only the salt, because this runs in the writer: a given input is compared under it with
        // the commitment, so that a damaged one can only refuse.
        let salt = try reader.withPayloads(of: first) { try PayloadRecord.firstSalt($0) }
        return RecordedInput(mac: commitment.mac, salt: salt ?? nil)
    }

    /// Looks for payloads of a stream that are to be erased, from its end: not those of entries that say
    /// that others are.
    /// - Parameters:
    ///   - sequence: entries from this one on are left out.
    ///   - limit: so many entries are looked at, from the first that has some.
    /// - Returns: nil when there are none.
    /// - Throws: ``JournalError``.
    package static func erasable(
        of stream: UInt64,
        before sequence: UInt64,
        limit: Int,
        _ reader: any StoreReader
    ) throws -> ErasableRange? {
        var next = try lastMember(of: stream, before: sequence, reader)
        var found: (range: ClosedRange<UInt64>, entries: Int, payloads: Int, bytes: UInt64)?
        var looked = 0
        while let member = next, looked < limit {
            let seen = try reader.withView(of: member) { entry in
                (
                    previous: previous(of: entry),
                    commitments: try member < sequence ? unerased(entry, reader) : []
                )
            }
            guard let seen else { break }
            next = seen.previous
            if found != nil || !seen.commitments.isEmpty { looked += 1 }
            if seen.commitments.isEmpty { continue }
            let last = found?.range.upperBound ?? member
            found = (
                member...last, (found?.entries ?? 0) + 1,
                (found?.payloads ?? 0) + seen.commitments.count,
                seen.commitments.reduce(found?.bytes ?? 0) { $0 &+ $1.size }
            )
        }
        return found.map {
            ErasableRange(
                range: $0.range,
                entries: $0.entries,
                payloads: $0.payloads,
                bytes: $0.bytes
            )
        }
    }

    /// Where to begin a walk towards the beginning of a stream: at the end of it, or before `sequence`, where
    /// that is one of its entries or follows one. Nothing is looked for that the walk does not find by
    /// itself.
    private static func lastMember(
        of stream: UInt64,
        before sequence: UInt64,
        _ reader: any StoreReader
    ) throws -> UInt64? {
        guard let end = try reader.historyEnd(of: stream)?.last else { return nil }
        guard sequence > stream, sequence <= end else { return end }
        for near in [sequence, sequence - 1] {
            let found = try reader.withView(of: near) { entry -> UInt64? in
                guard entry.header.stream.rawValue == stream else { return nil }
                return near < sequence ? near : previous(of: entry)
            }
            if let found = found ?? nil { return found }
        }
        return end
    }

    /// The entry before one in its stream; nil: there is none.
    private static func previous(of entry: EntryView) -> UInt64? {
        let header = entry.header
        return header.ordinal == 0 || header.previous >= header.sequence ? nil : header.previous
    }

    /// What an entry commits to, unless it is erased, or never is.
    private static func unerased(
        _ entry: EntryView,
        _ reader: any StoreReader
    ) throws -> [Commitment] {
        guard entry.event != EventKind.payloadsErased.rawValue else { return [] }
        do {
            let commitments = try entry.commitments()
            if commitments.isEmpty { return [] }
            let isErased = try reader.withPayloads(of: entry.header.sequence) {
                try PayloadRecord($0).isErased()
            }
            return isErased == true ? [] : commitments
        } catch let error as WireError {
            throw JournalError(
                .integrity,
                "entry \(entry.header.sequence): \(error.reason); run `daybook verify`",
                sequence: entry.header.sequence
            )
        }
    }

    /// The numbers on a list of executions, ascending.
    /// - Throws: ``JournalError``.
    package static func members(
        of list: ExecutionList,
        _ reader: any StoreReader
    ) throws -> [UInt64] {
        var members: [UInt64] = []
        var next: UInt64 = 0
        while let member = try reader.listed(list.key, atLeast: next) {
            members.append(member)
            next = member + 1
        }
        return members
    }

    /// The first run of the id that a run belongs to.
    static func firstRun(_ number: UInt64, _ reader: any StoreReader) throws -> UInt64 {
        let first = try reader.withView(of: number) { entry in
            try ProtoExecutionSubmitted(decoding: entry).firstRun
        }
        return first.flatMap { $0 == 0 ? nil : $0 } ?? number
    }
}
