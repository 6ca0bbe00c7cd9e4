import Daybook
import DaybookModel

extension ConformanceCase {
    /// Branches that wait, and are stopped because another one failed: in the next attempt they go on.
    static let stoppedWaits: [ConformanceCase] = [
        ConformanceCase(
            "a sleep beside a failure goes on in the next attempt",
            "= \"20 seconds\"",
            runs: ["b", "b", "long"],
            terms: .attempts(2)
        ) { context, bodies in
            let start = context.now
            _ = try await context.map("all", [0, 1]) { scope, number in
                if number == 0 {
                    try await scope.sleep(for: .seconds(20), "long")
                    _ = try await scope.step("long", bodies)
                } else {
                    try await scope.sleep(for: .seconds(5), "short")
                    try await scope.checkpoint("b") { operation in
                        bodies.ran("b")
                        if operation.attempt == 1 { throw Boom() }
                    }
                }
                return number
            }
            return "\(context.now.since(start).components.seconds) seconds"
        },
        ConformanceCase(
            "a sleep beside a failure is over before the next attempt",
            "= \"30 seconds\"",
            terms: .attempts(2, delay: .seconds(25))
        ) { context, bodies in
            let start = context.now
            _ = try await context.map("all", [0, 1]) { scope, number in
                if number == 0 {
                    try await scope.sleep(for: .seconds(20), "long")
                } else {
                    try await scope.sleep(for: .seconds(5), "short")
                    try await scope.checkpoint("b") { operation in
                        if operation.attempt == 1 { throw Boom() }
                    }
                }
                return number
            }
            return "\(context.now.since(start).components.seconds) seconds"
        },
        ConformanceCase(
            "a wait for a signal beside a failure goes on in the next attempt",
            "= \"yes 2\"",
            terms: .attempts(2),
            steps: [.pass(.seconds(5)), .pass(.seconds(1)), .signal("go", "yes")]
        ) { context, bodies in
            let attempt = context.attempt
            let (answer, _) = try await context.parallel(
                "both",
                { scope in try await scope.receive("go", as: String.self) },
                { scope in
                    try await scope.sleep(for: .seconds(5))
                    try await scope.checkpoint("b") { operation in
                        if operation.attempt == 1 { throw Boom() }
                    }
                }
            )
            return "\(answer) \(attempt)"
        },
        ConformanceCase(
            "a failure that was dealt with stops for good",
            "= \"after 2\"",
            terms: .attempts(2)
        ) { context, bodies in
            let attempt = context.attempt
            do {
                _ = try await context.map("all", [0, 1]) { scope, number in
                    try await scope.sleep(for: .seconds(number == 0 ? 500 : 5))
                    throw Boom()
                }
            } catch is OperationError {
                _ = try await context.step("dealt", bodies)
            }
            try await context.sleep(for: .seconds(1))
            if attempt == 1 { throw Boom() }
            return try await context.step("after", bodies) + " \(attempt)"
        },
        ConformanceCase(
            "a stopped wait in a branch of a branch",
            "= \"20 seconds\"",
            terms: .attempts(2)
        ) { context, bodies in
            let start = context.now
            _ = try await context.map("outer", [0, 1]) { scope, number in
                try await scope.map("inner", [0, 1]) { inner, other in
                    if number == 1, other == 1 {
                        try await inner.sleep(for: .seconds(5))
                        try await inner.checkpoint("b") { operation in
                            if operation.attempt == 1 { throw Boom() }
                        }
                    } else {
                        try await inner.sleep(for: .seconds(20 * (number + other)))
                    }
                    return other
                }
            }
            return "\(context.now.since(start).components.seconds) seconds"
        },
    ]
}
