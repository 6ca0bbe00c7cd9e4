import DaybookFormat
import Testing

@testable import DaybookModel

@Suite struct StartOperationTests {
    @Test func aStartIsRecordedAndCountsForNothing() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let operation = Operation(
            scope: [],
            position: 0,
            kind: .checkpoint,
            name: "pay",
            inputDigest: Array(0..<16)
        )
        let sequence = try harness.run(StartOperation(lease, operation), session: session)
        #expect(sequence == harness.next - 1)
        let entry = try harness.entry(sequence)
        #expect(entry.stream == lease.execution)
        #expect(entry.operationStarted.epoch == lease.epoch)
        #expect(try Operation(entry.operationStarted.operation) == operation)
        #expect(entry.commitments.isEmpty)
        #expect(try harness.execution(lease.execution).progress.next(in: []) == 0)
    }

    @Test func anOperationMayBeStartedAgainAfterACrash() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let first = try harness.lease("a", by: session)
        try harness.run(StartOperation(first, .step(0)), session: session)
        try harness.run(Release(first), session: session)
        let second = try harness.claim(first.execution, by: session)
        try harness.run(StartOperation(second, .step(0)), session: session)
        try harness.succeed(second, .step(0), by: session)
        #expect(try harness.execution(first.execution).progress.next(in: []) == 1)
    }

    @Test func aStartedOperationDoesNotResetTheLosses() throws {
        var harness = try ModelHarness()
        let dying = try harness.open("dying")
        let session = try harness.open()
        let first = try harness.lease("a", by: dying)
        try harness.lose(dying, by: session)
        let second = try harness.claim(first.execution, by: session)
        try harness.run(StartOperation(second, .step(0)), session: session)
        #expect(try harness.execution(first.execution).losses == 1)
    }

    @Test(arguments: [UInt32(0), 2, 3, .max])
    func onlyTheNextOfAScopeCanBeStarted(_ position: UInt32) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.succeed(lease, .step(0), by: session)
        let refusal = #expect(throws: Refusal.self) {
            try harness.run(StartOperation(lease, .step(position, name: "pay")), session: session)
        }
        expect(
            refusal,
            .conflict,
            says: "the operation pay is number \(position) of its scope in a",
            "number 1 is the next",
            "in order"
        )
        #expect(harness.drafts.isEmpty)
        try harness.run(StartOperation(lease, .step(1)), session: session)
    }

    @Test(arguments: ["", "a\tb", String(repeating: "n", count: 256)])
    func aBadNameIsRefused(_ name: String) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let operation = Operation.step(0, name: Name(name))
        let started = #expect(throws: Refusal.self) {
            try harness.run(StartOperation(lease, operation), session: session)
        }
        expect(started, .invalidArgument, says: "name of an operation")
        let recorded = #expect(throws: Refusal.self) {
            try harness.succeed(lease, operation, by: session)
        }
        expect(recorded, .invalidArgument, says: "name of an operation")
        #expect(harness.drafts.isEmpty)
    }
}
