import DaybookFormat
import DaybookTestKit
import FoundationEssentials
import SeededRandom
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// What an execution costs that does much: in proportion to how much that is.
///
/// Measured as the processor's time of this thread, so that what else the machine does is left out.
/// What grows with the square takes a hundred times as long for ten times as much.
@Suite(.serialized) struct GrowthTests {
    /// How much longer ten times as much may take.
    private static let factor = 25.0
    /// How much is done first, and then ten times as much: `DAYBOOK_GROWTH` for more.
    private static let small =
        ProcessInfo.processInfo.environment["DAYBOOK_GROWTH"].flatMap { Int($0) } ?? 2_000

    /// An execution that is running, and the entries of its history.
    private struct History {
        private(set) var entries: UInt64 = 0
        private(set) var state: ExecutionState
        private var encoded: [[UInt8]] = []
        private var next: UInt64 = 0

        init() throws {
            let submitted = FrequentEvents.submitted(
                id: "a",
                type: "copy",
                timeout: 0,
                delay: 0,
                expiresAt: Timestamp(rawValue: 0)
            )
            var header = EntryHeader()
            header.sequence = 1
            header.stream = StreamID(1)
            state = try withEntry(encode(header, event: submitted)) {
                try ExecutionState(first: $0)
            }
            entries = 1
            next = 2
            append(.executionReadied(.init()))
            append(.executionClaimed(.with { $0.epoch = 1 }))
        }

        mutating func append(_ event: ProtoEntry.OneOf_Event) {
            var header = EntryHeader()
            header.sequence = next
            header.stream = StreamID(1)
            header.ordinal = entries
            header.previous = next - 1
            encoded.append(encode(header, event: event.encoded()))
            next += 1
            entries += 1
        }

        /// Folds what was appended, without the time that it took to write it.
        mutating func fold() throws -> Duration {
            let all = encoded
            encoded = []
            return try processorTime {
                for bytes in all { try withEntry(bytes) { try state.apply($0) } }
            }
        }
    }

    private func expectProportion(
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ time: (Int) throws -> Duration
    ) throws {
        // The first one finds cold caches.
        _ = try time(Self.small / 10)
        let small = try min(time(Self.small), time(Self.small))
        let large = try time(Self.small * 10)
        #expect(
            large < small * Self.factor,
            "\(what): \(small) for \(Self.small), \(large) for ten times as many",
            sourceLocation: sourceLocation
        )
    }

    private func start(_ branch: Int, _ deadline: UInt64) -> ProtoEntry.OneOf_Event {
        .timerStarted(
            .with {
                $0.operation = Operation.op(.sleep, 0, in: [0, UInt32(branch)]).proto
                $0.deadline = deadline
            }
        )
    }

    @Test func theSleepsOfAMapCostInProportion() throws {
        try expectProportion("sleeps") { count in
            var history = try History()
            history.append(
                .branchesStarted(
                    .with {
                        $0.operation = Operation.op(.map, 0).proto
                        $0.branches = UInt32(count)
                    }
                )
            )
            for branch in 0..<count { history.append(start(branch, UInt64(branch) + 1)) }
            // In the order in which a heap of deadlines hands them out, and in another.
            for branch in stride(from: 0, to: count, by: 2) { history.append(fired(branch)) }
            for branch in stride(from: count - 1, to: 0, by: -2) { history.append(fired(branch)) }
            return try history.fold()
        }
    }

    private func fired(_ branch: Int) -> ProtoEntry.OneOf_Event {
        .timerFired(
            .with { $0.operation = Operation.op(.sleep, 0, in: [0, UInt32(branch)]).proto }
        )
    }

    @Test func lookingForAWaitDoesNotDependOnHowManyThereAre() throws {
        var history = try History()
        let count = 10 * Self.small
        history.append(
            .branchesStarted(
                .with {
                    $0.operation = Operation.op(.map, 0).proto
                    $0.branches = UInt32(count)
                }
            )
        )
        for branch in 0..<count {
            history.append(
                .signalAwaited(
                    .with {
                        $0.operation =
                            Operation.op(.signal, 0, "s\(branch)", in: [0, UInt32(branch)]).proto
                    }
                )
            )
        }
        let fold = try history.fold()
        let state = history.state
        var found = 0
        let looking = processorTime {
            for branch in 0..<count {
                let operation = Operation.op(.signal, 0, in: [0, UInt32(branch)])
                let isThere =
                    state.isWaiting(operation) && state.waitCount == count
                    && state.firstWait(forSignal: "s\(branch)") != nil
                    && state.operation(waitingSince: UInt64(branch) + 5) != nil
                if isThere { found += 1 }
            }
        }
        #expect(found == count)
        #expect(looking < fold * Self.factor)
    }

    @Test func whenTheNextOfManySleepsEndsIsToldWithoutALookAtEach() throws {
        try expectProportion("next deadlines") { count in
            var history = try History()
            history.append(
                .branchesStarted(
                    .with {
                        $0.operation = Operation.op(.map, 0).proto
                        $0.branches = UInt32(count)
                    }
                )
            )
            for branch in 0..<count { history.append(start(branch, UInt64(branch) + 1)) }
            _ = try history.fold()
            var time = Duration.zero
            for branch in 0..<count {
                // Asked for whenever all of it waits again.
                var deadline: Timestamp?
                time += processorTime { deadline = history.state.firstWaitDeadline }
                #expect(deadline == Timestamp(rawValue: UInt64(branch) + 1))
                history.append(fired(branch))
                time += try history.fold()
            }
            #expect(history.state.firstWaitDeadline == nil)
            return time
        }
    }

    @Test func nestedMapsCostInProportion() throws {
        try expectProportion("nested maps") { count in
            var history = try History()
            history.append(
                .branchesStarted(
                    .with {
                        $0.operation = Operation.op(.map, 0).proto
                        $0.branches = UInt32(count)
                    }
                )
            )
            // Each branch has a race in it, and goes on after that.
            for branch in 0..<UInt32(count) {
                history.append(
                    .branchesStarted(
                        .with {
                            $0.operation = Operation.op(.race, 0, in: [0, branch]).proto
                            $0.branches = 2
                        }
                    )
                )
                for side in [UInt32(0), 1] {
                    history.append(
                        .timerStarted(
                            .with {
                                let scope = [0, branch, 0, side]
                                $0.operation = Operation.op(.sleep, 0, in: scope).proto
                                $0.deadline = 9
                            }
                        )
                    )
                }
            }
            for branch in 0..<UInt32(count) {
                history.append(
                    .branchSettled(
                        .with {
                            $0.operation = Operation.op(.race, 0, in: [0, branch]).proto
                            $0.branch = branch % 2
                        }
                    )
                )
                history.append(
                    .checkpointSucceeded(
                        .with { $0.operation = Operation.step(1, in: [0, branch]).proto }
                    )
                )
            }
            return try history.fold()
        }
    }

    @Test func failedAndCaughtRacesCostInProportion() throws {
        try expectProportion("failed races") { count in
            var history = try History()
            for position in 0..<UInt32(count) {
                history.append(
                    .branchesStarted(
                        .with {
                            $0.operation = Operation.op(.race, position).proto
                            $0.branches = 2
                        }
                    )
                )
                history.append(
                    .checkpointFailed(
                        .with { $0.operation = Operation.step(0, in: [position, 1]).proto }
                    )
                )
                history.append(
                    .branchSettled(
                        .with {
                            $0.operation = Operation.op(.race, position).proto
                            $0.branch = 1
                            $0.failed = true
                        }
                    )
                )
            }
            // Their failures were caught one by one; the last one ends the attempt.
            history.append(
                .attemptFailed(
                    .with {
                        $0.epoch = 1
                        $0.failedOperation =
                            OperationPath(scope: [UInt32(count) - 1, 1], position: 0).proto
                    }
                )
            )
            let time = try history.fold()
            #expect(history.state.progress.next(in: []) == UInt32(count))
            #expect(history.state.progress.next(in: [UInt32(count) - 1, 1]) == 0)
            return time
        }
    }

    @Test func whatManyAttemptsHaveUndoneIsToldInProportion() throws {
        try expectProportion("attempts") { count in
            var undoing = Undoing()
            var covered = 0
            let time = processorTime {
                for attempt in 0..<UInt32(count) {
                    // Each fails a step later than the one before, or in the branch beside it.
                    let path =
                        attempt % 2 == 0
                        ? OperationPath(scope: [], position: attempt)
                        : OperationPath(scope: [attempt, attempt], position: 0)
                    undoing.insert(
                        .init(path: path, keepsBranches: false, sequence: 2 * UInt64(attempt) + 2)
                    )
                }
                for attempt in 0..<UInt32(count) {
                    let path = OperationPath(scope: [], position: attempt)
                    let sequence = 2 * UInt64(attempt) + 1
                    if undoing.covers(sequence, path, .checkpointSucceeded) { covered += 1 }
                    if undoing.generation(of: path) == nil { covered += 1 }
                }
            }
            #expect(covered == count / 2 + 1)
            return time
        }
    }

    /// How branches that wait for one signal come to their end.
    enum EndOfBranches: CaseIterable {
        /// Another branch of theirs has won.
        case lost
        /// What they are branches of is undone.
        case undone
        /// Each by its own time, in an order that has nothing to do with that of the waits.
        case timedOut
    }

    @Test(arguments: EndOfBranches.allCases)
    func branchesThatWaitForOneSignalCostInProportion(_ end: EndOfBranches) throws {
        try expectProportion("\(end)") { count in
            var history = try History()
            history.append(branches(.op(.map, 0), 2))
            // Older than all of them, and it goes on.
            history.append(awaited(.op(.signal, 0, "approve", in: [0, 0])))
            // What failed here was caught first.
            history.append(
                .checkpointFailed(.with { $0.operation = Operation.step(0, in: [0, 1]).proto })
            )
            history.append(branches(.op(.race, 1, in: [0, 1]), count))
            let all = (0..<count).map {
                Operation.op(.signal, 0, "approve", in: [0, 1, 1, UInt32($0)])
            }
            for operation in all { history.append(awaited(operation)) }
            switch end {
            case .lost:
                history.append(
                    .branchSettled(
                        .with {
                            $0.operation = Operation.op(.race, 1, in: [0, 1]).proto
                            $0.branch = UInt32(count / 2)
                        }
                    )
                )
            case .undone:
                history.append(
                    .attemptFailed(
                        .with {
                            $0.epoch = 1
                            $0.failedOperation = OperationPath(scope: [0, 1], position: 0).proto
                        }
                    )
                )
            case .timedOut:
                var generator = SeededGenerator(seed: 1)
                for operation in all.shuffled(using: &generator) {
                    history.append(.timerFired(.with { $0.operation = operation.proto }))
                }
            }
            let time = try history.fold()
            #expect(history.state.waitCount <= 2)
            let first = history.state.firstWait(forSignal: "approve")
            #expect(first?.operation.scope == [0, 0])
            return time
        }
    }

    private func branches(_ operation: Operation, _ count: Int) -> ProtoEntry.OneOf_Event {
        .branchesStarted(
            .with {
                $0.operation = operation.proto
                $0.branches = UInt32(count)
            }
        )
    }

    private func awaited(_ operation: Operation) -> ProtoEntry.OneOf_Event {
        .signalAwaited(.with { $0.operation = operation.proto })
    }

    @Test func outputsCostInProportion() throws {
        try expectProportion("outputs") { count in
            var history = try History()
            for position in 0..<UInt32(count) {
                history.append(
                    .operationRecorded(
                        .with {
                            $0.operation = Operation.op(.output, position, "o\(position)").proto
                        }
                    )
                )
            }
            return try history.fold()
        }
    }
}
