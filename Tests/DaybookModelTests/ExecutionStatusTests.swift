import DaybookFormat
import DaybookModel
import SwiftProtobuf
import Testing

@Suite struct ExecutionStatusTests {
    @Test(arguments: ExecutionStatus.allCases)
    func aStatusSurvivesItsRecordedForm(_ status: ExecutionStatus) {
        #expect(ExecutionStatus(status.proto) == status)
        #expect(ExecutionStatus(rawValue: status.rawValue) == status)
    }

    @Test func everyStatusHasARecordedFormOfItsOwn() {
        #expect(Set(ExecutionStatus.allCases.map(\.proto)).count == ExecutionStatus.allCases.count)
        #expect(ExecutionStatus(.unspecified) == nil)
        #expect(ExecutionStatus(.UNRECOGNIZED(99)) == nil)
    }

    @Test func finalIsWhatNothingChanges() {
        let open: [ExecutionStatus] = [.submitted, .ready, .running, .waiting]
        for status in ExecutionStatus.allCases {
            #expect(status.isFinal == !open.contains(status))
        }
    }

    @Test func theWordsOfTheStatusesAreStable() {
        #expect(
            ExecutionStatus.allCases.map(\.rawValue) == [
                "submitted", "ready", "running", "waiting", "completed", "failed",
                "children_tasks_failed", "finalize_task_failed", "timed_out", "cancelled",
                "expired",
            ]
        )
    }
}
