#if CLI
import DaybookFormat
import DaybookModel
import Testing

@testable import DaybookRunbook

/// Whoever writes a runbook has no Swift code to change.
@Suite("Runbook: advice on what disagrees with the record")
struct RunbookAdviceTests {
    private static let causes: [Divergence.Cause] = [
        .operation, .input, .value, .branches, .ending,
    ]

    @Test("it names what a runbook has", arguments: causes)
    func words(cause: Divergence.Cause) throws {
        let divergence = Divergence(
            sequence: 7,
            recorded: nil,
            attempted: nil,
            location: "runbook",
            cause: cause
        )
        for isFork in [true, false] {
            let advice = try #require(
                RunbookWorkflow.correction(of: divergence, isFork: isFork)
            )
            #expect(!advice.contains("context.") && !advice.contains("the code"))
            // A runbook that is corrected comes with a fork: what is parked has its own.
            #expect(advice.contains("leave the blocks") == (isFork && cause != .value))
        }
    }
}
#endif
