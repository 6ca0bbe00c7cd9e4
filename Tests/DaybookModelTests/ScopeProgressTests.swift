import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct ScopeProgressTests {
    private func record(_ operation: [UInt8], in progress: inout ScopeProgress) throws {
        var event = WireWriter()
        operation.withUnsafeBytes { event.bytes($0, Wire.CheckpointSucceeded.operation) }
        event.varint(3, Wire.CheckpointSucceeded.epoch)
        var wrapped = WireWriter()
        wrapped.bytes(event.bytes, EventKind.checkpointSucceeded.field)
        let bytes = encode(EntryHeader(), event: Array(wrapped.bytes))
        try withEntry(bytes) { try progress.record($0) }
    }

    private func record(_ operation: Operation, in progress: inout ScopeProgress) throws {
        try record(operation.proto.encoded(), in: &progress)
    }

    @Test func nothingIsRecordedAtFirst() {
        let progress = ScopeProgress()
        #expect(progress.next(in: []) == 0)
        #expect(progress.next(in: [0]) == 0)
        #expect(progress.next(in: [1, 2, 3]) == 0)
    }

    @Test func theNextPositionIsOneAfterTheLast() throws {
        var progress = ScopeProgress()
        for position in UInt32(0)..<300 {
            try record(.step(position), in: &progress)
            #expect(progress.next(in: []) == position + 1)
        }
    }

    @Test func scopesAreApart() throws {
        var progress = ScopeProgress()
        try record(.step(4, in: [0, 1]), in: &progress)
        try record(.step(0, in: [0, 1, 2, 3]), in: &progress)
        try record(.step(9), in: &progress)
        try record(.step(1_000_000, in: [.max, 128]), in: &progress)
        #expect(progress.next(in: [0, 1]) == 5)
        #expect(progress.next(in: [0, 1, 2, 3]) == 1)
        #expect(progress.next(in: []) == 10)
        #expect(progress.next(in: [.max, 128]) == 1_000_001)
        #expect(progress.next(in: [0]) == 0)
        #expect(progress.next(in: [1, 0]) == 0)
        #expect(progress.next(in: [0, 1, 2]) == 0)
    }

    @Test func theFirstPositionIsNotWritten() throws {
        // proto3 leaves zeros out: name and kind follow directly, or nothing at all.
        var progress = ScopeProgress()
        try record(Operation.step(0, in: [2, 2]), in: &progress)
        #expect(progress.next(in: [2, 2]) == 1)
        try record([UInt8](), in: &progress)
        #expect(progress.next(in: []) == 1)
    }

    @Test func copiesAreApart() throws {
        var progress = ScopeProgress()
        try record(.step(0, in: [1, 1]), in: &progress)
        let copy = progress
        try record(.step(1, in: [1, 1]), in: &progress)
        #expect(copy.next(in: [1, 1]) == 1)
        #expect(progress.next(in: [1, 1]) == 2)
    }

    @Test func anEventWithoutAnOperationChangesNothing() throws {
        var progress = ScopeProgress()
        let event = ProtoEntry.OneOf_Event.checkpointSucceeded(.with { $0.epoch = 5 })
        try withEntry(encode(EntryHeader(), event: event.encoded())) { try progress.record($0) }
        #expect(progress.next(in: []) == 0)
    }

    /// A scope that is longer than what holds it; one whose last number does not end; a position
    /// that does not end.
    @Test(arguments: [[0x0A, 0x05, 0x01], [0x0A, 0x01, 0x80], [0x10, 0x80]] as [[UInt8]])
    func damageIsNoticed(_ operation: [UInt8]) {
        #expect(throws: WireError.self) {
            var progress = ScopeProgress()
            try record(operation, in: &progress)
        }
    }

    /// What is read from a disk must never end the process.
    @Test func aHugePositionDoesNotCrash() async {
        await #expect(processExitsWith: .success) {
            var progress = ScopeProgress()
            let operation = Operation.step(.max).proto
            let event = ProtoEntry.OneOf_Event.checkpointSucceeded(
                .with { $0.operation = operation }
            )
            do {
                try withEntry(encode(EntryHeader(), event: event.encoded())) {
                    try progress.record($0)
                }
            } catch is WireError {
                // Refusing it is as good.
            }
        }
    }
}
