import DaybookFormat
import Testing

@testable import DaybookModel

/// The auditor of the random walk takes what the model may write.
@Suite struct JournalAuditTests {
    /// A body that begins has dealt with what failed before it, and not with what is under way: if that
    /// comes to nothing later, it begins anew.
    @Test func aChildThatIsCancelledAfterTheNextBodyBeganIsBegunAnew() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("parent", by: session)
        try harness.begin("child", of: lease, suspended: nil, by: session)
        try harness.run(StartOperation(lease, .step(1)), session: session)
        try harness.cancel("parent", by: session)
        try harness.run(Release(lease), session: session)
        #expect(harness.standing(lease.execution) == "closed")
        try harness.retry("parent", by: session)
        let again = try harness.claim(lease.execution, by: session)
        #expect(try harness.execution(lease.execution).progress.next(in: []) == 0)
        try harness.begin("child", of: again, by: session)

        let last = try harness.names(from: harness.next - 2)
        #expect(last == ["child_started", "execution_reopened"])
        var audit = JournalAudit()
        for bytes in harness.entries { try audit.read(bytes) }
    }

    /// What followed a child that is under way is taken back with the end: it comes to nothing as the last
    /// operation of its scope.
    @Test func aChildThatIsCancelledByTheFailureOfTheNextOperationIsBegunAnew() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("parent", by: session)
        try harness.begin("child", of: lease, suspended: nil, by: session)
        try harness.disappoint(lease, .step(1), by: session)
        let failure = Fail(
            lease,
            ErrorFacts(code: "no"),
            payloads: try harness.sealed([.text("no")]),
            failedOperation: OperationPath(scope: [], position: 1)
        )
        try harness.run(failure, session: session)
        #expect(harness.standing(lease.execution) == "closed")
        try harness.retry("parent", by: session)
        let again = try harness.claim(lease.execution, by: session)
        #expect(try harness.execution(lease.execution).progress.next(in: []) == 0)
        try harness.begin("child", of: again, by: session)

        var audit = JournalAudit()
        for bytes in harness.entries { try audit.read(bytes) }
    }
}
