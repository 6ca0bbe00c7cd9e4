import Daybook
import DaybookModel

extension ConformanceCase {
    private static let even = RetryPolicy(maxAttempts: 9, baseDelay: .seconds(5), multiplier: 1)

    /// Looking again and again.
    static let polls: [ConformanceCase] = [
        ConformanceCase(
            "a poll that is done at once",
            "= \"1 0\"",
            runs: ["look"],
            history: ["checkpoint_succeeded look", "execution_completed"]
        ) { context, bodies in
            let start = context.now
            let value = try await context.poll("look", from: 1, every: .seconds(5)) {
                state,
                _ -> Poll<Int, Int> in
                bodies.ran("look")
                return .done(state)
            }
            return "\(value) \(context.now.since(start).components.seconds)"
        },
        ConformanceCase(
            "a poll hands on what it has seen",
            "= \"0,1,2 10 3\"",
            runs: ["look", "look", "look"],
            history: [
                "operation_retried look", "timer_fired look", "operation_retried look",
                "timer_fired look", "checkpoint_succeeded look", "execution_completed",
            ]
        ) { context, bodies in
            let start = context.now
            let (seen, tries) = try await look(context, bodies, until: 2)
            let took = context.now.since(start).components.seconds
            return "\(seen) \(took) \(tries)"
        },
        ConformanceCase("a poll that waits longer each time", "= \"7\"") { context, _ in
            let start = context.now
            let policy = RetryPolicy(maxAttempts: 9, baseDelay: .seconds(1))
            _ = try await context.poll("look", from: 0, every: policy) {
                state,
                _ -> Poll<Int, Int> in
                state == 3 ? .done(state) : .again(state + 1)
            }
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("a poll that may look no more", "= \"attempts-exhausted after\"") {
            context,
            bodies in
            var code = ""
            do {
                let policy = RetryPolicy(maxAttempts: 3, baseDelay: .seconds(1))
                _ = try await context.poll("look", from: 0, every: policy) {
                    state,
                    _ -> Poll<Int, Int> in
                    bodies.ran("look")
                    return .again(state + 1)
                }
            } catch let error as OperationError {
                code = error.code
            }
            try await context.sleep(for: .seconds(1))
            return code + " " + (try await context.step("after", bodies))
        },
        ConformanceCase(
            "a poll whose time is over looks a last time",
            "= \"timed_out 12\"",
            runs: ["look", "look", "look", "look"]
        ) { context, bodies in
            let start = context.now
            do {
                _ = try await context.poll("look", from: 0, every: even, timeout: .seconds(12)) {
                    state,
                    _ -> Poll<Int, Int> in
                    bodies.ran("look")
                    return .again(state)
                }
                return "not reached"
            } catch let error as OperationError {
                return "\(error.code) \(context.now.since(start).components.seconds)"
            }
        },
        ConformanceCase("a poll that throws", "= \"Boom 5\"", runs: ["look", "look"]) {
            context,
            bodies in
            let start = context.now
            do {
                _ = try await context.poll("look", from: 0, every: even) {
                    state,
                    _ -> Poll<Int, Int> in
                    bodies.ran("look")
                    if state == 1 { throw Boom() }
                    return .again(1)
                }
                return "not reached"
            } catch let error as OperationError {
                return "\(error.code) \(context.now.since(start).components.seconds)"
            }
        },
        ConformanceCase(
            "a poll that failed begins anew in the next attempt",
            "= \"0,1 2\"",
            runs: ["look", "look", "look", "look"],
            terms: .attempts(2)
        ) { context, bodies in
            let attempt = context.attempt
            let seen = try await context.poll("look", from: [Int](), every: even) {
                state,
                _ -> Poll<[Int], [Int]> in
                bodies.ran("look")
                let seen = state + [state.count]
                if seen.count < 2 { return .again(seen) }
                if attempt == 1 { throw Boom() }
                return .done(seen)
            }
            return seen.map { "\($0)" }.joined(separator: ",") + " \(attempt)"
        },
        ConformanceCase("polls beside each other", "= \"0,1 0,1,2 0,1,2,3\"") { context, bodies in
            let all = try await context.map("all", 1...3) { scope, number in
                try await look(scope, bodies, until: number).seen
            }
            return all.joined(separator: " ")
        },
        ConformanceCase("a poll that loses", "= \"late\"") { context, bodies in
            try await context.race(
                "limit",
                { scope in
                    try await scope.sleep(for: .seconds(12))
                    return "late"
                },
                { scope in try await look(scope, bodies, until: 50).seen }
            )
        },
        ConformanceCase(
            "a poll with a policy that makes no sense",
            "= \"invalid-argument\"",
            runs: []
        ) {
            context,
            bodies in
            do {
                let policy = RetryPolicy(maxAttempts: 0)
                return try await context.poll("look", from: 0, every: policy) {
                    _,
                    _ -> Poll<Int, String> in
                    bodies.ran("look")
                    return .done("")
                }
            } catch let error as OperationError {
                return error.code
            }
        },
    ]

    /// Looks every five seconds, and notes which look it was.
    private static func look(
        _ context: WorkflowContext,
        _ bodies: ConformanceBodies,
        until last: Int
    ) async throws -> (seen: String, tries: UInt32) {
        let result = try await context.poll("look", from: [Int](), every: .seconds(5)) {
            state,
            operation -> Poll<[Int], [Int]> in
            bodies.ran("look")
            let seen = state + [state.count]
            return state.count == last ? .done(seen + [Int(operation.tries)]) : .again(seen)
        }
        let seen = result.dropLast().map { "\($0)" }.joined(separator: ",")
        return (seen, UInt32(result.last ?? 0))
    }
}
