import Daybook
import DaybookModel

extension ConformanceCase {
    /// Code in a scope of its own.
    static let scopes: [ConformanceCase] = [
        ConformanceCase(
            "a scope",
            "= \"abc\"",
            runs: ["a", "b", "c"],
            history: [
                "checkpoint_succeeded a", "branches_started inner", "timer_started sleep",
                "timer_fired sleep", "checkpoint_succeeded b", "checkpoint_succeeded c",
                "execution_completed",
            ]
        ) { context, bodies in
            var text = try await context.step("a", bodies)
            // It runs in the same task: what is around it may be changed.
            try await context.scope("inner") { inner in
                try await inner.sleep(for: .seconds(1))
                text += try await inner.step("b", bodies)
            }
            return text + (try await context.step("c", bodies))
        },
        ConformanceCase("scopes in scopes", "= \"3\"") { context, _ in
            let depth = try await context.scope("one") { one in
                try await one.scope("two") { two in
                    try await two.sleep(for: .seconds(1))
                    return try await two.scope("three") { three in
                        try await three.checkpoint("deep") { _ in 3 }
                    }
                }
            }
            return "\(depth)"
        },
        ConformanceCase("a scope that throws", "= \"no [] after\"") { context, bodies in
            do {
                try await context.scope("inner") { inner in
                    try await inner.sleep(for: .seconds(1))
                    try await inner.failing("b", bodies)
                }
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return "\(error.code) \(error.branch) " + (try await context.step("after", bodies))
            }
        },
        ConformanceCase("a scope that throws by itself", "= \"Boom after\"") { context, bodies in
            do {
                try await context.scope("inner") { inner in
                    try await inner.sleep(for: .seconds(1))
                    throw Boom()
                }
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return error.code + " " + (try await context.step("after", bodies))
            }
        },
        ConformanceCase(
            "a scope that failed runs again in the next attempt",
            "= \"2\"",
            runs: ["a", "b", "b"],
            terms: .attempts(2)
        ) { context, bodies in
            let attempt = try await context.scope("inner") { inner in
                _ = try await inner.step("a", bodies)
                try await inner.sleep(for: .seconds(1))
                return try await inner.checkpoint("b") { operation in
                    bodies.ran("b")
                    if operation.attempt == 1 { throw Boom() }
                    return operation.attempt
                }
            }
            return "\(attempt)"
        },
        ConformanceCase("a scope in branches", "= \"[0, 2, 4]\"") { context, _ in
            let all = try await context.map("all", 0..<3) { branch, number in
                try await branch.scope("inner") { inner in
                    try await inner.sleep(for: .seconds(number + 1))
                    return number * 2
                }
            }
            return "\(all)"
        },
        ConformanceCase("a scope that loses", "= \"fast\"") { context, _ in
            try await context.race(
                "who",
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    return "fast"
                },
                { scope in
                    try await scope.scope("inner") { inner in
                        try await inner.sleep(for: .seconds(9))
                        return "slow"
                    }
                }
            )
        },
        ConformanceCase(
            "what is around a scope is not called in it",
            "= \"nested-operation after\"",
            runs: ["after"]
        ) { context, bodies in
            var code = ""
            do {
                // Unsafe only in name: it is the same task.
                nonisolated(unsafe) let around = context
                try await context.scope("inner") { _ in
                    try await around.checkpoint("b") { _ in _ = bodies.ran("b") }
                }
            } catch let error as OperationError {
                code = error.code
            }
            return code + " " + (try await context.step("after", bodies))
        },
        ConformanceCase(
            "lines of a scope are recorded once",
            "= \"done\"",
            logs: ["in", "in, after all", "out"]
        ) { context, bodies in
            try await context.scope("inner") { inner in
                inner.log("in")
                try await inner.sleep(for: .seconds(1))
                inner.log("in, after all")
            }
            context.log("out")
            try await context.sleep(for: .seconds(1))
            return "done"
        },
    ]
}
