/// When an operation that gathers what its branches come to need not wait for the others any more.
///
/// Each rule is looked at whenever a branch has ended, first that of failures. Branches that are still
/// under way then are stopped, and count no longer.
public struct Completion: Hashable, Sendable {
    /// So many branches that end well are enough. Nil: all branches are waited for.
    public var minSuccesses: Int?
    /// With more failures than that it is over. Nil: any number is tolerated.
    public var toleratedFailures: Int?
    /// With more failures than this part of all branches it is over: 0 to 1. Nil: any number is
    /// tolerated.
    public var toleratedFailureShare: Double?

    /// Every branch is waited for, whatever it comes to.
    public static let all = Completion()

    /// What is left out holds nobody up. What makes no sense is refused where it is used.
    public init(
        minSuccesses: Int? = nil,
        toleratedFailures: Int? = nil,
        toleratedFailureShare: Double? = nil
    ) {
        self.minSuccesses = minSuccesses
        self.toleratedFailures = toleratedFailures
        self.toleratedFailureShare = toleratedFailureShare
    }

    /// Whether it may be over before all branches have ended.
    var canStop: Bool { self != .all }

    /// - Throws: ``OperationError`` with the code `invalid-argument`.
    func check(_ name: String) throws(OperationError) {
        func refuse(_ found: String, _ advice: String) -> OperationError {
            OperationError(
                code: "invalid-argument",
                message: "the completion of \(name) has \(found); give \(advice)",
                isRetryable: false
            )
        }
        if let minSuccesses, minSuccesses < 1 {
            throw refuse("minSuccesses \(minSuccesses)", "at least 1, or none")
        }
        if let toleratedFailures, toleratedFailures < 0 {
            throw refuse("toleratedFailures \(toleratedFailures)", "at least 0, or none")
        }
        if let share = toleratedFailureShare, !(0...1).contains(share) {
            throw refuse("toleratedFailureShare \(share)", "0 to 1, or none")
        }
    }

    /// What ends the wait after so many branches; nil: nothing does.
    func reason(_ successes: Int, _ failures: Int, of count: Int) -> CompletionReason? {
        if let toleratedFailures, failures > toleratedFailures { return .toleranceExceeded }
        if let toleratedFailureShare, Double(failures) > toleratedFailureShare * Double(count) {
            return .toleranceExceeded
        }
        if let minSuccesses, successes >= minSuccesses { return .minSuccesses }
        return nil
    }
}

/// Why an operation that gathers what its branches come to was over.
public struct CompletionReason: Hashable, Sendable, CustomStringConvertible {
    /// The word for it.
    public let description: String

    /// Every branch has ended.
    public static let all = CompletionReason(description: "all")
    /// So many branches as are enough have ended well.
    public static let minSuccesses = CompletionReason(description: "min_successes")
    /// More branches have failed than are tolerated.
    public static let toleranceExceeded = CompletionReason(description: "tolerance_exceeded")
}

/// What branches have come to, of an operation that gathers it.
///
/// The failures are results: with anything that is recorded after them in the same scope they are
/// dealt with, as those of ``WorkflowContext/attempt(_:input:options:verify:compensate:file:line:_:)-(_,_,_,_,_,_,_,(OperationContext)->Value)``
/// are.
public struct Outcomes<Value: Sendable>: Sendable {
    /// What each branch gave or threw, in their order; nil: it was stopped, or never began.
    public let results: [Result<Value, OperationError>?]
    /// Why the others are not waited for.
    public let reason: CompletionReason

    /// What branches gave that ended well, in their order.
    public var values: [Value] {
        results.compactMap { if case .success(let value) = $0 { value } else { nil } }
    }

    /// What branches threw, in their order. ``OperationError/branch`` says which.
    public var failures: [OperationError] {
        results.compactMap { if case .failure(let error) = $0 { error } else { nil } }
    }

    /// What all branches gave, in their order.
    /// - Throws: ``OperationError``: that of the first branch that failed, or with the code
    ///   `branches-stopped` when one was stopped.
    public func all() throws(OperationError) -> [Value] {
        var values: [Value] = []
        for result in results {
            switch result {
            case .success(let value): values.append(value)
            case .failure(let error): throw failures.first ?? error
            case nil:
                throw failures.first
                    ?? OperationError(
                        code: "branches-stopped",
                        message:
                            "\(results.count { $0 == nil }) of \(results.count) branches were stopped: \(reason)",
                        isRetryable: false
                    )
            }
        }
        return values
    }
}

/// Which branch of a race wins.
public struct RaceRule: Hashable, Sendable {
    let isOfSuccess: Bool

    /// The first that ends, well or with an error.
    public static let firstEnd = RaceRule(isOfSuccess: false)
    /// The first that ends well. When none does, the last error is the race's.
    public static let firstSuccess = RaceRule(isOfSuccess: true)
}
