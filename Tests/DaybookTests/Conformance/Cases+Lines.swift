import Daybook
import DaybookModel

extension ConformanceCase {
    /// Lines of the log.
    static let lines: [ConformanceCase] = [
        ConformanceCase("lines between steps", "= \"done\"", logs: ["l1", "l2", "l3"]) {
            context,
            bodies in
            context.log("l1")
            _ = try await context.step("a", bodies)
            context.log("l2")
            try await context.sleep(for: .seconds(1))
            context.log("l3")
            return "done"
        },
        ConformanceCase("lines of bodies", "= \"done\"", logs: ["in a", "in b"]) { context, _ in
            try await context.checkpoint("a") { $0.log("in a") }
            try await context.sleep(for: .seconds(1))
            try await context.checkpoint("b") { $0.log("in b") }
            return "done"
        },
        ConformanceCase(
            "lines after the last operation of a branch",
            "= \"done\"",
            logs: ["b0", "b1"]
        ) { context, bodies in
            _ = try await context.map("all", [0, 1]) { scope, number in
                _ = try await scope.step("a", bodies)
                scope.log("b\(number)")
                return number
            }
            try await context.sleep(for: .seconds(1))
            try await context.sleep(for: .seconds(1))
            return "done"
        },
        ConformanceCase("lines of a branch without operations", "= \"done\"", logs: ["b0", "b1"]) {
            context,
            _ in
            _ = try await context.map("all", [0, 1]) { scope, number in
                scope.log("b\(number)")
                return number
            }
            try await context.sleep(for: .seconds(1))
            try await context.sleep(for: .seconds(1))
            return "done"
        },
        ConformanceCase("lines of a branch in a branch", "= \"done\"", logs: ["x", "y", "z"]) {
            context,
            bodies in
            _ = try await context.parallel(
                "outer",
                { outer in
                    _ = try await outer.map("inner", [0]) { inner, _ in
                        _ = try await inner.step("a", bodies)
                        inner.log("x")
                        return 0
                    }
                    outer.log("y")
                    return 0
                }
            )
            context.log("z")
            try await context.sleep(for: .seconds(1))
            return "done"
        },
        ConformanceCase("a line after the end of a race", "= \"fast\"", logs: ["won", "after"]) {
            context,
            _ in
            let won = try await context.race(
                "race",
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    scope.log("won")
                    return "fast"
                },
                { scope in
                    try await scope.sleep(for: .seconds(9))
                    scope.log("lost")
                    return "slow"
                }
            )
            context.log("after")
            try await context.sleep(for: .seconds(1))
            return won
        },
        ConformanceCase(
            "lines before a step that is tried again",
            "= \"2\"",
            logs: ["before", "try 1", "try 2"]
        ) { context, _ in
            context.log("before")
            let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(3))
            let tries = try await context.checkpoint("a", options: .init(retry: policy)) {
                operation in
                operation.log("try \(operation.tries)")
                if operation.tries < 2 { throw Boom() }
                return operation.tries
            }
            return "\(tries)"
        },
        ConformanceCase("lines before the end", "! Boom: boom", logs: ["last"]) { context, _ in
            try await context.sleep(for: .seconds(1))
            context.log("last")
            throw Boom()
        },
        ConformanceCase("lines before waits in branches", "= \"[0, 1]\"", logs: ["w0", "w1"]) {
            context,
            _ in
            let all = try await context.map("all", [0, 1]) { scope, number in
                scope.log("w\(number)")
                try await scope.sleep(for: .seconds(number + 1))
                return number
            }
            return "\(all)"
        },
    ]
}
