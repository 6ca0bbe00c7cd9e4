import DaybookModel

/// What a submission says about how its execution is run. What is left out is as the workflow says.
public struct ExecutionOptions: Hashable, Sendable {
    /// How often and when it is tried again; nil: ``Workflow/retry``.
    public var retry: RetryPolicy?
    /// How long an attempt may take, waits included; nil: ``Workflow/timeout``.
    public var timeout: Duration?
    /// How long it is held back before its first attempt; nil: ``Workflow/delay``.
    public var delay: Duration?

    /// - Parameters:
    ///   - retry: how often and when it is tried again; nil: as the workflow says.
    ///   - timeout: how long an attempt may take, above zero; nil: as the workflow says.
    ///   - delay: how long it is held back, not negative; nil: as the workflow says.
    public init(retry: RetryPolicy? = nil, timeout: Duration? = nil, delay: Duration? = nil) {
        self.retry = retry
        self.timeout = timeout
        self.delay = delay
    }

    /// The terms of a workflow, with what is said here in their place.
    func terms(over terms: Submit.Terms) -> Submit.Terms {
        var terms = terms
        if let retry { terms.retry = retry }
        if let timeout { terms.timeout = timeout }
        if let delay { terms.delay = delay }
        return terms
    }
}
