import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// The fold of one execution's history.
@Suite struct ExecutionStateTests {
    private func fold(_ number: UInt64, _ harness: ModelHarness) throws -> ExecutionState {
        var state: ExecutionState?
        for bytes in harness.entries {
            try withEntry(bytes) { entry in
                guard entry.header.stream.rawValue == number else { return }
                if state == nil {
                    state = try ExecutionState(first: entry)
                } else {
                    try state?.apply(entry)
                }
            }
        }
        return try #require(state)
    }

    @Test func itAgreesWithTheFoldOfTheJournalAtEveryStep() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let dying = try harness.open("dying")
        let number = try harness.submit("a", by: session).number
        func check(sourceLocation: SourceLocation = #_sourceLocation) throws {
            // Others write in between.
            let expected = text(of: try harness.execution(number))
            let found = text(of: try fold(number, harness))
            #expect(found == expected, sourceLocation: sourceLocation)
        }
        try check()
        try harness.run(Execute(id: "a"), session: session)
        try check()
        let first = try harness.claim(number, by: dying)
        _ = try harness.lease("b", by: session)
        try check()
        try harness.run(StartOperation(first, .step(0)), session: dying)
        try harness.succeed(first, .step(0), by: dying)
        try harness.succeed(first, .step(0, in: [1, 2]), by: dying)
        try check()
        try harness.lose(dying, by: session)
        try check()
        #expect(throws: Refusal.self) { try harness.complete(first, by: dying) }
        try check()
        let second = try harness.claim(number, by: session)
        try harness.run(Release(second), session: session)
        try check()
        try harness.park(try harness.claim(number, by: session), by: session)
        try check()
    }

    @Test func itGoesOnToTheEnd() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let completed = try harness.lease("a", by: session)
        try harness.complete(completed, by: session)
        let failed = try harness.lease("b", by: session)
        try harness.fail(failed, by: session)
        for (lease, status) in [(completed, ExecutionStatus.completed), (failed, .failed)] {
            let state = try fold(lease.execution, harness)
            #expect(state.status == status)
            #expect(state.session == nil)
            let summary = try harness.summary(lease.id)
            #expect(state.status.proto == summary.status)
            #expect(state.last == summary.last)
            #expect(state.entries == summary.entries)
            #expect(state.startedAt.rawValue == summary.startedAt)
            #expect(state.submittedAt.rawValue == summary.submittedAt)
            #expect(state.attempt == summary.attempts)
        }
    }

    @Test func aHistoryBeginsWithASubmission() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        for sequence in [0, session, number + 1] {
            let error = #expect(throws: WireError.self) {
                try withEntry(harness.bytes(sequence)) { _ = try ExecutionState(first: $0) }
            }
            #expect(error?.reason == "a history begins with execution_submitted")
        }
        let state = try withEntry(harness.bytes(number)) { try ExecutionState(first: $0) }
        #expect(state.number == number)
        #expect(state.entries == 1)
    }

    @Test func whatIsNotOfAnExecutionIsRefused() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.submit("a", by: session).number
        var state = try harness.execution(number)
        var header = EntryHeader()
        header.sequence = harness.next
        header.ordinal = state.entries
        header.previous = state.last
        let foreign = encode(
            header,
            event: ProtoEntry.OneOf_Event.sessionOpened(.init()).encoded()
        )
        let error = #expect(throws: WireError.self) {
            try withEntry(foreign) { try state.apply($0) }
        }
        #expect(error?.reason == "session_opened does not belong into an execution's history")
    }

    /// An entry whose meaning is not known must not be guessed at, the first no more than others.
    @Test(arguments: [false, true])
    func aNewerMeaningIsSaidToBe(isFirst: Bool) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.submit("a", by: session).number
        var header = EntryHeader()
        header.sequence = number
        header.stream = StreamID(number)
        header.schema = 2
        if isFirst {
            let event = ProtoEntry.OneOf_Event.executionSubmitted(.with { $0.id = "a" })
            let bytes = encode(header, event: event.encoded())
            #expect(throws: UnknownEvent.self) {
                try withEntry(bytes) { _ = try ExecutionState(first: $0) }
            }
        } else {
            let event = ProtoEntry.OneOf_Event.executionReadied(.init())
            let bytes = encode(header, event: event.encoded())
            var state = try harness.execution(number)
            #expect(throws: UnknownEvent.self) { try withEntry(bytes) { try state.apply($0) } }
        }
    }
}
