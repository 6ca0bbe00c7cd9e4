import DaybookFormat
import SeededRandom
import Testing

@testable import DaybookJournal

/// An entry that says that payloads are erased has them erased, in its commit.
@Suite struct ErasureTests {
    private func entry(_ stream: UInt64, _ payloads: [[UInt8]]) throws -> EntryDraft {
        EntryDraft(
            stream: StreamID(stream),
            event: Drafts.entry(stream).event,
            session: 1,
            payloads: try SealedPayloads(payloads.map { .json($0) }, limit: 1 << 24)
        )
    }

    private func erasing(
        _ stream: UInt64,
        _ range: ClosedRange<UInt64>,
        reason: [UInt8]? = Array("asked".utf8)
    ) throws -> EntryDraft {
        var event = ProtoPayloadsErased()
        event.cause = .asked
        event.from = range.lowerBound
        event.through = range.upperBound
        return EntryDraft(
            stream: StreamID(stream),
            event: ProtoEntry.OneOf_Event.payloadsErased(event).encoded(),
            session: 1,
            payloads: try reason.map {
                try SealedPayloads(Payload($0, contentType: ContentTypes.text), limit: 1 << 24)
            }
        )
    }

    private func payloads(_ sequence: UInt64, _ store: any JournalStore) throws -> [[UInt8]?] {
        try store.read { try $0.payloads(of: sequence) }.map { $0.isErased ? nil : $0.data }
    }

    private func text(_ size: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<size).map { _ in UInt8.random(in: 32...126, using: &random) }
    }

    /// Bytes that occur in the records that readers find.
    private func isStored(_ bytes: [UInt8], _ store: any JournalStore) throws -> Bool {
        try store.read { reader in
            var isFound = false
            try reader.scanPayloads(from: 0) { sequence in
                _ = try reader.withPayloads(of: sequence) { record in
                    let all = Array(record)
                    for start in all.indices where all[start...].starts(with: bytes) {
                        isFound = true
                    }
                }
                return !isFound
            }
            return isFound
        }
    }

    @Test(arguments: StoreKind.allCases)
    func theRangeLosesItsPayloadsAndNothingElseDoes(_ kind: StoreKind) throws {
        try kind.withJournal { journal in
            let store = journal.store
            try journal.append([
                entry(1, [[1, 2, 3], []]), entry(2, [[0x71, 0x72, 0x73]]), entry(1, [[4]]),
                Drafts.entry(1), entry(1, [[0x51, 0x52, 0x53]]),
            ])
            let before = journal.head
            try journal.append([try erasing(1, 1...4)])
            #expect(try payloads(1, store) == [nil, nil])
            #expect(try payloads(2, store) == [[0x71, 0x72, 0x73]])
            #expect(try payloads(3, store) == [nil])
            #expect(try payloads(5, store) == [[0x51, 0x52, 0x53]])
            #expect(try payloads(6, store) == [Array("asked".utf8)])
            #expect(try journal.head(at: before.size) == before)
            try journal.checkInvariants()
            // What says so keeps its reason, whatever is erased later.
            try journal.append([try erasing(1, 1...6, reason: nil)])
            #expect(try payloads(5, store) == [nil])
            #expect(try payloads(6, store) == [Array("asked".utf8)])
            #expect(try !isStored([0x51, 0x52, 0x53], store))
            #expect(try isStored([0x71, 0x72, 0x73], store))
        }
    }

    /// From the end, as it is asked for: nothing is left without its bytes between two steps.
    @Test(arguments: StoreKind.allCases)
    func aStreamOfSharedBytesIsReadableBetweenTheSteps(_ kind: StoreKind) throws {
        try kind.withJournal { journal in
            let store = journal.store
            var random = SeededGenerator(seed: 3)
            var data = text(40_000, &random)
            var given: [[UInt8]] = []
            for _ in 0..<9 {
                data += text(9_000, &random)
                given.append(data)
                try journal.append([try entry(1, [data])])
            }
            for step in [7...9, 4...6, 1...3] as [ClosedRange<UInt64>] {
                try journal.append([try erasing(1, step)])
                for (index, data) in given.enumerated() {
                    let isLeft = index + 1 < step.lowerBound
                    #expect(try payloads(UInt64(index + 1), store) == [isLeft ? data : nil])
                }
            }
            #expect(try !isStored(Array(data.prefix(64)), store))
            try journal.checkInvariants()
        }
    }

    /// One entry alone: what has bytes of it has them itself from then on.
    @Test(arguments: StoreKind.allCases)
    func whatHasBytesOfAnErasedEntryIsStoredWhole(_ kind: StoreKind) throws {
        try kind.withJournal { journal in
            let store = journal.store
            var random = SeededGenerator(seed: 4)
            let data = text(60_000, &random)
            let more = data + text(20_000, &random)
            try journal.append([
                entry(1, [data]), entry(1, [more, [7]]), entry(2, [data]), entry(1, [more]),
            ])
            try journal.append([try erasing(1, 1...1)])
            #expect(try payloads(1, store) == [nil])
            #expect(try payloads(2, store) == [more, [7]])
            #expect(try payloads(3, store) == [data])
            #expect(try payloads(4, store) == [more])
            // Nothing is looked for any more where it was: also not by who had written before.
            try journal.append([try entry(1, [data])])
            #expect(try payloads(6, store) == [data])
            try journal.append([try erasing(1, 2...2), try erasing(1, 4...6)])
            #expect(try payloads(4, store) == [nil])
            #expect(try payloads(6, store) == [nil])
        }
    }

    /// A long reason that repeats what is erased does not lie in it.
    @Test func theReasonIsStoredByItself() throws {
        let journal = try Journal.create(in: MemoryStore(), event: Drafts.created)
        var random = SeededGenerator(seed: 5)
        let data = text(30_000, &random)
        try journal.append([try entry(1, [data])])
        try journal.append([try erasing(1, 1...1, reason: data)])
        #expect(try payloads(2, journal.store) == [data])
    }

    @Test(arguments: StoreKind.allCases)
    func aProcessThatFollowsForgetsWhereBytesLay(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            let journal = try Journal.create(in: store, event: Drafts.created)
            var random = SeededGenerator(seed: 6)
            let data = text(50_000, &random)
            try journal.append([try entry(1, [data])])
            try Journal.open(store).append([try erasing(1, 1...1)])
            try journal.append([try entry(1, [data])])
            #expect(try payloads(3, store) == [data])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aRangeThatIsNoneIsRefusedAndNothingIsErased(_ kind: StoreKind) throws {
        try kind.withJournal { journal in
            try journal.append([try entry(1, [[1]]), try entry(2, [[2]])])
            for range in [2...2, 1...9] as [ClosedRange<UInt64>] {
                let error = journalError { try journal.append([try erasing(1, range)]) }
                #expect(error?.code == .integrity, "\(range)")
            }
            #expect(try payloads(1, journal.store) == [[1]])
            #expect(journal.head.size == 3)
        }
    }

    @Test(arguments: [MemoryStore.Fault.full, .lostInCommit])
    func whatIsNotCommittedIsNotErased(_ fault: MemoryStore.Fault) throws {
        let store = MemoryStore()
        let journal = try Journal.create(in: store, event: Drafts.created)
        var random = SeededGenerator(seed: 7)
        let data = text(50_000, &random)
        try journal.append([try entry(1, [data]), try entry(1, [data + [1]])])
        store.inject(fault)
        #expect(throws: JournalError.self) { try journal.append([try erasing(1, 1...2)]) }
        #expect(try payloads(1, store) == [data])
        #expect(try payloads(2, store) == [data + [1]])
        try journal.append([try erasing(1, 1...2)])
        #expect(try payloads(1, store) == [nil] && payloads(2, store) == [nil])
    }
}
