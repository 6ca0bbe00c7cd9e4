import DaybookFormat
import Testing

@testable import DaybookModel

/// Names are compared by their bytes, whatever they look like.
@Suite struct NameIdentityTests {
    private let composed: Name = "\u{E9}"
    private let decomposed: Name = "e\u{301}"

    @Test func operationsWhoseNamesOnlyLookTheSameDiffer() {
        let first = Operation.step(0, name: composed)
        let second = Operation.step(0, name: decomposed)
        #expect(first != second)
        #expect(Set([first, second]).count == 2)
    }

    @Test func aDivergenceOfNamesThatLookTheSameIsNotOneOfInputs() {
        let divergence = Divergence(
            sequence: 7,
            recorded: .step(0, name: composed),
            attempted: .step(0, name: decomposed),
            location: "here"
        )
        #expect(divergence.cause == .operation)
    }

    @Test func anErrorWhoseCodeOnlyLooksFatalIsRetried() {
        let policy = RetryPolicy(maxAttempts: 3, fatalCodes: [composed.text])
        #expect(policy.retries(ErrorFacts(code: decomposed.text), after: 1))
        #expect(!policy.retries(ErrorFacts(code: composed.text), after: 1))
    }
}
