import Daybook
import DaybookModel

extension ConformanceCase {
    /// Signals that say that what is waited for has failed.
    static let failedSignals: [ConformanceCase] = [
        ConformanceCase(
            "a wait that fails",
            "! denied: not today",
            steps: [.failure("go", code: "denied", "not today")]
        ) { context, _ in try await context.receive("go", as: String.self) },
        ConformanceCase(
            "a wait that fails, and is caught",
            "= \"denied not today after\"",
            steps: [.failure("go", code: "denied", "not today")]
        ) { context, bodies in
            do {
                return try await context.receive("go", as: String.self)
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return "\(error.code) \(error.message) " + (try await context.step("after", bodies))
            }
        },
        ConformanceCase(
            "a failure that was there before",
            "= \"denied yes\"",
            steps: [.failure("go", code: "denied", "no"), .signal("go", "yes"), .nothing]
        ) { context, _ in
            try await context.sleep(for: .seconds(10))
            var code = ""
            do {
                _ = try await context.receive("go", as: String.self, timeout: .seconds(5))
            } catch let error as OperationError {
                code = error.code
            }
            let next = try await context.receive("go", as: String.self, timeout: .seconds(5))
            return "\(code) \(next.value ?? "nil")"
        },
        ConformanceCase(
            "the next attempt waits for another signal",
            "= \"yes 2\"",
            terms: .attempts(2),
            steps: [.failure("go", code: "denied", "no"), .nothing, .signal("go", "yes")]
        ) { context, _ in
            let attempt = context.attempt
            let answer = try await context.receive("go", as: String.self, timeout: .seconds(60))
            return "\(answer.value ?? "nil") \(attempt)"
        },
        ConformanceCase(
            "a failure that is dealt with stays in the next attempt",
            "= \"denied 2\"",
            terms: .attempts(2),
            steps: [.failure("go", code: "denied", "no")]
        ) { context, bodies in
            let attempt = context.attempt
            var code = ""
            do {
                _ = try await context.receive("go", as: String.self)
            } catch let error as OperationError {
                code = error.code
            }
            _ = try await context.step("dealt", bodies)
            if attempt == 1 { throw Boom() }
            return "\(code) \(attempt)"
        },
        ConformanceCase(
            "a failure goes over to the next run",
            "= \"denied: no\"",
            steps: [.failure("go", code: "denied", "no")]
        ) { context, _ in
            if try context.inputNumber() == 0 {
                try await context.sleep(for: .seconds(5))
                throw try context.continueAsNew(ConformanceWorkflow.self, input: 1)
            }
            do {
                return try await context.receive("go", as: String.self)
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return "\(error.code): \(error.message)"
            }
        },
        ConformanceCase(
            "a failure in a branch",
            "= \"denied [1]\"",
            steps: [.failure("b", code: "denied", "no")]
        ) { context, _ in
            do {
                _ = try await context.parallel(
                    "both",
                    { scope in try await scope.receive("a", as: String.self) },
                    { scope in try await scope.receive("b", as: String.self) }
                )
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return "\(error.code) \(error.branch)"
            }
        },
    ]
}
