import DaybookFormat
import DaybookSystem
import DaybookTestKit
import DaybookTesting
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import Daybook
@testable import DaybookJournal
@testable import DaybookModel
@testable import LMDB

/// What wiping secrets whose time is over asks of the journal, and what it makes of what that answers.
@Suite struct ExpiryLedgerTests {
    private static let lifetime = Duration.seconds(3_600)

    /// Two executions that were cancelled, with a secret each, whose time is over.
    private struct Bench {
        let store = ScannedStore(MemoryStore())
        private let clock = ManualClock()
        let journal: Journal
        private(set) var state = State()
        private var session: UInt64 = 0
        let numbers: [UInt64]

        init() throws {
            let created = ProtoEntry.OneOf_Event.journalCreated(
                .with {
                    $0.uuid = Data(repeating: 1, count: 16)
                    $0.origin = "example.com/expiry"
                    $0.format = UInt32(Journal.format)
                    $0.settings.submissionLifetime = ExpiryLedgerTests.lifetime.wholeNanoseconds
                    $0.settings.secretLifetime = ExpiryLedgerTests.lifetime.wholeNanoseconds
                    $0.contentTypes = ContentTypes.initial
                }
            )
            journal = try Journal.create(in: store, event: created.encoded(), clock: clock)
            var state = State()
            try journal.scan { entry in
                try state.apply(committed: entry)
                return true
            }
            var session: UInt64 = 0
            let facts = ProtoSessionOpened.with {
                $0.uuid = Data(repeating: 2, count: 16)
                $0.actor = "tester"
                $0.program = "test"
                $0.pid = 2
            }
            session = try Self.run(OpenSession(facts), by: 0, &state, journal)
            var numbers: [UInt64] = []
            for slot in UInt32(0)..<2 {
                let input = Payload([1], contentType: ContentTypes.json)
                let bytes = [UInt8](repeating: 3, count: 40)
                let sealed = Payload(bytes, contentType: ContentTypes.bytes)
                let key = SealedSecrets.Key(
                    name: "TOKEN",
                    slot: slot,
                    id: [UInt8](repeating: UInt8(slot) + 1, count: 16)
                )
                let submit = Submit(
                    id: Name("e-\(slot)"),
                    type: "copy",
                    input: input.data,
                    payloads: try SealedPayloads([input], limit: 1 << 16),
                    secrets: SealedSecrets([key], try SealedPayloads([sealed], limit: 1 << 16))
                )
                numbers.append(try Self.run(submit, by: session, &state, journal).number)
                let cancel = Cancel(Intervention(id: Name("e-\(slot)")))
                _ = try Self.run(cancel, by: session, &state, journal)
            }
            self.numbers = numbers
            (self.state, self.session) = (state, session)
            clock.pass(ExpiryLedgerTests.lifetime)
        }

        private static func run<C: DaybookModel.Command>(
            _ command: C,
            by session: UInt64,
            _ state: inout State,
            _ journal: Journal
        ) throws -> C.Answer {
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

        mutating func expire() throws -> Int {
            try Self.run(ExpireSecrets(), by: session, &state, journal)
        }
    }

    @Test func aHistoryIsFoldedOnce() throws {
        var bench = try Bench()
        bench.store.forget()
        #expect(try bench.expire() == 2)
        #expect(bench.state.secrets.isEmpty)
        for number in bench.numbers { #expect(bench.store.scans[number] == 1) }
    }

    /// A cursor for which there is no memory, a journal that is closed: a restore mends none of that.
    static let troubles: [any Error & Sendable] = [
        LMDBError(.closed, "mdb_txn_begin", path: "j"),
        LMDBError(.badTransaction, "mdb_get", path: "j"),
        LMDBError(LMDBError.Code(rawValue: 12), "mdb_cursor_open", path: "j"),
        SystemError(number: 5, operation: "read"),
        JournalError(.closed, "it is closed"),
        JournalError(.newerVersion, "it is newer"),
        WireError.newer("kind of operation", 99),
        CancellationError(),
    ]

    @Test(arguments: troubles.indices)
    func whatIsNotSaidOfBytesIsNoDamage(_ index: Int) throws {
        var bench = try Bench()
        bench.store.fail(bench.numbers[0], with: Self.troubles[index])
        #expect(throws: (any Error).self) { try bench.expire() }
        bench.store.fail(bench.numbers[0], with: nil)
        #expect(try bench.expire() == 2)
        #expect(bench.state.secrets.isEmpty)
    }

    static let damages: [any Error & Sendable] = [
        WireError("it ends in the middle"),
        InconsistentEntry(sequence: 1, reason: "it is not open"),
        JournalError(.integrity, "a page is damaged"),
    ]

    @Test(arguments: damages.indices)
    func whatContradictsIsDamageOfThatOneAlone(_ index: Int) throws {
        var bench = try Bench()
        bench.store.fail(bench.numbers[0], with: Self.damages[index])
        #expect(try bench.expire() == 2)
        #expect(bench.state.secrets.numbers == [bench.numbers[0]])
        #expect(Array(bench.state.secrets.left.keys) == [bench.numbers[0]])
    }
}

/// A store that counts, by stream, how often a write reads the history, and can fail there.
private final class ScannedStore: JournalStore {
    private struct Notes: Sendable {
        var scans: [UInt64: Int] = [:]
        var failures: [UInt64: any Error & Sendable] = [:]
    }

    private let store: MemoryStore
    private let notes = Locked(Notes())

    init(_ store: MemoryStore) { self.store = store }

    var scans: [UInt64: Int] { notes.withLock { $0.scans } }
    var location: String { store.location }

    func forget() { notes.withLock { $0.scans = [:] } }

    func fail(_ stream: UInt64, with error: (any Error & Sendable)?) {
        notes.withLock { $0.failures[stream] = error }
    }

    func scan(_ stream: UInt64) throws {
        let failure = notes.withLock { notes in
            notes.scans[stream, default: 0] += 1
            return notes.failures[stream]
        }
        if let failure { throw failure }
    }

    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        try store.read(body)
    }

    func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        try store.write { try body(ScannedWriter(owner: self, writer: $0)) }
    }

    func reopen() throws { try store.reopen() }
    func close() { store.close() }
}

private struct ScannedReader: ForwardingReader {
    let owner: ScannedStore
    let reader: any StoreReader

    func scanHistory(
        of stream: UInt64,
        from sequence: UInt64,
        _ body: (UInt64) throws -> Bool
    ) throws {
        try owner.scan(stream)
        try reader.scanHistory(of: stream, from: sequence, body)
    }
}

private struct ScannedWriter: StoreWriter {
    let owner: ScannedStore
    let writer: any StoreWriter

    var reader: any StoreReader { ScannedReader(owner: owner, reader: writer.reader) }

    func append(entry: UnsafeRawBufferPointer, at sequence: UInt64) throws {
        try writer.append(entry: entry, at: sequence)
    }

    func put(payloads: UnsafeRawBufferPointer, of sequence: UInt64) throws {
        try writer.put(payloads: payloads, of: sequence)
    }

    func append(toHistoryOf stream: UInt64, _ sequence: UInt64) throws {
        try writer.append(toHistoryOf: stream, sequence)
    }

    func put(executionRow: UnsafeRawBufferPointer, for id: String) throws {
        try writer.put(executionRow: executionRow, for: id)
    }

    func put(_ number: UInt64, onList list: [UInt8]) throws {
        try writer.put(number, onList: list)
    }

    func remove(_ number: UInt64, fromList list: [UInt8]) throws {
        try writer.remove(number, fromList: list)
    }

    func put(position: UInt64, of name: String) throws {
        try writer.put(position: position, of: name)
    }

    func removePosition(_ name: String) throws { try writer.removePosition(name) }

    func put(tile: UnsafeRawBufferPointer, level: UInt8, index: UInt64) throws {
        try writer.put(tile: tile, level: level, index: index)
    }

    func put(meta: UnsafeRawBufferPointer, for key: String) throws {
        try writer.put(meta: meta, for: key)
    }
}
