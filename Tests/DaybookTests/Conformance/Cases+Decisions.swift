import Daybook
import DaybookModel

extension ConformanceCase {
    /// A branch decides while others have records that they have not asked for again.
    static let decisions: [ConformanceCase] = [
        ConformanceCase("a time limit around work that goes on", "= \"late\"", runs: ["own", "a"]) {
            context,
            bodies in
            try await context.race(
                "limit",
                { scope in
                    try await scope.sleep(for: .seconds(5))
                    return "late"
                },
                { scope in
                    _ = try await scope.step("own", bodies)
                    _ = try await scope.step("a", bodies)
                    try await scope.sleep(for: .seconds(100))
                    return "done"
                }
            )
        },
        ConformanceCase("a time limit, and an operation after it", "= \"late after\"") {
            context,
            bodies in
            let won = try await context.race(
                "limit",
                { scope in
                    try await scope.sleep(for: .seconds(5))
                    return "late"
                },
                { scope in
                    for number in 0..<5 { _ = try await scope.step("s\(number)", bodies) }
                    try await scope.sleep(for: .seconds(100))
                    return "done"
                }
            )
            return won + " " + (try await context.step("after", bodies))
        },
        ConformanceCase("two timers of one moment", "= \"same\"") { context, bodies in
            try await context.race(
                "limit",
                { scope in
                    try await scope.sleep(for: .seconds(5))
                    return "same"
                },
                { scope in
                    _ = try await scope.step("a", bodies)
                    try await scope.sleep(for: .seconds(5))
                    return "same"
                }
            )
        },
        ConformanceCase("a map that fails while others have records", "= \"failed\"") {
            context,
            bodies in
            do {
                _ = try await context.map("all", [0, 1, 2]) { scope, number in
                    if number == 0 {
                        try await scope.sleep(for: .seconds(5))
                        throw OperationError(code: "no", message: "zero")
                    }
                    _ = try await scope.step("a\(number)", bodies)
                    try await scope.sleep(for: .seconds(100))
                    return number
                }
                return "not reached"
            } catch is OperationError {
                return "failed"
            }
        },
        ConformanceCase("a map in a branch that is stopped", "= \"late\"") { context, bodies in
            try await context.race(
                "limit",
                { scope in
                    try await scope.sleep(for: .seconds(5))
                    return "late"
                },
                { scope in
                    _ = try await scope.map("inner", [1, 2]) { inner, number in
                        _ = try await inner.step("a\(number)", bodies)
                        try await inner.sleep(for: .seconds(100))
                        return number
                    }
                    return "done"
                }
            )
        },
        ConformanceCase("a race in a branch that is stopped", "! no: outer") { context, bodies in
            let all = try await context.map("outer", [0, 1]) { scope, number in
                if number == 0 {
                    try await scope.sleep(for: .seconds(3))
                    throw OperationError(code: "no", message: "outer")
                }
                return try await scope.race(
                    "inner",
                    { inner in
                        _ = try await inner.step("a", bodies)
                        try await inner.sleep(for: .seconds(50))
                        return "one"
                    },
                    { inner in
                        try await inner.sleep(for: .seconds(60))
                        return "two"
                    }
                )
            }
            return "\(all)"
        },
        ConformanceCase(
            "a signal before a time limit",
            "= \"yes\"",
            steps: [.pass(.seconds(2)), .signal("go", "yes")]
        ) { context, bodies in
            try await context.race(
                "limit",
                { scope in
                    _ = try await scope.step("asked", bodies)
                    return try await scope.receive("go", as: String.self)
                },
                { scope in
                    _ = try await scope.step("timer", bodies)
                    try await scope.sleep(for: .seconds(100))
                    return "late"
                }
            )
        },
        ConformanceCase("a limit in a loop", "= \"late late late\"") { context, bodies in
            var all: [String] = []
            for round in 0..<3 {
                all.append(
                    try await context.race(
                        "limit",
                        { scope in
                            try await scope.sleep(for: .seconds(5))
                            return "late"
                        },
                        { scope in
                            _ = try await scope.step("a\(round)", bodies)
                            try await scope.sleep(for: .seconds(9))
                            return "done"
                        }
                    )
                )
            }
            return all.joined(separator: " ")
        },
    ]
}
