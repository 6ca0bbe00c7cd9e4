import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import LMDB
import Testing

@testable import Daybook

/// A declared input that an entry keeps is compared with the digest of its operation.
@Suite struct InputAuditTests {
    private let room = ClockedJournal()

    /// What is wrong with a journal in which an operation keeps an input.
    /// - Parameters:
    ///   - kept: the input that is kept.
    ///   - declared: the one that the digest is made of.
    private func problems(
        _ kept: String,
        _ declared: String,
        inStart: Bool
    ) async throws -> [VerificationReport.Problem] {
        try await withJournal(room.creation) { path in
            let store = try LMDBStore.open(path)
            defer { store.close() }
            var desk = try Desk(store, room.clock)
            let session = try desk.open(1)
            let input = Array("1".utf8)
            let sealed = try SealedPayloads(.json(input), limit: 100)
            let submission = Submit(id: "a", type: "copy", input: input, payloads: sealed)
            let number = try desk.run(submission, by: session).number
            try desk.run(Execute(id: "a"), by: session)
            let lease = try #require(try desk.run(Claim(.execution(number)), by: session))
            let salt = try #require(
                try store.read { try $0.payloads(of: number) }.first?.salt
            )
            let operation = Operation(
                scope: [],
                position: 0,
                kind: .checkpoint,
                name: "pay",
                inputDigest: Array(salt.commit(to: Array(declared.utf8)).prefix(16))
            )
            let payload = Payload.json(Array(kept.utf8))
            if inStart {
                let kept = try SealedPayloads(payload, limit: 100)
                try desk.run(StartOperation(lease, operation, input: kept), by: session)
            } else {
                let value = Payload.json(Array("null".utf8))
                try desk.run(
                    RecordOutcome(
                        lease,
                        operation,
                        .success(
                            try SealedPayloads([value, payload], limit: 100),
                            verified: false
                        ),
                        startedAt: room.clock.now(),
                        hasInput: true
                    ),
                    by: session
                )
            }
            return try Verifier.verify(store).problems
        }
    }

    @Test(arguments: [false, true])
    func theInputOfTheDigestIsFine(_ inStart: Bool) async throws {
        #expect(try await problems("12", "12", inStart: inStart).isEmpty)
    }

    @Test(arguments: [false, true])
    func anotherInputIsFound(_ inStart: Bool) async throws {
        let problems = try await problems("13", "12", inStart: inStart)
        #expect(problems.count == 1)
        #expect(problems.first?.reason.contains("not the one whose digest") == true)
    }
}
