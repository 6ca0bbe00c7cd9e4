package import DaybookFormat
import DaybookJournal

/// Entries one after the other. All of this goes in steps, and what is done with an entry is done
/// outside of a read transaction: whoever reads slowly keeps no page from being used again, and no
/// more than a step is in memory.
extension Inspector {
    /// Entries of a step, and bytes after which it ends.
    private static let step = 4_096
    private static let stepBytes = 8 << 20

    /// Runs `body` on entries in order, until it returns false.
    /// - Throws: what `body` throws; ``JournalError``.
    public func scan(
        from sequence: UInt64 = 0,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        var next: UInt64? = sequence
        while let first = next {
            var step = Step()
            try store.read { reader in
                try reader.scanEntries(from: first) { key, bytes in
                    step.add(try JournalEntry(key, bytes, reader))
                    return !step.isFull
                }
            }
            next = step.isFull ? step.entries.last.map { $0.sequence + 1 } : nil
            for entry in step.entries {
                guard try body(entry) else { return }
            }
        }
    }

    /// Runs `body` on entries against their order, from `sequence` or the last one on, until it
    /// returns false.
    /// - Throws: what `body` throws; ``JournalError``.
    public func scanBackwards(
        from sequence: UInt64 = .max,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        let count = try entryCount()
        var next = min(sequence, count - 1) + 1
        while next > 0 {
            var step = Step()
            try store.read { reader in
                let horizon = try reader.horizon()
                while next > 0, !step.isFull {
                    next -= 1
                    if next < horizon, try reader.withEntry(next, { _ in true }) == nil { continue }
                    step.add(try read(next, reader))
                }
            }
            for entry in step.entries {
                guard try body(entry) else { return }
            }
        }
    }

    /// Runs `body` on the entries of one execution in order, until it returns false.
    /// - Throws: what `body` throws; ``JournalError/Code/integrity``.
    public func history(
        of number: UInt64,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        var next: UInt64? = 0
        while let first = next {
            var step = Step()
            try store.read { reader in
                try reader.scanHistory(of: number, from: first) { sequence in
                    step.add(try read(sequence, of: number, reader))
                    return !step.isFull
                }
                // The rest of it must not look as if there were none.
                if first > 0, step.entries.isEmpty, try reader.historyEnd(of: number) == nil {
                    throw JournalError.prunedMeanwhile(folder.path)
                }
            }
            next = step.isFull ? step.entries.last.map { $0.sequence + 1 } : nil
            for entry in step.entries {
                guard try body(entry) else { return }
            }
        }
    }

    /// Runs `body` on what ``RecordedHistory/all(exported:)`` needs of one execution, until it
    /// returns false: on the entries of the journal itself that name it and its content types, for
    /// drawn values follow from the journal's UUID, and then on its complete history.
    /// - Throws: what `body` throws; ``JournalError/Code/integrity``.
    public func export(
        of number: UInt64,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        var isWanted = true
        try history(of: 0) { entry in
            switch entry.entry.event {
            case .journalCreated, .contentTypeInterned: isWanted = try body(entry)
            default: break
            }
            return isWanted
        }
        if isWanted { try completeHistory(of: number, body) }
    }

    /// Runs `body` on the entries of one execution in order, until it returns false; of a fork on those
    /// of its origin up to the fork first; before an entry by which
    /// an earlier run of the id hands on a signal, or a child ends, on the entry that holds the value; and before a finalizer's first entry on those that hold what it is given.
    /// - Throws: what `body` throws; ``JournalError/Code/integrity``.
    public func completeHistory(
        of number: UInt64,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        for part in try store.read({ try $0.historyParts(of: number) }) {
            var isWanted = true
            try history(of: part.number) { entry in
                guard entry.sequence < part.end else { return false }
                for source in try Self.sources(of: entry) + given(to: entry) where isWanted {
                    isWanted = try body(store.read { try read(source, of: number, $0) })
                }
                if isWanted { isWanted = try body(entry) }
                return isWanted
            }
            guard isWanted else { return }
        }
    }

    /// The entries of a family that hold what a finalizer is given, and the first ones of its children.
    private func given(to entry: JournalEntry) throws -> [UInt64] {
        guard case .executionSubmitted(let event) = entry.entry.event, event.finalizer,
            let input = entry.payloads.first
        else { return [] }
        let sources = try familyReader().sources(of: input, of: entry.sequence)
        let first = try store.read { reader in
            try sources.ends.compactMap { end in
                try reader.withView(of: end) { $0.header.stream.rawValue }
            }
        }
        return Set(sources.values + first).sorted()
    }

    /// Reads values that may be those of a family.
    private func familyReader() throws -> FamilyReader {
        let names = try store.read { try JournalNames($0) }
        return FamilyReader(store) { names.contentType($0) }
    }

    /// A payload of an entry; what stands for the values of a family is put together as JSON.
    /// - Throws: ``PayloadErased`` when one of them has been erased; ``JournalError/Code/integrity``.
    package func value(of payload: StoredPayload, at sequence: UInt64) throws -> [UInt8] {
        try familyReader().json(of: payload, at: sequence)
    }

    /// The entries of another history that hold values for this one.
    private static func sources(of entry: JournalEntry) -> [UInt64] {
        let sources: [UInt64] =
            switch entry.entry.event {
            case .signalReceived(let event): [event.origin]
            case .childEnded(let event): [event.runOutput, event.end]
            default: []
            }
        return sources.filter { $0 != 0 }
    }

    /// Runs `body` on the entries of one execution against their order, until it returns false.
    /// - Parameter last: the execution's last entry.
    /// - Throws: what `body` throws; ``JournalError/Code/integrity``.
    public func historyBackwards(
        of number: UInt64,
        from last: UInt64,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        var next: UInt64? = last
        while next != nil {
            var step = Step()
            try store.read { reader in
                while let sequence = next, !step.isFull {
                    let entry = try read(sequence, of: number, reader)
                    step.add(entry)
                    next = try previous(of: entry, in: number)
                }
            }
            for entry in step.entries {
                guard try body(entry) else { return }
            }
        }
    }

    private func previous(of entry: JournalEntry, in number: UInt64) throws -> UInt64? {
        guard entry.sequence != number else { return nil }
        guard entry.entry.previous < entry.sequence, entry.entry.previous >= number else {
            throw JournalError(
                .integrity,
                "entry \(entry.sequence): it follows entry \(entry.entry.previous), which is none of execution \(number) before it; the journal contradicts itself: do not rely on it",
                sequence: entry.sequence
            )
        }
        return entry.entry.previous
    }

    private func read(
        _ sequence: UInt64,
        of number: UInt64? = nil,
        _ reader: any StoreReader
    ) throws -> JournalEntry {
        let entry = try reader.withEntry(sequence) { try JournalEntry(sequence, $0, reader) }
        if let entry { return entry }
        let whose = number.map { "the history of execution \($0) names it, and " } ?? ""
        throw JournalError(
            .integrity,
            "entry \(sequence): \(whose)it is missing; the journal contradicts itself: do not rely on it",
            sequence: sequence
        )
    }

    /// Entries that are read at once.
    private struct Step {
        private(set) var entries: [JournalEntry] = []
        private var bytes = 0

        var isFull: Bool { entries.count >= Inspector.step || bytes >= Inspector.stepBytes }

        mutating func add(_ entry: JournalEntry) {
            entries.append(entry)
            bytes += entry.bytes.count + entry.payloads.reduce(0) { $0 + $1.data.count }
        }
    }
}
