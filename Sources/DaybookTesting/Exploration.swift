import DaybookSystem

/// What running a test under many schedules came to.
public struct CrashReport: Sendable, CustomStringConvertible {
    /// A schedule under which the test does not end as it does undisturbed.
    public struct Failure: Sendable {
        /// The smallest one that was found.
        public let schedule: Schedule
        /// The seed that it was found by; nil: by none.
        public let seed: UInt64?
        /// What differs, in words.
        public let reasons: [String]
        let kind: Kind

        enum Kind {
            /// It fails undisturbed.
            case undisturbed
            /// There is nothing that could be disturbed.
            case untouched
            /// It fails under the schedule.
            case disturbed
        }
    }

    /// How often the test was run.
    public internal(set) var runs = 0
    /// How many entries it writes when it is undisturbed.
    public internal(set) var entries = 0
    /// What fails; nil: nothing.
    public internal(set) var failure: Failure?

    /// The failure, and how to run it alone.
    public var description: String {
        guard let failure else { return "\(runs) runs of \(entries) entries end alike" }
        let seed = failure.seed.map { ", found by seed \($0)" } ?? ""
        let reasons = failure.reasons.map { "  \($0)\n" }.joined()
        let schedule = failure.schedule
        return switch failure.kind {
        case .undisturbed: "undisturbed, the test fails:\n\(reasons)"
        case .untouched: "nothing was disturbed:\n\(reasons)"
        case .disturbed:
            "under the schedule \"\(schedule)\"\(seed) the test does not end as it does undisturbed:\n\(reasons)  to run it alone: .crashEverywhere(only: \"\(schedule)\")"
        }
    }
}

/// Runs a test, undisturbed, with its process ended at each of its entries, and in other orders: each
/// time the executions must end as they did undisturbed.
///
/// The processes die before and after each batch of entries, and are shut down after it, from the first
/// submission on; then each schedule has an order of its own, and most of them an end of the process
/// as well. The first schedule that fails is made smaller, for half a minute and 200 runs at most. A test
/// that has none of its executions run by a ``TestEngine`` fails, and so does one that never comes to the
/// entry of `only`.
/// - Parameters:
///   - schedules: how many orders, besides the plain one.
///   - only: nothing but this schedule, to look at one that has failed.
///   - body: the test: it makes its ``TestEngine``, and what stands for the outside world, anew each
///     time, and throws when something is not as it should be. It runs one at a time.
/// - Returns: what was found.
/// - Throws: nothing of the test: that is a failure.
public func crashEverywhere(
    schedules: Int = 20,
    only: Schedule? = nil,
    _ body: @Sendable () async throws -> Void
) async -> CrashReport {
    await Exploration(schedules: schedules, only: only).run { _ in
        do {
            try await body()
            return []
        } catch {
            return ["it threw \(error)"]
        }
    }
}

/// Looks for a schedule that fails.
struct Exploration {
    let schedules: Int
    let only: Schedule?

    /// Runs of a test, and real time, that making a schedule smaller may take.
    private static var patience: (runs: Int, time: Duration) { (200, .seconds(30)) }

    /// - Parameter attempt: runs the test once, undisturbed or not; gives what was wrong.
    func run(_ attempt: (_ isDisturbed: Bool) async -> [String]) async -> CrashReport {
        var report = CrashReport()
        let plain = Schedule()
        let (base, reasons) = await Self.once(plain, &report) { await attempt(false) }
        report.entries = base.found.entries
        func fails(_ schedule: Schedule) async -> (reasons: [String], trial: Trial) {
            let (trial, reasons) = await Self.once(schedule, &report) { await attempt(true) }
            return (reasons + Self.differences(base, trial), trial)
        }
        func failure(
            _ schedule: Schedule,
            _ reasons: [String],
            seed: UInt64? = nil,
            _ kind: CrashReport.Failure.Kind = .disturbed
        ) {
            report.failure = CrashReport.Failure(
                schedule: schedule,
                seed: seed,
                reasons: reasons,
                kind: kind
            )
        }
        guard reasons.isEmpty else {
            failure(plain, reasons, .undisturbed)
            return report
        }
        guard base.found.firstOfExecution != nil else {
            failure(plain, [Self.untouched], .untouched)
            return report
        }
        if let only {
            let (reasons, trial) = await fails(only)
            let all = reasons + Self.missed(trial)
            if !all.isEmpty { failure(only, all) }
            return report
        }
        for schedule in Self.sweep(base) {
            let (reasons, _) = await fails(schedule)
            if !reasons.isEmpty {
                failure(schedule, reasons)
                return report
            }
        }
        let ends = Self.sweep(base).compactMap(\.disturbance)
        for seed in 1..<UInt64(max(schedules, 0)) + 1 {
            let schedule = Schedule(Self.disturbance(ends, seed), seed: seed)
            let (reasons, trial) = await fails(schedule)
            guard !reasons.isEmpty else { continue }
            let found = Schedule(schedule.disturbance, order: trial.found.turns.taken)
            let (again, _) = await fails(found)
            guard !again.isEmpty else {
                // Something outside the engine takes part: the seed is all that is known.
                failure(schedule, reasons, seed: seed)
                return report
            }
            var runs = Self.patience.runs
            let end = ContinuousClock.now + Self.patience.time
            let (small, why) = await Self.smallest(found, again) { schedule in
                guard runs > 0, ContinuousClock.now < end else { return nil }
                runs -= 1
                let reasons = await fails(schedule).reasons
                return reasons.isEmpty ? nil : reasons
            }
            failure(small, why, seed: seed)
            return report
        }
        return report
    }

    private static let untouched =
        "no execution was run by a TestEngine of this test; make one in the test itself, each time that it runs, or take the trait away"

    /// What was to be done to a process, and was not.
    private static func missed(_ trial: Trial) -> [String] {
        let found = trial.found
        guard let left = found.disturbance else { return [] }
        return [
            "nothing was done to a process at entry \(left.entry): the test writes \(found.entries) entries, numbered from 0; the test has changed, so look for a schedule again"
        ]
    }

    /// Runs a test once.
    private static func once(
        _ schedule: Schedule,
        _ report: inout CrashReport,
        _ attempt: () async -> [String]
    ) async -> (Trial, [String]) {
        let trial = Trial(schedule, isCompared: true)
        report.runs += 1
        defer { trial.end() }
        return (trial, await Trial.$current.withValue(trial) { await attempt() })
    }

    private static func differences(_ base: Trial, _ trial: Trial) -> [String] {
        let (expected, found) = (base.found.endings, trial.found.endings)
        return Set(expected.keys).union(found.keys).sorted().flatMap { engine in
            Ending.differences(expected[engine] ?? [], found[engine] ?? [])
        }
    }

    /// An end of the process at each batch, from the first submission on.
    private static func sweep(_ base: Trial) -> [Schedule] {
        let found = base.found
        guard let first = found.firstOfExecution else { return [] }
        var begin = first
        return found.batches.filter { $0 >= first }.flatMap { last in
            defer { begin = last + 1 }
            // Before anything is submitted there is nothing to lose.
            let before: [Disturbance] = begin == first ? [] : [.crash(before: begin)]
            return (before + [.crash(after: last), .shutdown(after: last)]).map { Schedule($0) }
        }
    }

    /// What is done to the process in the run of a seed: nothing in one of four.
    private static func disturbance(_ ends: [Disturbance], _ seed: UInt64) -> Disturbance? {
        var random = SplitMix(seed: seed ^ 0x5EED)
        if Int.random(in: 0..<4, using: &random) == 0 { return nil }
        return ends.randomElement(using: &random)
    }

    /// Makes a schedule smaller as long as it fails: first without an end of the process, then with
    /// ever fewer moments that differ from the plain order.
    private static func smallest(
        _ schedule: Schedule,
        _ reasons: [String],
        _ fails: (Schedule) async -> [String]?
    ) async -> (Schedule, [String]) {
        var (best, why) = (schedule, reasons)
        if best.disturbance != nil {
            let undisturbed = Schedule(order: best.order)
            if let reasons = await fails(undisturbed) { (best, why) = (undisturbed, reasons) }
        }
        var size = best.order.count
        while size > 0 {
            var isSmaller = false
            let moments = best.order.keys.sorted()
            for start in stride(from: 0, to: moments.count, by: size) {
                let without = Set(moments[start..<min(start + size, moments.count)])
                var smaller = best
                smaller.order = best.order.filter { !without.contains($0.key) }
                if smaller.order.count < best.order.count, let reasons = await fails(smaller) {
                    (best, why) = (smaller, reasons)
                    isSmaller = true
                }
            }
            if !isSmaller || size > best.order.count { size = min(size / 2, best.order.count) }
        }
        return (best, why)
    }
}
