import DaybookFormat
import Testing

@testable import DaybookJournal

/// What shows only with many entries or executions.
@Suite struct JournalScaleTests {
    @Test(arguments: StoreKind.allCases)
    func seventyThousandEntriesMakeTheTilesOfTheSpecification(_ kind: StoreKind) throws {
        try kind.withJournal(clock: ManualClock(1)) { journal in
            // Half of them in one batch, so that a batch fills many tiles.
            let draft = Drafts.entry(0)
            try journal.append(Array(repeating: draft, count: 34_999))
            for _ in 0..<5 { try journal.append(Array(repeating: draft, count: 7_000)) }
            #expect(journal.head.size == 70_000)
            // More than one step of a scan.
            var leaves: [TreeHash] = []
            try journal.scan { entry in
                leaves.append(.leaf(entry.bytes))
                return true
            }
            #expect(leaves.count == 70_000)
            let root = ReferenceTree(leaves).root(70_000)
            #expect(journal.head.root == root)
            #expect(try Journal.open(journal.store).head == journal.head)
            try journal.store.read { reader throws in
                #expect(try reader.tileCount() == 274)
                #expect(try reader.tile(level: 0, index: 272) == Array(leaves[69_632..<69_888]))
                #expect(try reader.tile(level: 0, index: 273) == nil)
                #expect(try reader.tile(level: 1, index: 0)?.count == 256)
                #expect(try reader.tile(level: 1, index: 1) == nil)
            }
        }
    }

    @Test func moreExecutionsThanTheCacheHoldsAreChained() throws {
        try StoreKind.memory.withJournal { journal throws in
            // As many ends of streams are known as there is room for, the journal's own among them.
            try journal.append((1..<65_536).map { Drafts.entry($0) })
            try journal.append([3, 70_000, 70_001, 3].map { Drafts.entry($0) })
            let chain = try journal.entries(from: 65_536).map { entry in
                [entry.header.stream.rawValue, entry.header.ordinal, entry.header.previous]
            }
            do {
                #expect(chain == [[3, 1, 3], [70_000, 0, 0], [70_001, 0, 0], [3, 2, 65_536]])
            }
        }
    }
}
