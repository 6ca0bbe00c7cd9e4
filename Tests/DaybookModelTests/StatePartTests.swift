import DaybookFormat
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// The table of the parts that a state is made of.
@Suite struct StatePartTests {
    @Test func everyEventIsFoldedByExactlyOnePart() {
        for kind in EventKind.allCases {
            let owners = StatePart.all.filter { $0.kinds.contains(kind) }.map(\.name)
            #expect(owners.count == 1, "\(kind.name) is folded by \(owners)")
            let isInHistory = owners == ["executions"] || owners == ["secrets"]
            #expect(kind.isOfExecution == isInHistory, "\(kind.name)")
        }
        let all = StatePart.all.flatMap(\.kinds)
        #expect(Set(all).count == all.count)
    }

    @Test func everyEventOfAnExecutionConcernsOneOfItsParts() {
        for kind in StatePart.executions.kinds where kind != .logRecorded && kind.isOfExecution {
            #expect(ExecutionPart.all.contains { $0.kinds.contains(kind) }, "\(kind.name)")
        }
        for part in ExecutionPart.all {
            #expect(part.kinds.allSatisfy { $0.isOfExecution }, "\(part.name)")
            #expect(Set(part.kinds).count == part.kinds.count, "\(part.name)")
        }
    }

    @Test func partsHaveNamesOfTheirOwn() {
        let names = StatePart.all.map(\.name) + DerivedPart.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(
            StatePart.all.map(\.name) == ["journal", "sessions", "executions", "secrets", "tasks"]
        )
        #expect(DerivedPart.all.map(\.name) == ["queues", "timers", "orphans", "due"])
        let sections = SnapshotSection.all.map(\.name)
        #expect(Set(sections).count == sections.count)
        #expect(
            ExecutionPart.all.map(\.name) == [
                "progress", "lease", "lifecycle", "waits", "cleaning", "mailbox", "store",
                "outputs", "terms", "lineage", "doubts", "pin", "family", "workspace",
            ]
        )
    }

    /// The state of a story in which everything happens, not yet at its end.
    private func storied() throws -> State {
        var harness = try ModelHarness(lossLimit: 2)
        for chapter in DeterminismTests.chapters.dropLast() { try chapter(&harness) }
        let session = try harness.open("ann")
        // What the story's end leaves nothing of.
        var terms = Submit.Terms()
        terms.timeout = .seconds(60)
        try harness.ready("left", terms, by: session)
        let lease = try harness.lease("kept", by: session)
        let value = try harness.sealed([.json(Array("1".utf8))])
        for (position, kind) in [Operation.Kind.storeSet, .output].enumerated() {
            let operation = Operation.op(kind, UInt32(position))
            try harness.run(
                RecordOperation(lease, operation, payloads: value),
                session: session
            )
        }
        try harness.sleep(lease, .op(.sleep, 2), for: .seconds(60), by: session)
        try harness.run(RecordOperation(lease, .op(.onUnfinished, 3, "undo")), session: session)
        try harness.run(
            RecordOutcome(
                lease,
                .op(.checkpoint, 4),
                .success(value, verified: false),
                startedAt: harness.now,
                workspace: WorkspaceTake(number: 1, .unsaved(code: "c"), value)
            ),
            session: session
        )
        try harness.begin("small", of: lease, .op(.child, 5), by: session)
        terms = Submit.Terms()
        terms.isPinned = true
        let pinned = try harness.ready("pinned", terms, by: session)
        let revised = try harness.open("revised", revision: "r1")
        let doubtful = try harness.claim(pinned, by: revised)
        let start = StartOperation(doubtful, .op(.checkpoint, 0), asks: true)
        try harness.run(start, session: revised)
        try harness.doubt(doubtful, [.op(.checkpoint, 0)], by: revised)
        let old = try harness.lease("goes on", by: session)
        try harness.run(ContinueAsNew(old, input: value), session: session)
        return harness.state
    }

    @Test func everySectionComesBackAsItWas() throws {
        let state = try storied()
        var back = State()
        for part in SnapshotSection.all {
            let items = part.items(state)
            #expect(!items.isEmpty, "nothing of \(part.name)")
            #expect(items == items.sorted())
            var item = WireWriter()
            var nested = WireWriter()
            var count = 0
            for number in items {
                item.removeAll()
                part.write(state, number, &item, &nested)
                if item.count > 0 { try part.read(&back, item.bytes) }
                count += item.count
            }
            #expect(count > 0, "nothing of \(part.name) is written")
            #expect(part.items(back) == items)
            // Once more: what is written of what came back is the same.
            for number in items {
                var first = WireWriter()
                var second = WireWriter()
                part.write(state, number, &first, &nested)
                part.write(back, number, &second, &nested)
                #expect(Array(first.bytes) == Array(second.bytes), "\(part.name) \(number)")
            }
        }
    }

    @Test func derivedPartsAreWhatTheyWouldBeIfMadeAnew() throws {
        let state = try storied()
        for part in DerivedPart.all {
            var again = state
            part.rebuild(&again)
            #expect(text(of: again) == text(of: state), "\(part.name)")
        }
    }

    // MARK: Sections of others

    /// A snapshot with its sections changed.
    private func snapshot(_ change: (inout [ProtoSnapshotSection]) -> Void) throws -> [UInt8] {
        var message = try ProtoSnapshot(
            serializedBytes: DaybookModelTests.snapshot(of: storied()).bytes
        )
        change(&message.sections)
        return message.encoded()
    }

    private func refusal(_ bytes: [UInt8]) -> String? {
        #expect(throws: WireError.self) {
            try bytes.withUnsafeBytes { _ = try State(snapshot: $0) }
        }?.reason
    }

    @Test func aSnapshotWithAPartThatIsNotKnownIsOfNoUse() throws {
        let bytes = try snapshot { sections in
            sections.append(
                .with {
                    $0.part = "policies"
                    $0.schema = 1
                }
            )
        }
        #expect(refusal(bytes)?.contains("section policies, which this version does not") == true)
    }

    @Test func aSnapshotOfAnotherVersionOfAPartIsOfNoUse() throws {
        for place in SnapshotSection.all.indices {
            for schema in [UInt32(0), SnapshotSection.all[place].schema + 1] {
                let bytes = try snapshot { $0[place].schema = schema }
                #expect(refusal(bytes)?.contains("has version \(schema)") == true)
            }
        }
    }

    @Test func aSnapshotWithoutAPartIsOfNoUse() throws {
        for place in SnapshotSection.all.indices {
            let bytes = try snapshot { $0.remove(at: place) }
            let name = SnapshotSection.all[place].name
            // Who reads what a part is of an execution wants the execution first.
            let reason =
                name == "executions"
                ? "its section executions.progress has a stranger"
                : "its section \(name) is missing"
            #expect(refusal(bytes)?.hasPrefix(reason) == true, "\(name)")
        }
    }

    @Test func aPartOfAnExecutionThatIsNotOpenIsOfNoUse() throws {
        let strange = ProtoExecutionLease.with {
            $0.execution = 999
            $0.epoch = 1
        }
        let lease = "executions.lease"
        let bytes = try snapshot { sections in
            for place in sections.indices where sections[place].part == lease {
                sections[place].items.append(Data(strange.encoded()))
            }
        }
        #expect(refusal(bytes) == "its section \(lease) has a stranger, 999")
        let nobodys = try snapshot { sections in
            for place in sections.indices where sections[place].part == lease {
                sections[place].items.append(Data())
            }
        }
        #expect(refusal(nobodys) == "it does not say which execution it is about")
    }

    @Test func aPartMayHaveSeveralSections() throws {
        let whole = try storied()
        let bytes = try snapshot { sections in
            sections = sections.flatMap { section -> [ProtoSnapshotSection] in
                guard !section.items.isEmpty else { return [section] }
                return section.items.map { item in
                    .with {
                        $0.part = section.part
                        $0.schema = section.schema
                        $0.items = [item]
                    }
                }
            }
        }
        let back = try bytes.withUnsafeBytes { try State(snapshot: $0) }
        #expect(text(of: back) == text(of: whole))
    }

    /// `ExecutionPart.applyCheckpoint` calls these, in this order, without the table.
    @Test func aCheckpointsSuccessConcernsFiveParts() {
        let parts = ExecutionPart.all.filter { $0.kinds.contains(.checkpointSucceeded) }
        #expect(parts.map(\.name) == ["progress", "lease", "lifecycle", "cleaning", "store"])
    }
}
