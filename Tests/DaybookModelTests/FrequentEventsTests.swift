import DaybookFormat
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// What is written without the library has the bytes that the library writes.
@Suite struct FrequentEventsTests {
    private static let numbers: [UInt64] = [0, 1, 127, 128, 300, 1 << 32, .max]
    private static let texts = ["a", "é", String(repeating: "x", count: 255)]

    @Test(arguments: numbers, texts)
    func aSubmissionHasTheLibrarysBytes(_ number: UInt64, _ text: String) {
        let bytes = FrequentEvents.submitted(
            id: text,
            type: "type",
            timeout: number,
            delay: number / 2,
            expiresAt: Timestamp(rawValue: number)
        )
        let event = ProtoEntry.OneOf_Event.executionSubmitted(
            .with {
                $0.id = text
                $0.type = "type"
                $0.timeout = number
                $0.delay = number / 2
                $0.expiresAt = number
            }
        )
        #expect(bytes == event.encoded())
    }

    @Test(arguments: numbers)
    func aClaimAndAReadyHaveTheLibrarysBytes(_ number: UInt64) {
        let attempt = UInt32(truncatingIfNeeded: number)
        let deadline = Timestamp(rawValue: number)
        let claim = ProtoEntry.OneOf_Event.executionClaimed(
            .with {
                $0.epoch = number
                $0.attempt = attempt
                $0.deadline = number
                $0.revision = attempt % 2 == 0 ? "" : "r1"
            }
        )
        let bytes = FrequentEvents.claimed(
            epoch: number,
            attempt: attempt,
            deadline: deadline,
            revision: attempt % 2 == 0 ? "" : "r1"
        )
        #expect(bytes == claim.encoded())
        let ready = ProtoEntry.OneOf_Event.executionReadied(.with { $0.notBefore = number })
        #expect(FrequentEvents.readied(notBefore: number) == ready.encoded())
    }

    @Test(arguments: numbers, texts)
    func aSuccessHasTheLibrarysBytes(_ number: UInt64, _ text: String) {
        let position = UInt32(truncatingIfNeeded: number)
        for scope in [[], [0], [1, 2, .max], Array(repeating: position, count: 128)] {
            for digest in [[], Array(repeating: UInt8(7), count: 16)] {
                let operation = Operation(
                    scope: scope,
                    position: position,
                    kind: .checkpoint,
                    name: Name(text),
                    inputDigest: digest,
                    source: number % 2 == 0 ? nil : SourceLine(text, Int(position))
                )
                let event = ProtoEntry.OneOf_Event.checkpointSucceeded(
                    .with {
                        $0.operation = operation.proto
                        $0.epoch = number
                        $0.startedAt = number
                        $0.verified = number == 1
                        $0.input = number == 2
                    }
                )
                let bytes = FrequentEvents.succeeded(
                    operation,
                    epoch: number,
                    startedAt: Timestamp(rawValue: number),
                    verified: number == 1,
                    hasInput: number == 2
                )
                #expect(bytes == event.encoded())
            }
        }
    }

    @Test(arguments: numbers)
    func anEndHasTheLibrarysBytes(_ number: UInt64) {
        let event = ProtoEntry.OneOf_Event.executionCompleted(
            .with {
                $0.epoch = number
                $0.operations = number / 3
                $0.closes = true
                $0.signalsLeft = number / 2
            }
        )
        let bytes = FrequentEvents.completed(
            epoch: number,
            operations: number / 3,
            signalsLeft: number / 2
        )
        #expect(bytes == event.encoded())
    }

    /// What reads several events with one set of fields relies on it.
    @Test func theFieldsThatEventsHaveInCommonAreTheSame() {
        for epoch in [
            Wire.LeaseLost.epoch, Wire.LeaseReleased.epoch, Wire.AttemptFailed.epoch,
            Wire.ExecutionCompleted.epoch,
        ] {
            #expect(epoch == Wire.ExecutionClaimed.epoch)
        }
        #expect(Wire.LeaseLost.losses == Wire.ExecutionClaimed.attempt)
        for error in [
            Wire.AttemptFailed.error, Wire.ExecutionTimedOut.error, Wire.ExecutionCancelled.error,
            Wire.ExecutionExpired.error,
        ] {
            #expect(error == Wire.ExecutionFailed.error)
        }
        for closes in [
            Wire.ExecutionCompleted.closes, Wire.ExecutionTimedOut.closes,
            Wire.ExecutionCancelled.closes, Wire.ExecutionExpired.closes,
            Wire.ExecutionContinued.closes,
        ] {
            #expect(closes == Wire.ExecutionFailed.closes)
        }
        for operation in [
            Wire.OperationStarted.operation, Wire.CheckpointFailed.operation,
            Wire.LogRecorded.operation, Wire.TimerStarted.operation, Wire.TimerFired.operation,
            Wire.SignalAwaited.operation, Wire.SignalDelivered.operation,
            Wire.BranchesStarted.operation, Wire.BranchSettled.operation,
            Wire.OperationRecorded.operation, Wire.OperationRetried.operation,
        ] {
            #expect(operation == Wire.CheckpointSucceeded.operation)
        }
    }

    @Test(arguments: EventKind.allCases)
    func theFieldOfAnEventIsTheFirstOfItsEntry(_ kind: EventKind) throws {
        try withEntry(kind.encoded { $0.varint(1, Wire.LeaseLost.epoch) }) {
            #expect($0.event == kind.rawValue)
            #expect(kind.field.number >= Wire.Entry.journalCreated.number)
        }
    }
}
