import DaybookFormat
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct StateApplyTests {
    /// How an entry comes in.
    enum Way: CaseIterable {
        case committed
        case pending

        func apply(_ bytes: [UInt8], to state: inout State) throws {
            try withEntry(bytes) { entry in
                switch self {
                case .committed: try state.apply(committed: entry)
                case .pending:
                    state.begin()
                    _ = try state.apply(pending: entry)
                }
            }
        }
    }

    /// An entry of the given harness's next sequence.
    private func entry(
        _ event: ProtoEntry.OneOf_Event,
        of execution: UInt64,
        in harness: ModelHarness,
        schema: UInt32 = 0
    ) -> [UInt8] {
        var header = EntryHeader()
        header.sequence = harness.next
        header.time = harness.now
        header.stream = StreamID(execution)
        if execution == 0 {
            header.ordinal = harness.state.journal.entries
            header.previous = harness.state.journal.last
        }
        if let state = harness.state.execution(execution) {
            header.ordinal = state.entries
            header.previous = state.last
        }
        header.schema = schema
        return encode(header, event: event.encoded())
    }

    // MARK: Unknown

    @Test(arguments: Way.allCases, [UInt32(0), 27, 61, 99, 4_000])
    func anEventThatIsNotKnownIsSaidToBe(_ way: Way, _ event: UInt32) throws {
        let harness = try ModelHarness()
        var writer = WireWriter()
        let field = WireField(event, .lengthDelimited)
        if event > 0 { [UInt8(1)].withUnsafeBytes { writer.bytes($0, field) } }
        var header = EntryHeader()
        header.sequence = harness.next
        let bytes = encode(header, event: Array(writer.bytes))
        var state = harness.state
        let before = text(of: state)
        let error = #expect(throws: UnknownEvent.self) { try way.apply(bytes, to: &state) }
        #expect(error == UnknownEvent(sequence: 1, event: event, schema: 0))
        let message = try #require(error).description
        for part in ["entry 1", "number \(event), schema 0", "newer version", "use that version"] {
            #expect(message.contains(part))
        }
        #expect(text(of: state) == before)
    }

    @Test(arguments: Way.allCases, [UInt32(0), 1, 2, 9, .max])
    func aNewerMeaningOfAKnownEventIsNotGuessedAt(_ way: Way, _ schema: UInt32) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        let event = ProtoEntry.OneOf_Event.executionClaimed(.with { $0.epoch = 1 })
        let bytes = entry(event, of: number, in: harness, schema: schema)
        var state = harness.state
        let before = text(of: state)
        if schema <= 1 {
            try way.apply(bytes, to: &state)
            #expect(state.execution(number)?.status == .running)
        } else {
            let error = #expect(throws: UnknownEvent.self) { try way.apply(bytes, to: &state) }
            #expect(error == UnknownEvent(sequence: harness.next, event: 34, schema: schema))
            #expect(text(of: state) == before)
        }
    }

    /// Events with a number of an enumeration that no version has yet, and what the number is of.
    private static let newer: [(ProtoEntry.OneOf_Event, String)] = {
        let operation = ProtoOperation.with { $0.kind = .UNRECOGNIZED(99) }
        let error = ProtoError.with { $0.kind = .UNRECOGNIZED(99) }
        let divergence = ProtoDivergence.with { $0.cause = .UNRECOGNIZED(99) }
        let ofOperation: [ProtoEntry.OneOf_Event] = [
            .operationStarted(.with { $0.operation = operation }),
            .checkpointSucceeded(.with { $0.operation = operation }),
            .checkpointFailed(.with { $0.operation = operation }),
            .logRecorded(.with { $0.operation = operation }),
            .timerStarted(.with { $0.operation = operation }),
            .timerFired(.with { $0.operation = operation }),
            .signalAwaited(.with { $0.operation = operation }),
            .signalDelivered(.with { $0.operation = operation }),
            .branchesStarted(.with { $0.operation = operation }),
            .branchSettled(.with { $0.operation = operation }),
            .operationRecorded(.with { $0.operation = operation }),
            .operationRetried(.with { $0.operation = operation }),
            .executionParked(.with { $0.divergence.recorded = operation }),
            .executionParked(.with { $0.divergence.attempted = operation }),
            .executionParked(.with { $0.doubts = [.with { $0.operation = operation }] }),
            .operationResolved(.with { $0.operation = operation }),
        ]
        let ofError: [ProtoEntry.OneOf_Event] = [
            .checkpointFailed(.with { $0.error = error }),
            .operationRetried(.with { $0.error = error }),
            .operationResolved(.with { $0.error = error }),
            .attemptFailed(.with { $0.error = error }),
            .executionFailed(.with { $0.error = error }),
            .executionTimedOut(.with { $0.error = error }),
            .executionCancelled(.with { $0.error = error }),
            .executionExpired(.with { $0.error = error }),
        ]
        return ofOperation.map { ($0, "kind of operation") } + ofError.map { ($0, "kind of error") }
            + [
                (.executionParked(.with { $0.reason = .UNRECOGNIZED(99) }), "reason to park"),
                (.executionParked(.with { $0.divergence = divergence }), "cause of a divergence"),
                (
                    .operationResolved(.with { $0.verdict = .UNRECOGNIZED(99) }),
                    "verdict on an operation"
                ),
                (.commandRefused(.with { $0.reason = .UNRECOGNIZED(99) }), "reason to refuse"),
            ]
    }()

    @Test(arguments: Way.allCases)
    func aNumberThatIsNotKnownInsideAnEventIsNotGuessedAt(_ way: Way) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        for (event, what) in Self.newer {
            let bytes = entry(event, of: lease.execution, in: harness)
            var state = harness.state
            let before = text(of: state)
            let error = #expect(throws: UnknownEvent.self) { try way.apply(bytes, to: &state) }
            #expect(error?.sequence == harness.next)
            #expect(error?.value == UnknownValue(what: what, number: 99))
            let message = try #require(error).description
            for part in ["entry \(harness.next)", "the \(what) 99", "newer version"] {
                #expect(message.contains(part))
            }
            #expect(text(of: state) == before)
            // The fold of the one history, and the replay of it, do not guess either.
            var execution = try #require(harness.state.execution(lease.execution))
            #expect(throws: UnknownEvent.self) { try withEntry(bytes) { try execution.apply($0) } }
            var replay = Replay()
            #expect(throws: UnknownEvent.self) {
                try withEntry(bytes) { try replay.take($0) { [] } }
            }
        }
    }

    // MARK: Inconsistent

    private func expectInconsistent(
        _ way: Way,
        _ bytes: [UInt8],
        _ harness: ModelHarness,
        says parts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var state = harness.state
        let error = #expect(throws: InconsistentEntry.self, sourceLocation: sourceLocation) {
            try way.apply(bytes, to: &state)
        }
        guard let error else { return }
        #expect(error.sequence == harness.next, sourceLocation: sourceLocation)
        #expect(
            error.description.hasPrefix("entry \(harness.next): "),
            sourceLocation: sourceLocation
        )
        for part in parts {
            #expect(error.reason.contains(part), sourceLocation: sourceLocation)
        }
    }

    /// Events of an execution's history after its first.
    private static let later: [ProtoEntry.OneOf_Event] = [
        .executionReadied(.init()), .executionClaimed(.with { $0.epoch = 1 }),
        .executionCompleted(.init()), .executionFailed(.init()), .executionParked(.init()),
        .leaseLost(.init()), .leaseReleased(.init()), .commandRefused(.init()),
        .operationStarted(.init()), .checkpointSucceeded(.init()), .checkpointFailed(.init()),
        .logRecorded(.init()), .workspaceSaved(.with { $0.take = 1 }),
        .workspaceUnsaved(.with { $0.take = 1 }),
    ]

    @Test(arguments: Way.allCases)
    func anEntryAboutAnExecutionThatIsNotOpenIsInconsistent(_ way: Way) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let closed = try harness.lease("a", by: session)
        try harness.complete(closed, by: session)
        for event in Self.later {
            for number in [closed.execution, 9_999] {
                expectInconsistent(
                    way,
                    entry(event, of: number, in: harness),
                    harness,
                    says: "the execution \(number)",
                    "is not open"
                )
            }
        }
    }

    @Test func anEntryAboutAnExecutionThatTheBatchClosedIsInconsistent() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        harness.begin()
        try harness.complete(lease, by: session)
        for event in Self.later {
            expectInconsistent(
                .pending,
                entry(event, of: lease.execution, in: harness),
                harness,
                says: "is not open"
            )
        }
    }

    @Test(arguments: Way.allCases)
    func aSubmissionUnderAForeignNumberIsInconsistent(_ way: Way) throws {
        let harness = try ModelHarness()
        let submitted = ProtoEntry.OneOf_Event.executionSubmitted(.with { $0.id = "a" })
        for number in [harness.next - 1, harness.next + 1].filter({ $0 != 0 }) {
            expectInconsistent(
                way,
                entry(submitted, of: number, in: harness),
                harness,
                says: "submits the execution \(number)",
                "not its own sequence"
            )
        }
    }

    @Test func anEventInTheWrongHistoryIsInconsistent() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        let journal: [ProtoEntry.OneOf_Event] = [
            .journalCreated(.init()), .sessionOpened(.init()), .sessionClosed(.init()),
            .sessionLost(.init()), .contentTypeInterned(.init()), .journalAdopted(.init()),
            .journalRestored(.init()), .journalRewritten(.init()), .archiveSealed(.init()),
            .archiveDropped(.init()),
        ]
        for event in journal {
            expectInconsistent(
                .committed,
                entry(event, of: number, in: harness),
                harness,
                says: "does not belong into an execution's history"
            )
        }
        let executions: [ProtoEntry.OneOf_Event] = [.executionSubmitted(.init())] + Self.later
        for event in executions {
            guard case .commandRefused = event else {
                expectInconsistent(
                    .committed,
                    entry(event, of: 0, in: harness),
                    harness,
                    says: "belongs into an execution's history"
                )
                continue
            }
            // A refusal may be about the journal as a whole.
            var state = harness.state
            try Way.committed.apply(entry(event, of: 0, in: harness), to: &state)
            #expect(state.next == harness.next + 1)
        }
    }

    @Test(arguments: Way.allCases)
    func damagedEventsAreInconsistent(_ way: Way) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        let state = try harness.execution(number)
        var header = EntryHeader()
        header.sequence = harness.next
        // Field 1 as a varint that does not end, in events whose fields are read.
        let damaged: [(UInt32, UInt64)] = [
            (17, harness.next), (20, 0), (32, harness.next), (34, number), (38, number),
            (39, number), (40, number), (65, number), (66, number),
        ]
        for (event, execution) in damaged {
            header.stream = StreamID(execution)
            let place: (count: UInt64, last: UInt64) =
                switch execution {
                case 0: (harness.state.journal.entries, harness.state.journal.last)
                case number: (state.entries, state.last)
                default: (0, 0)
                }
            header.ordinal = place.count
            header.previous = place.last
            var writer = WireWriter()
            [UInt8(0x08), 0x80].withUnsafeBytes {
                writer.bytes($0, WireField(event, .lengthDelimited))
            }
            let bytes = encode(header, event: Array(writer.bytes))
            if way == .pending {
                // Only entries of our own are pending: it need not be said how they are wrong.
                var state = harness.state
                #expect(throws: (any Error).self) { try way.apply(bytes, to: &state) }
            } else {
                expectInconsistent(way, bytes, harness)
            }
        }
    }

    @Test(arguments: Way.allCases)
    func anEventOfASessionBelongsIntoItsStream(_ way: Way) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let other = try harness.open("other")
        try harness.run(CloseSession(), session: other)
        let ends: [ProtoEntry.OneOf_Event] = [.sessionClosed(.init()), .sessionLost(.init())]
        let uuid = ProtoSessionOpened.with { $0.uuid = Data(Array(repeating: 3, count: 16)) }
        for event in ends {
            for stream in [other, 9_999] {
                expectInconsistent(
                    way,
                    entry(event, of: stream, in: harness),
                    harness,
                    says: "the session \(stream)",
                    "is not open"
                )
            }
            // One was left out before it, or this is not its place.
            for (ordinal, previous) in [(UInt64(0), session), (2, session), (1, session + 1)] {
                var header = EntryHeader()
                header.sequence = harness.next
                header.stream = .session(session)
                header.ordinal = ordinal
                header.previous = previous
                expectInconsistent(
                    way,
                    encode(header, event: event.encoded()),
                    harness,
                    says: "it says that it is number \(ordinal) of its stream"
                )
            }
        }
        for stream in [0, session] {
            expectInconsistent(
                way,
                entry(.sessionOpened(uuid), of: stream, in: harness),
                harness,
                says: "opens the session \(stream)",
                "not its own sequence"
            )
        }
    }

    @Test(arguments: Way.allCases)
    func anEntryAboutTheJournalBelongsIntoItsStreamInOrder(_ way: Way) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let event = ProtoEntry.OneOf_Event.contentTypeInterned(.with { $0.contentType = "x/y" })
        expectInconsistent(
            way,
            entry(event, of: session, in: harness),
            harness,
            says: "belongs into the journal's own history"
        )
        var header = EntryHeader()
        header.sequence = harness.next
        for (ordinal, previous) in [(UInt64(0), UInt64(0)), (2, 0), (1, 1)] {
            header.ordinal = ordinal
            header.previous = previous
            expectInconsistent(
                way,
                encode(header, event: event.encoded()),
                harness,
                says: "it says that it is number \(ordinal) of its stream"
            )
        }
        header.ordinal = 1
        header.previous = 0
        var state = harness.state
        try way.apply(encode(header, event: event.encoded()), to: &state)
        #expect(state.journal.contentTypes.last == "x/y")
    }

    /// Nobody can leave an entry out of a history, or write one into it twice, unnoticed.
    @Test(arguments: Way.allCases, [(UInt64(1), Int64(0)), (3, 0), (2, -1), (2, 1)])
    func anEntryOutOfTheOrderOfItsExecutionIsInconsistent(
        _ way: Way,
        _ place: (ordinal: UInt64, shift: Int64)
    ) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        let last = try harness.execution(number).last
        var header = EntryHeader()
        header.sequence = harness.next
        header.time = harness.now
        header.stream = StreamID(number)
        header.ordinal = place.ordinal
        header.previous = UInt64(Int64(last) + place.shift)
        let event = ProtoEntry.OneOf_Event.executionClaimed(.with { $0.epoch = 1 })
        expectInconsistent(
            way,
            encode(header, event: event.encoded()),
            harness,
            says: "it says that it is number \(place.ordinal) of its stream"
        )
    }

    /// Nor can it be claimed that something came before a history's first entry.
    @Test(arguments: Way.allCases, [(UInt64(1), UInt64(0)), (0, 1), (7, 1), (.max, .max)])
    func theFirstEntryOfAnExecutionFollowsNoOther(
        _ way: Way,
        _ place: (ordinal: UInt64, previous: UInt64)
    ) throws {
        var harness = try ModelHarness()
        _ = try harness.open()
        var header = EntryHeader()
        header.sequence = harness.next
        header.time = harness.now
        header.stream = StreamID(harness.next)
        let event = ProtoEntry.OneOf_Event.executionSubmitted(
            .with {
                $0.id = "a"
                $0.type = "copy"
            }
        ).encoded()
        var state = harness.state
        try way.apply(encode(header, event: event), to: &state)
        #expect(state.execution(harness.next)?.entries == 1)
        header.ordinal = place.ordinal
        header.previous = place.previous
        let bytes = encode(header, event: event)
        expectInconsistent(
            way,
            bytes,
            harness,
            says: "it says that it is number \(place.ordinal) of its stream"
        )
        #expect(throws: WireError.self) {
            try withEntry(bytes) { try ExecutionState(first: $0) }
        }
    }
}
