import DaybookFormat
import DaybookSystem
import Testing

@testable import DaybookJournal

@Suite struct JournalTests {
    @Test(arguments: StoreKind.allCases)
    func aNewJournalHasEntry0(_ kind: StoreKind) throws {
        try kind.withJournal(clock: ManualClock(5)) { journal in
            let all = try journal.entries()
            var expected = EntryHeader()
            expected.time = Timestamp(rawValue: 5)
            #expect(all.map(\.header) == [expected])
            #expect(all[0].event == EventKind.journalCreated.rawValue)
            #expect(journal.head == TreeState(size: 1, root: all[0].leaf))
            try journal.checkInvariants()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func creatingTwiceIsRefused(_ kind: StoreKind) throws {
        try kind.withJournal { journal throws in
            try journal.append([Drafts.entry(1)])
            let before = try journal.entries()
            let error = journalError {
                _ = try Journal.create(in: journal.store, event: Drafts.created)
            }
            #expect(error?.code == .exists)
            #expect(try journal.entries() == before)
            try journal.checkInvariants()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func anEmptyStoreIsNoJournal(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            #expect(journalError { _ = try Journal.open(store) }?.code == .notAJournal)
            // An entry without a format: creation is one commit, so something else wrote it.
            try store.write { writer in
                try [UInt8]().withUnsafeBytes { try writer.append(entry: $0, at: 0) }
            }
            // A store that counts its commits knows that this is not the first one.
            let code: JournalError.Code = kind == .lmdb ? .integrity : .notAJournal
            #expect(journalError { _ = try Journal.open(store) }?.code == code)
        }
    }

    @Test(arguments: [
        ("2", JournalError.Code.newerVersion), ("10", .newerVersion), ("0", .integrity),
        ("-1", .integrity), ("x", .integrity), ("", .integrity),
    ])
    func onlyKnownFormatsAreOpened(_ format: String, _ code: JournalError.Code) throws {
        for kind in StoreKind.allCases {
            try kind.withJournal { journal throws in
                let stored = try journal.store.read { try $0.meta(Appender.formatKey) }
                #expect(stored == Array("1".utf8))
                try journal.store.write { writer in
                    try Array(format.utf8).withUnsafeBytes {
                        try writer.put(meta: $0, for: Appender.formatKey)
                    }
                }
                let error = journalError { _ = try Journal.open(journal.store) }
                #expect(error?.code == code, "\(kind)")
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func sequencesAreDenseOverBatchesAndOpenings(_ kind: StoreKind) throws {
        try kind.withJournal { first in
            var journal = first
            var next: UInt64 = 1
            for round in 0..<30 {
                let count = round % 7
                let drafts = (0..<count).map { Drafts.entry(UInt64($0 % 3) + 1) }
                #expect(try journal.append(drafts) == next..<next + UInt64(count))
                next += UInt64(count)
                if round % 5 == 4 { journal = try Journal.open(journal.store) }
            }
            #expect(journal.head.size == next)
            try journal.checkInvariants()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func timesNeverDecrease(_ kind: StoreKind) throws {
        let clock = ManualClock(100)
        try kind.withJournal(clock: clock) { journal in
            var times: [UInt64] = []
            for reading: UInt64 in [200, 150, 0, 200, 201, 100] {
                clock.set(reading)
                let now = try journal.write { batch in
                    for number in UInt64(1)...2 { try batch.append(Drafts.entry(number)) { _ in } }
                    return batch.now
                }
                times.append(now.rawValue)
            }
            #expect(times == [200, 200, 200, 200, 201, 201])
            let stored = try journal.entries().map(\.header.time.rawValue)
            #expect(stored == [100] + times.flatMap { [$0, $0] })
            // Another opening knows the last time, too.
            clock.set(3)
            try Journal.open(journal.store, clock: clock).append([Drafts.entry(1)])
            #expect(try journal.entries().last?.header.time.rawValue == 201)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func entriesOfAStreamAreCountedAndChained(_ kind: StoreKind) throws {
        try kind.withJournal { journal throws in
            // Streams 1 and 2 take turns, also within one command; 0 is the journal.
            try journal.append([Drafts.entry(1), Drafts.entry(2), Drafts.entry(1)])
            try journal.append([Drafts.entry(0), Drafts.entry(1)])
            let again = try Journal.open(journal.store)
            try again.append([Drafts.entry(2), Drafts.entry(1), Drafts.entry(7)])
            let chain = try again.entries().map { entry in
                [entry.header.stream.rawValue, entry.header.ordinal, entry.header.previous]
            }
            #expect(
                chain == [
                    [0, 0, 0], [1, 0, 0], [2, 0, 0], [1, 1, 1], [0, 1, 0], [1, 2, 3], [2, 1, 2],
                    [1, 3, 5], [7, 0, 0],
                ]
            )
            let ends = try again.store.read { reader throws in
                try [1, 2, 7, 3].map { try reader.historyEnd(of: $0) }
            }
            #expect(ends[0] == HistoryEnd(count: 4, last: 7))
            #expect(ends[1] == HistoryEnd(count: 2, last: 6))
            #expect(ends[2] == HistoryEnd(count: 1, last: 8))
            #expect(ends[3] == nil)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func whatADraftSaysIsInTheEntry(_ kind: StoreKind) throws {
        try kind.withJournal(clock: ManualClock(9)) { journal in
            var draft = Drafts.entry(300, text: "x")
            draft.schema = 2
            draft.session = 3
            draft.correlation = 4
            draft.causation = 5
            var payloads = try SealedPayloads([.text("secret")], limit: 100)
            payloads.setContentTypeNumbers { _ in 2 }
            draft.payloads = payloads
            let row = ExecutionIndexRow(id: "order-1", row: [1, 2, 3], listed: 1)
            let sequence = try journal.write { batch in
                let sequence = try batch.append(draft) { _ in }
                try batch.put(row)
                return sequence
            }
            try journal.store.read { reader throws in
                try reader.withEntry(sequence) { bytes in
                    let view = try EntryView(bytes)
                    var header = EntryHeader()
                    header.sequence = 1
                    header.time = Timestamp(rawValue: 9)
                    header.stream = StreamID(300)
                    header.schema = 2
                    header.session = 3
                    header.correlation = 4
                    header.causation = 5
                    #expect(view.header == header)
                    #expect(try view.commitments() == payloads.commitments)
                    #expect(try ProtoExecutionSubmitted(decoding: view).id == "x")
                }
                let record = try reader.withPayloads(of: sequence) { Array($0) }
                #expect(record == payloads.record)
                #expect(
                    try reader.executionRow("order-1")
                        == ExecutionRowCheck.sealed([1, 2, 3], of: "order-1")
                )
                #expect(try reader.executionRow("order-2") == nil)
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func theEdgeIsThatOfTheTree(_ kind: StoreKind) throws {
        try kind.withJournal { journal throws in
            for count in [1, 100, 153, 1, 1, 300] {
                try journal.append((0..<count).map { Drafts.entry(UInt64($0) + 1) })
                let edge = try Edge(journal)
                let leaves = try journal.entries().map(\.leaf)
                #expect(edge.size == journal.head.size)
                #expect(edge.root == journal.head.root.bytes)
                #expect(edge.commit == (try journal.store.read { $0.commitNumber() } ?? 0))
                let after = leaves[(leaves.count / 256 * 256)...]
                #expect(edge.leaves == after.flatMap { Array($0.bytes[..<4]) })
            }
        }
    }

    /// The record `daybook.v1.TreeEdge` of a journal.
    private struct Edge {
        var size: UInt64 = 0
        var root: [UInt8] = []
        var leaves: [UInt8] = []
        var commit: UInt64 = 0

        init(_ journal: Journal) throws {
            let record = try journal.store.read { try $0.meta(Appender.edgeKey) }
            try #require(record).withUnsafeBytes { bytes in
                var reader = WireReader(bytes)
                while let field = try reader.field() {
                    switch field {
                    case Wire.TreeEdge.size: size = try reader.varint()
                    case Wire.TreeEdge.root: root = Array(try reader.bytes())
                    case Wire.TreeEdge.leaves: leaves = Array(try reader.bytes())
                    case Wire.TreeEdge.commit: commit = try reader.varint()
                    default: Issue.record("field \(field.number) is not of an edge")
                    }
                }
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aBatchWithoutEntriesWritesNothing(_ kind: StoreKind) throws {
        try kind.withJournal { journal throws in
            let before = try journal.store.read { try $0.meta(Appender.edgeKey) }
            #expect(try journal.write { $0.nextSequence } == 1)
            #expect(try journal.append([]) == 1..<1)
            #expect(try journal.store.read { try $0.meta(Appender.edgeKey) } == before)
            #expect(journal.head.size == 1)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aBodyThatThrowsWritesNothing(_ kind: StoreKind) throws {
        struct Refused: Error {}
        try kind.withJournal { journal throws in
            try journal.append([Drafts.entry(1)])
            let before = try journal.entries()
            let head = journal.head
            #expect(throws: Refused.self) {
                try journal.write { batch in
                    for number in UInt64(1)...2 { try batch.append(Drafts.entry(number)) { _ in } }
                    #expect(batch.nextSequence == 4)
                    #expect(try batch.reader.entryCount() == 4)
                    throw Refused()
                }
            }
            #expect(try journal.entries() == before)
            #expect(journal.head == head)
            try journal.append([Drafts.entry(1), Drafts.entry(2)])
            try journal.checkInvariants()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aBodyThatThrowsWhileItSeesAnEntryEndsTheBatch(_ kind: StoreKind) throws {
        struct Refused: Error {}
        try kind.withJournal { journal throws in
            #expect(throws: Refused.self) {
                try journal.write { batch in
                    do {
                        try batch.append(Drafts.entry(1)) { _ in throw Refused() }
                        Issue.record("the error did not come through")
                    } catch is Refused {}
                    #expect(batch.failure is Refused)
                    // Nothing more goes in, and swallowing the error does not help.
                    do {
                        try batch.append(Drafts.entry(2)) { _ in }
                        Issue.record("an entry was taken after a failure")
                    } catch is Refused {}
                }
            }
            #expect(try journal.entries().count == 1)
            try journal.append([Drafts.entry(1)])
            try journal.checkInvariants()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func scanningBeginsAnywhereAndStopsWhenTold(_ kind: StoreKind) throws {
        try kind.withJournal { journal throws in
            try journal.append((1..<10).map { Drafts.entry($0) })
            #expect(try journal.entries(from: 7).map(\.header.sequence) == [7, 8, 9])
            #expect(try journal.entries(from: 10).isEmpty)
            var seen: [UInt64] = []
            try journal.scan(from: 2) { entry in
                seen.append(entry.header.sequence)
                return entry.header.sequence < 4
            }
            #expect(seen == [2, 3, 4])
        }
    }
}
