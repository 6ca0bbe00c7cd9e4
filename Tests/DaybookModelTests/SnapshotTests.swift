import Crypto
import DaybookFormat
import SeededRandom
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// A snapshot as a file has it.
struct SnapshotBytes {
    var bytes: [UInt8]

    func state() throws -> State { try bytes.withUnsafeBytes { try State(snapshot: $0) } }
}

/// A state as a snapshot.
func snapshot(of state: State) -> SnapshotBytes {
    var writer = WireWriter()
    writer.string(State.projection, Wire.Snapshot.projection)
    writer.varint(UInt64(State.snapshotSchema), Wire.Snapshot.schema)
    writer.varint(state.next, Wire.Snapshot.size)
    writer.message(Array(repeating: 9, count: 32), Wire.Snapshot.root)
    state.writeSnapshot { writer.raw($0) }
    return SnapshotBytes(bytes: Array(writer.bytes))
}

@Suite struct SnapshotTests {
    /// The states after each entry of a story in which everything happens.
    private func states() throws -> (states: [State], entries: [[UInt8]]) {
        var harness = try ModelHarness(lossLimit: 2)
        for chapter in DeterminismTests.chapters {
            harness.now = Timestamp(rawValue: harness.now.rawValue + 1_000)
            try chapter(&harness)
        }
        var state = State()
        var states: [State] = []
        for bytes in harness.entries {
            try withEntry(bytes) { entry in
                _ = try state.apply(committed: entry) { try harness.fold($0, before: $1) }
            }
            states.append(state)
        }
        return (states, harness.entries)
    }

    @Test func everyStateComesBackAsItWas() throws {
        for state in try states().states {
            let back = try snapshot(of: state).state()
            #expect(text(of: back) == text(of: state))
        }
    }

    /// What is read back goes on as what was written would have.
    @Test func theFoldGoesOnFromAnySnapshot() throws {
        let (states, entries) = try states()
        let end = text(of: try #require(states.last))
        for start in stride(from: 0, to: states.count, by: 7) {
            var state = try snapshot(of: states[start]).state()
            for bytes in entries[(start + 1)...] {
                try withEntry(bytes) { entry in
                    _ = try state.apply(committed: entry) { number, before in
                        var state: ExecutionState?
                        for bytes in entries.prefix(Int(before)) {
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
                }
            }
            #expect(text(of: state) == end)
        }
    }

    /// A stranger's reader understands it, and writes the same.
    @Test func itIsTheMessageThatTheFormatDescribes() throws {
        for state in try states().states {
            let bytes = snapshot(of: state).bytes
            let message = try ProtoSnapshot(serializedBytes: bytes)
            #expect(message.size == state.next)
            #expect(message.sections.map(\.part) == SnapshotSection.all.map(\.name))
            let section = try #require(message.sections.first { $0.part == "executions" })
            let executions = try section.items.map {
                try ProtoOpenExecution(serializedBytes: $0).number
            }
            #expect(executions == state.openExecutions)
            let again: [UInt8] = try message.serializedBytes()
            #expect(again == bytes)
        }
    }

    /// Who changes the fold, or what is written of it, must raise the version: what an older
    /// version wrote would be taken for what this one would have written.
    @Test func theVersionIsRaisedWhenTheContentsChange() throws {
        var hash = SHA256()
        for state in try states().states { hash.update(data: snapshot(of: state).bytes) }
        let digits = hash.finalize().prefix(4).map { String($0, radix: 16) }.joined(separator: " ")
        #expect(State.snapshotSchema == 4)
        #expect(
            SnapshotSection.all.map(\.schema)
                == [3, 2, 2, 2, 1, 8, 4, 5, 4] + [4, 2, 1, 1, 3, 6, 1, 2, 3, 1]
        )
        #expect(digits == "d4 5f f fc")
    }

    @Test func damagedBytesAreRefusedOrReadAndNeverTrap() throws {
        let whole = snapshot(of: try #require(states().states.dropLast(30).last)).bytes
        var random = SeededGenerator(seed: 7)
        for _ in 0..<3_000 {
            var bytes = whole
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
                in: 0...255,
                using: &random
            )
            if Bool.random(using: &random) {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            do {
                _ = try SnapshotBytes(bytes: bytes).state()
            } catch {
                #expect(error is WireError)
            }
        }
    }

    // MARK: Recording

    private func record(_ size: UInt64, _ digest: Int = 32) -> RecordSnapshot {
        RecordSnapshot(size: size, digest: Array(repeating: 1, count: digest), bytes: 10)
    }

    @Test func aSnapshotIsRecordedOnce() throws {
        var harness = try ModelHarness()
        let session = try harness.open("ann")
        try harness.run(record(2), session: session)
        #expect(harness.state.journal.snapshotSize == 2)
        #expect(try harness.names(from: 2) == ["snapshot_taken"])
        for size in [UInt64(1), 2] {
            let refusal = #expect(throws: Refusal.self) {
                try harness.run(record(size), session: session)
            }
            #expect(refusal?.code == .conflict)
        }
        try harness.run(record(3), session: session)
        #expect(harness.state.journal.snapshotSize == 3)
    }

    @Test func whatCannotBeASnapshotIsRefused() throws {
        var harness = try ModelHarness()
        let session = try harness.open("ann")
        for command in [record(0), record(harness.next + 1), record(1, 31)] {
            let refusal = #expect(throws: Refusal.self) {
                try harness.run(command, session: session)
            }
            #expect(refusal?.code == .invalidArgument)
        }
        #expect(harness.next == 2)
    }
}
