import Daybook
import DaybookModel
import DaybookTestKit
import Testing

/// How the code of a case is interrupted.
enum ConformanceMode: String, CaseIterable, Sendable {
    /// Not at all: one activation runs from the first line to the last.
    case resident
    /// It is let go of at every wait, and run again over its history.
    case evicted
    /// The process ends at every wait, and another one goes on.
    case restarted
}

/// A program, what happens to it from outside, and what must come of it in every mode.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
    typealias Code = @Sendable (WorkflowContext, ConformanceBodies) async throws -> String

    /// What happens at a moment at which all of it waits.
    enum Step: Sendable {
        /// Somebody sends a signal; the value is a text.
        case signal(String, String, id: String? = nil)
        /// Somebody says by a signal that what is waited for has failed: its name, code and message.
        case failure(String, code: String, String)
        /// So much time passes; otherwise as much as the next deadline takes.
        case pass(Duration)
        /// Nothing but the interruption of the mode.
        case nothing
    }

    /// What it came to: `= value`, or `! code: message`.
    let outcome: String
    let name: String
    var terms = ExecutionOptions()
    var steps: [Step] = []
    /// Bytes that a payload may have.
    var payloadLimit = 16 << 20
    /// The names of the bodies that ran, in order; nil: not looked at.
    var runs: [String]?
    /// Whether the order of ``runs`` follows from the code: not where bodies run beside each other.
    var isOrdered = true
    /// The lines that were logged, in order of their names; nil: not looked at.
    var logs: [String]?
    /// What the history says of operations; nil: not looked at.
    var history: [String]?
    let code: Code

    init(
        _ name: String,
        _ outcome: String,
        runs: [String]? = nil,
        isOrdered: Bool = true,
        logs: [String]? = nil,
        history: [String]? = nil,
        terms: ExecutionOptions = ExecutionOptions(),
        steps: [Step] = [],
        payloadLimit: Int = 16 << 20,
        _ code: @escaping Code
    ) {
        self.name = name
        self.outcome = outcome
        self.runs = runs
        self.isOrdered = isOrdered
        self.logs = logs
        self.history = history
        self.terms = terms
        self.steps = steps
        self.payloadLimit = payloadLimit
        self.code = code
    }

    var testDescription: String { name }
}

extension ExecutionOptions {
    /// So many attempts, one after the other, so many seconds apart.
    static func attempts(_ count: UInt32, delay: Duration = .seconds(1)) -> ExecutionOptions {
        var terms = ExecutionOptions()
        terms.retry = RetryPolicy(maxAttempts: count, baseDelay: delay, multiplier: 1)
        return terms
    }
}

/// What bodies of a case note: it outlives its activations, and is no state of the code.
final class ConformanceBodies: Sendable {
    private let calls = CallLog()
    private let places = CallLog()
    private let clock: ManualClock

    init(_ clock: ManualClock = ManualClock()) { self.clock = clock }

    /// Time passes while code runs.
    func tick(_ seconds: Int = 1) { clock.pass(.seconds(seconds)) }

    /// Time passes when code comes here for the first time.
    func tickOnce(_ place: String, _ seconds: Int) {
        places.add(place)
        if places.lines.count(where: { $0 == place }) == 1 { tick(seconds) }
    }

    /// A body runs.
    /// - Returns: how often one of that name has run by now, from 1.
    @discardableResult
    func ran(_ name: String) -> Int {
        calls.add(name)
        return calls.lines.count { $0 == name }
    }

    var names: [String] { calls.lines }
}

/// An error of a case's code.
struct Boom: Error, CustomStringConvertible {
    let description: String

    init(_ description: String = "boom") { self.description = description }
}

extension WorkflowContext {
    /// A checkpoint whose body notes that it ran, and gives `value`, or its own name.
    func step(
        _ name: String,
        _ bodies: ConformanceBodies,
        _ value: String? = nil
    ) async throws -> String {
        try await checkpoint(name) { _ in
            bodies.ran(name)
            return value ?? name
        }
    }

    /// A checkpoint whose body notes that it ran, and throws.
    func failing(_ name: String, _ bodies: ConformanceBodies) async throws {
        try await checkpoint(name) { _ in
            bodies.ran(name)
            throw OperationError(code: "no", message: "\(name) does not work")
        }
    }
}
