import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookTestKit
import FoundationEssentials
import LMDB
import Testing

@testable import Daybook

/// A journal whose entries are decided one by one.
struct Desk {
    let journal: Journal
    private(set) var state = State()

    init(_ store: LMDBStore, _ clock: ManualClock) throws {
        journal = try Journal.open(store, clock: clock)
        var state = State()
        try journal.scan { entry in
            try state.apply(committed: entry)
            return true
        }
        self.state = state
    }

    @discardableResult
    mutating func run<C: Command>(_ command: C, by session: UInt64) throws -> C.Answer {
        var answer: C.Answer?
        let before = state
        state = try journal.write { batch in
            var tx = DaybookModel.Transaction(before, JournalLedger(batch), session: session)
            answer = try tx.carryOut(command)
            return tx.finish()
        }
        state.commit()
        return try #require(answer)
    }

    mutating func open(_ number: UInt8) throws -> UInt64 {
        var facts = ProtoSessionOpened()
        facts.uuid = Data(repeating: number, count: 16)
        facts.actor = "tester"
        facts.host = "host"
        facts.program = "tests"
        return try run(OpenSession(facts), by: 0)
    }
}
