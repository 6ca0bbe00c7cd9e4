import DaybookFormat
import DaybookModel

/// What a submission says about how its execution is run, and by what it is found. What is left out
/// is as the workflow says.
public struct ExecutionOptions: Hashable, Sendable {
    /// How often and when it is tried again; nil: ``Workflow/retry``.
    public var retry: RetryPolicy?
    /// How long an attempt may take, waits included; nil: ``Workflow/timeout``.
    public var timeout: Duration?
    /// How long it is held back before its first attempt; nil: ``Workflow/delay``.
    public var delay: Duration?
    /// By what it is found: at most 16 names of 1 to 255 bytes, with values of at most 255 bytes, both
    /// without control characters. They are never changed, and stay with the id when it goes on as a
    /// new run.
    public var labels: [String: String]
    /// Where in a trace it is asked for: the text of a W3C `traceparent`, 1 to 255 bytes, which is kept
    /// with it and handed to each ``Interceptor``. Nil: nobody says.
    public var traceContext: String?
    /// What its code may know by name (``WorkflowContext/secret(_:)``) and the journal keeps sealed: at
    /// most 32, of 4 to 65,536 bytes each. They are wiped when it completes, and kept when it ends
    /// otherwise, so that a retry can use them. Of what is submitted again, and is there, they are
    /// neither compared nor stored. Children have none.
    public var secrets: [String: Secret] = [:]

    /// - Parameters:
    ///   - retry: how often and when it is tried again; nil: as the workflow says.
    ///   - timeout: how long an attempt may take, above zero; nil: as the workflow says.
    ///   - delay: how long it is held back, not negative; nil: as the workflow says.
    ///   - labels: by what it is found; see ``labels``.
    public init(
        retry: RetryPolicy? = nil,
        timeout: Duration? = nil,
        delay: Duration? = nil,
        labels: [String: String] = [:]
    ) {
        self.retry = retry
        self.timeout = timeout
        self.delay = delay
        self.labels = labels
    }

    /// - Throws: ``SecretError/Code/invalid``: children are given none.
    func checkHasNoSecrets() throws(SecretError) {
        guard secrets.isEmpty else {
            throw SecretError(
                .invalid,
                "secrets were given with a child, and children have none: have the parent do what needs them, or submit an execution of its own"
            )
        }
    }

    /// The terms of a workflow, with what is said here in their place.
    func terms(over terms: Submit.Terms) -> Submit.Terms {
        var terms = terms
        if let retry { terms.retry = retry }
        if let timeout { terms.timeout = timeout }
        if let delay { terms.delay = delay }
        if let traceContext { terms.traceContext = Name(traceContext) }
        if !labels.isEmpty {
            terms.labels = Labels(labels.map { Label(name: Name($0.key), value: Name($0.value)) })
        }
        return terms
    }
}
