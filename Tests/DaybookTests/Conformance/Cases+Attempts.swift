import Daybook
import DaybookModel

extension ConformanceCase {
    /// What an attempt leaves to the next.
    static let attempts: [ConformanceCase] = stoppedWaits + plain + handled

    private static let plain: [ConformanceCase] = [
        ConformanceCase(
            "what failed runs again, what did not does not",
            "= \"1 3\"",
            runs: ["kept", "third", "third", "third"],
            terms: .attempts(3)
        ) { context, bodies in
            let kept = try await context.checkpoint("kept") { _ in bodies.ran("kept") }
            let third = try await context.checkpoint("third") { operation in
                let count = bodies.ran("third")
                if count < 3 { throw Boom() }
                return operation.attempt
            }
            return "\(kept) \(third)"
        },
        ConformanceCase(
            "the last attempt undoes what was done",
            "! no: ship does not work",
            runs: ["charge", "ship", "ship", "ship", "undo"],
            terms: .attempts(3)
        ) { context, bodies in
            _ = try await context.step("charge", bodies)
            try await context.sleep(for: .seconds(1))
            do {
                try await context.failing("ship", bodies)
            } catch let error as OperationError {
                let isLast = context.isLastAttempt
                guard try await context.checkpoint("last", { _ in isLast }) else { throw error }
                try await context.sleep(for: .seconds(1))
                _ = try await context.step("undo", bodies)
                throw error.handled
            }
            return ""
        },
        ConformanceCase("all attempts fail", "! Boom: 3", terms: .attempts(3)) { context, _ in
            try await context.checkpoint("a") { operation in throw Boom("\(operation.attempt)") }
            return ""
        },
        ConformanceCase(
            "an attempt that times out is followed by another",
            "= \"2\"",
            terms: .retriedTimeout
        ) { context, bodies in
            try await context.sleep(for: .seconds(3))
            try await context.sleep(for: .seconds(30))
            return "\(context.attempt)"
        },
        ConformanceCase(
            "a failure in a branch",
            "= \"[0, 1]\"",
            runs: ["b0", "b1", "b1"],
            isOrdered: false,
            terms: .attempts(2)
        ) { context, bodies in
            let all = try await context.map("all", [0, 1], maxConcurrent: 1) { scope, number in
                try await scope.checkpoint("b") { _ in
                    let count = bodies.ran("b\(number)")
                    if number == 1, count == 1 { throw Boom() }
                    return number
                }
            }
            return "\(all)"
        },
        ConformanceCase(
            "a failure that the handler went on after",
            "= \"2 caught\"",
            runs: ["a", "b", "c", "c"],
            terms: .attempts(2)
        ) { context, bodies in
            var caught = ""
            do { try await context.failing("a", bodies) } catch is OperationError {
                caught = "caught"
            }
            _ = try await context.step("b", bodies)
            let attempt = try await context.checkpoint("c") { operation in
                bodies.ran("c")
                if operation.attempt < 2 { throw Boom() }
                return operation.attempt
            }
            return "\(attempt) \(caught)"
        },
        ConformanceCase("the error of the attempt before", "= \"boom\"", terms: .attempts(2)) {
            context,
            _ in
            if context.attempt == 1 { throw Boom() }
            try await context.sleep(for: .seconds(1))
            return try context.previousError?.message ?? "none"
        },
        ConformanceCase(
            "tries begin anew in the next attempt",
            "= \"1\"",
            runs: ["a", "a", "a"],
            terms: .attempts(2)
        ) { context, bodies in
            let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(1))
            let tries = try await context.checkpoint("a", options: .init(retry: policy)) {
                operation in
                if bodies.ran("a") < 3 { throw Boom() }
                return operation.tries
            }
            return "\(tries)"
        },
    ]

    /// Failures that the handler has dealt with, and those that it has not.
    private static let handled: [ConformanceCase] = [
        ConformanceCase(
            "caught, recorded, and thrown again is not dealt with",
            "= \"ok\"",
            runs: ["charge", "release", "charge", "ship"],
            terms: .attempts(2)
        ) { context, bodies in
            try await charge(context, bodies, failures: 1)
            return try await context.step("ship", bodies, "ok")
        },
        ConformanceCase(
            "and it fails again",
            "= \"ok\"",
            runs: [
                "charge", "release", "charge", "release", "charge", "ship",
            ],
            terms: .attempts(3)
        ) { context, bodies in
            try await charge(context, bodies, failures: 2)
            return try await context.step("ship", bodies, "ok")
        },
        ConformanceCase(
            "a key is another one for what is done anew",
            "= \"true true\"",
            terms: .attempts(3)
        ) { context, bodies in
            do {
                try await context.checkpoint("charge") { operation in
                    bodies.ran(operation.idempotencyKey)
                    if operation.attempt < 3 { throw Boom() }
                }
            } catch let error as OperationError {
                try await context.checkpoint("release") { operation in
                    _ = bodies.ran("release " + operation.idempotencyKey)
                }
                throw error
            }
            let keys = bodies.names
            let charges = Set(keys.filter { !$0.hasPrefix("release") })
            let releases = Set(keys.filter { $0.hasPrefix("release") })
            let same = try await context.checkpoint("same") { _ in
                "\(charges.count == 1) \(releases.count == 2)"
            }
            return same
        },
        ConformanceCase(
            "with a wait in between",
            "= \"ok\"",
            runs: ["charge", "release", "charge", "ship"],
            terms: .attempts(2)
        ) { context, bodies in
            do {
                try await context.checkpoint("charge") { _ in
                    if bodies.ran("charge") == 1 { throw Boom() }
                }
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(5), "calm")
                _ = try await context.step("release", bodies)
                throw error
            }
            try await context.sleep(for: .seconds(1))
            return try await context.step("ship", bodies, "ok")
        },
        ConformanceCase(
            "around a map",
            "= \"[0, 1]\"",
            runs: ["b0", "b1", "tell", "b1"],
            terms: .attempts(2)
        ) { context, bodies in
            do {
                let all = try await context.map("all", [0, 1], maxConcurrent: 1) { scope, number in
                    try await scope.checkpoint("b") { _ in
                        let count = bodies.ran("b\(number)")
                        if number == 1, count == 1 { throw Boom() }
                        return number
                    }
                }
                return "\(all)"
            } catch let error as OperationError {
                _ = try await context.step("tell", bodies)
                throw error
            }
        },
        ConformanceCase(
            "in a branch",
            "= \"[\\\"k0\\\", \\\"k1\\\"]\"",
            runs: ["k0", "k1", "b1", "tell", "b1"],
            terms: .attempts(2)
        ) { context, bodies in
            let all = try await context.map("all", [0, 1], maxConcurrent: 1) { scope, number in
                let kept = try await scope.step("k\(number)", bodies)
                guard number == 1 else { return kept }
                do {
                    try await scope.checkpoint("b") { _ in
                        if bodies.ran("b1") == 1 { throw Boom() }
                    }
                } catch let error as OperationError {
                    _ = try await scope.step("tell", bodies)
                    throw error
                }
                return kept
            }
            return "\(all)"
        },
        ConformanceCase(
            "a branch of its own error",
            "= \"done\"",
            runs: ["tell"],
            terms: .attempts(2)
        ) { context, bodies in
            let attempt = context.attempt
            do {
                _ = try await context.map("all", [0]) { _, _ in
                    if attempt == 1 { throw Boom() }
                    return 0
                }
            } catch {
                _ = try await context.step("tell", bodies)
                throw error
            }
            return "done"
        },
        ConformanceCase(
            "the first of two failures",
            "= \"a b\"",
            runs: ["a", "b", "a", "b"],
            terms: .attempts(2)
        ) { context, bodies in
            var first: (any Error)?
            var all: [String] = []
            for name in ["a", "b"] {
                do {
                    try await context.checkpoint(name) { _ in
                        if bodies.ran(name) == 1 { throw Boom(name) }
                    }
                    all.append(name)
                } catch let error as OperationError {
                    first = first ?? error
                }
            }
            if let first { throw first }
            return all.joined(separator: " ")
        },
        ConformanceCase(
            "a failure that is taken as a result",
            "= \"no 2\"",
            runs: ["a", "b", "b"],
            terms: .attempts(2)
        ) { context, bodies in
            let result: Result<Int, OperationError> = try await context.attempt("a") { _ in
                bodies.ran("a")
                throw OperationError(code: "no", message: "it does not work")
            }
            guard case .failure(let error) = result else { return "not reached" }
            let attempt = try await context.checkpoint("b") { operation in
                bodies.ran("b")
                if operation.attempt < 2 { throw Boom() }
                return operation.attempt
            }
            return "\(error.code) \(attempt)"
        },
        ConformanceCase(
            "a failure that is taken as a result is kept though nothing came after it",
            "= \"no\"",
            runs: ["a"],
            terms: .attempts(2)
        ) { context, bodies in
            let result: Result<Int, OperationError> = try await context.attempt("a") { _ in
                bodies.ran("a")
                throw OperationError(code: "no", message: "it does not work")
            }
            if context.attempt == 1 { throw Boom() }
            guard case .failure(let error) = result else { return "not reached" }
            return error.code
        },
        ConformanceCase("a success of an attempt", "= \"7\"", runs: ["a"]) { context, bodies in
            let result = try await context.attempt("a") { _ in
                bodies.ran("a")
                return 7
            }
            try await context.sleep(for: .seconds(1))
            return "\(try result.get())"
        },
    ]

    /// Charges, and releases what was held when that fails.
    private static func charge(
        _ context: WorkflowContext,
        _ bodies: ConformanceBodies,
        failures: Int
    ) async throws {
        do {
            try await context.checkpoint("charge") { _ in
                if bodies.ran("charge") <= failures { throw Boom() }
            }
        } catch let error as OperationError {
            _ = try await context.step("release", bodies)
            throw error
        }
    }
}

extension ExecutionOptions {
    /// Two attempts of 32 seconds each.
    static var retriedTimeout: ExecutionOptions {
        var terms = ExecutionOptions.attempts(2)
        terms.timeout = .seconds(32)
        return terms
    }
}
