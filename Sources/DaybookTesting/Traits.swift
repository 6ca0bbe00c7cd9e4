#if canImport(Testing)
public import Daybook
import DaybookSystem
public import Testing

/// Runs a test once undisturbed, then with its process ended at each of its entries, and in other
/// orders: see ``crashEverywhere(schedules:only:_:)``.
///
/// The test makes its ``TestEngine``, and what stands for the outside world, itself. Whatever it
/// expects must hold each time, and its executions must end as they did undisturbed. What fails first
/// is recorded as one issue, with the smallest schedule under which it does.
public struct CrashEverywhereTrait: TestTrait, SuiteTrait, TestScoping, Equatable {
    let schedules: Int
    let only: String?

    /// All tests of a suite are run so.
    public var isRecursive: Bool { true }

    /// Each case of a test. The trait of a test itself goes before that of its suite.
    public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        guard testCase != nil else { return nil }
        let nearest = test.traits.compactMap { $0 as? Self }.last
        return nearest == nil || nearest == self ? self : nil
    }

    /// Runs a case of a test under all schedules.
    ///
    /// One whose executions are run by no ``TestEngine`` of its own fails: nothing is disturbed there.
    /// - Throws: what it throws undisturbed.
    @concurrent public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        // The same trait on the suite and on the test: one of them is enough.
        if Trial.current != nil { return try await function() }
        var schedule: Schedule?
        if let only {
            schedule = Schedule(only)
            guard schedule != nil else {
                Issue.record(
                    "\"\(only)\" is no schedule; give one as a failure of .crashEverywhere shows it",
                    sourceLocation: test.sourceLocation
                )
                return
            }
        }
        var thrown: (any Error)?
        let report = await Exploration(schedules: schedules, only: schedule).run { isDisturbed in
            let issues = Locked<[String]>([])
            let watch = IssueHandlingTrait.compactMapIssues { issue in
                // A warning, or what is known to fail, does not fail the test.
                guard issue.isFailure else { return isDisturbed ? nil : issue }
                issues.withLock { $0.append("\(issue)") }
                return isDisturbed ? nil : issue
            }
            do {
                try await watch.provideScope(for: test, testCase: testCase, performing: function)
            } catch {
                if !isDisturbed { thrown = error }
                issues.withLock { $0.append("it threw \(error)") }
            }
            return issues.withLock { $0 }
        }
        if let thrown { throw thrown }
        // What it does undisturbed has been recorded as it is.
        guard let failure = report.failure, failure.kind != .undisturbed else { return }
        Issue.record(Comment(rawValue: "\(report)"), sourceLocation: test.sourceLocation)
    }
}

/// Has each handler of a test's engines replayed over its history whenever an entry is added to that:
/// see ``TestEngine/Options/replaysAlways``.
public struct AlwaysReplayTrait: TestTrait, SuiteTrait, TestScoping {
    /// All tests of a suite are run so.
    public var isRecursive: Bool { true }

    /// Each case of a test.
    public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        testCase == nil ? nil : self
    }

    /// Runs a case of a test.
    /// - Throws: what it throws; ``HiddenState``.
    @concurrent public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        try await TestEngine.$replaysAlways.withValue(true) { try await function() }
    }
}

extension Trait where Self == CrashEverywhereTrait {
    /// Runs the test with its process ended at each of its entries, and in 20 other orders.
    public static var crashEverywhere: Self { crashEverywhere() }

    /// Runs the test with its process ended at each of its entries, and in other orders.
    /// - Parameters:
    ///   - schedules: how many orders, besides the plain one.
    ///   - only: nothing but this schedule, as a failure shows it.
    public static func crashEverywhere(schedules: Int = 20, only: String? = nil) -> Self {
        CrashEverywhereTrait(schedules: schedules, only: only)
    }
}

extension Trait where Self == AlwaysReplayTrait {
    /// Has each handler replayed over its history whenever an entry is added to that.
    public static var alwaysReplay: Self { AlwaysReplayTrait() }
}

/// Records an issue if two runs of a program record different operations: see
/// ``differenceOfOperations(_:workflows:_:)``.
/// - Throws: what the program throws; ``TestEngine/Stuck``; ``JournalError``.
public func expectSameOperations(
    _ options: TestEngine.Options = TestEngine.Options(),
    workflows: @escaping @Sendable @autoclosure () -> [any Workflow],
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: @escaping @Sendable (Engine) async throws -> Void
) async throws {
    let difference = try await differenceOfOperations(options, workflows: workflows(), body)
    guard let difference else { return }
    Issue.record(Comment(rawValue: "\(difference)"), sourceLocation: sourceLocation)
}
#endif
