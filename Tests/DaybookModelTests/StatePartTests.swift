import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// The table of the parts that a state is made of.
@Suite struct StatePartTests {
    @Test func everyEventIsFoldedByExactlyOnePart() {
        for kind in EventKind.allCases {
            let owners = StatePart.all.filter { $0.kinds.contains(kind) }.map(\.name)
            #expect(owners.count == 1, "\(kind.name) is folded by \(owners)")
            #expect(kind.isOfExecution == (owners == ["executions"]), "\(kind.name)")
        }
        let all = StatePart.all.flatMap(\.kinds)
        #expect(Set(all).count == all.count)
    }

    @Test func partsHaveNamesOfTheirOwn() {
        let names = StatePart.all.map(\.name) + DerivedPart.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(StatePart.all.map(\.name) == ["journal", "sessions", "executions"])
        #expect(DerivedPart.all.map(\.name) == ["queues", "timers"])
    }

    /// The state of a story in which everything happens, not yet at its end.
    private func storied() throws -> State {
        var harness = try ModelHarness(lossLimit: 2)
        for chapter in DeterminismTests.chapters.dropLast() { try chapter(&harness) }
        let session = try harness.open("ann")
        try harness.ready("left", by: session)
        return harness.state
    }

    @Test func everySectionComesBackAsItWas() throws {
        let state = try storied()
        for part in StatePart.all {
            let items = part.items(state)
            #expect(!items.isEmpty, "nothing of \(part.name)")
            #expect(items == items.sorted())
            var back = State()
            var item = WireWriter()
            var nested = WireWriter()
            for number in items {
                item.removeAll()
                part.write(state, number, &item, &nested)
                try part.read(&back, item.bytes)
            }
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
        for place in StatePart.all.indices {
            for schema in [UInt32(0), StatePart.all[place].schema + 1] {
                let bytes = try snapshot { $0[place].schema = schema }
                #expect(refusal(bytes)?.contains("has version \(schema)") == true)
            }
        }
    }

    @Test func aSnapshotWithoutAPartIsOfNoUse() throws {
        for place in StatePart.all.indices {
            let bytes = try snapshot { $0.remove(at: place) }
            let name = StatePart.all[place].name
            #expect(refusal(bytes) == "its section \(name) is missing")
        }
    }

    @Test func aPartMayHaveSeveralSections() throws {
        let whole = try storied()
        let bytes = try snapshot { sections in
            guard let last = sections.last else { return }
            sections.removeLast()
            for item in last.items {
                sections.append(
                    .with {
                        $0.part = last.part
                        $0.schema = last.schema
                        $0.items = [item]
                    }
                )
            }
        }
        let back = try bytes.withUnsafeBytes { try State(snapshot: $0) }
        #expect(text(of: back) == text(of: whole))
    }
}
