import DaybookFormat
import Testing

@testable import DaybookInspector

/// Whether an audit finds parents that were not told of a child that is closed.
@Suite struct FamilyAuditTests {
    private static let (parent, child): (UInt64, UInt64) = (1, 3)

    /// A message with some of its fields.
    private static func made<Value>(_ value: Value, _ fill: (inout Value) -> Void) -> Value {
        var value = value
        fill(&value)
        return value
    }

    /// A parent that has spawned a child which was closed, and was told of that.
    private static let told: [(UInt64, ProtoEntry.OneOf_Event)] = [
        (parent, .executionSubmitted(made(.init()) { $0.id = "parent" })),
        (
            parent,
            .childStarted(
                made(.init()) {
                    $0.child = child
                    $0.spawned = true
                }
            )
        ),
        (
            child,
            .executionSubmitted(
                made(.init()) {
                    $0.id = "child"
                    $0.parent = parent
                }
            )
        ),
        (child, .executionFailed(made(.init()) { $0.closes = true })), (parent, .childEnded(end)),
    ]

    private static let end = made(ProtoChildEnded()) {
        $0.child = child
        $0.spawned = true
    }

    private func problems(_ more: [(UInt64, ProtoEntry.OneOf_Event)]) throws -> [UInt64?] {
        var audit = FamilyAudit()
        for (index, (stream, event)) in (Self.told + more).enumerated() {
            let entry = Self.made(ProtoEntry()) {
                $0.sequence = UInt64(index) + 1
                $0.stream = stream
                $0.event = event
            }
            try entry.encoded().withUnsafeBytes { bytes in
                try audit.follow(EntryView(bytes), at: UInt64(index) + 1)
            }
        }
        var found: [UInt64?] = []
        audit.check { sequence, _ in found.append(sequence) }
        return found
    }

    @Test func aParentThatWasToldIsFine() throws {
        #expect(try problems([]) == [])
        #expect(try problems([(Self.child, .executionReopened(.init()))]) == [])
    }

    /// It was opened again by no entry of its parent.
    @Test func theSecondEndOfAChildIsToBeToldToo() throws {
        let again: [(UInt64, ProtoEntry.OneOf_Event)] = [
            (Self.child, .executionReopened(.init())),
            (Self.child, .executionCompleted(Self.made(.init()) { $0.closes = true })),
        ]
        #expect(try problems(again) == [2])
        #expect(try problems(again + [(Self.parent, .childEnded(Self.end))]) == [])
    }

    /// What was begun by a run that has gone on as another one is nobody's.
    @Test func aRunThatHasGoneOnIsToldNothing() throws {
        let gone: [(UInt64, ProtoEntry.OneOf_Event)] = [
            (Self.child, .executionReopened(.init())),
            (Self.parent, .executionContinued(Self.made(.init()) { $0.closes = true })),
            (Self.child, .executionCancelled(Self.made(.init()) { $0.closes = true })),
        ]
        #expect(try problems(gone) == [])
    }
}
