import Testing

@testable import DaybookModel

/// Which errors are retried, by their codes.
@Suite struct RetryPolicyCodesTests {
    @Test(
        arguments: [
            ([], [], true), (["busy"], [], true), (["other"], [], false), ([], ["busy"], false),
            (["busy"], ["busy"], false), (["BUSY"], [], false),
        ] as [([String], [String], Bool)]
    )
    func whatIsRetryableIsRetriedUnlessItIsFatal(
        _ retryable: [String],
        _ fatal: [String],
        _ isRetried: Bool
    ) {
        var policy = RetryPolicy(maxAttempts: 2, fatalCodes: fatal)
        policy.retryableCodes = retryable
        #expect(policy.retries(ErrorFacts(code: "busy"), after: 1) == isRetried)
        #expect(!policy.retries(ErrorFacts(code: "busy"), after: 2))
        #expect(!policy.retries(ErrorFacts(code: "busy", isRetryable: false), after: 1))
    }

    @Test func theRecordedFormHasTheCodes() {
        var policy = RetryPolicy.standard
        policy.retryableCodes = ["busy", "late"]
        #expect(RetryPolicy(policy.proto) == policy)
    }
}
