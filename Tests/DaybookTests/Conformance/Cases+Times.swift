import Daybook
import DaybookFormat
import DaybookModel

extension ConformanceCase {
    /// `now` after each kind of call is that of the entry that decided it, also in a replay.
    static let times: [ConformanceCase] = [
        after("a checkpoint", 4) { context, bodies in
            try await context.checkpoint("a") { _ in bodies.tick() }
        },
        after("a checkpoint that throws", 4) { context, bodies in
            try await context.checkpoint("a") { _ in
                bodies.tick()
                throw Boom()
            }
        },
        after("a checkpoint that is tried again", 5) { context, bodies in
            let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(2))
            try await context.checkpoint("a", options: .init(retry: policy)) { operation in
                if operation.tries < 2 { throw Boom() }
            }
        },
        after("a map", 4) { context, bodies in
            _ = try await context.map("all", [0, 1], maxConcurrent: 1) { scope, number in
                try await scope.checkpoint("b") { _ in if number == 1 { bodies.tick() } }
            }
        },
        after("a map that fails", 4) { context, bodies in
            _ = try await context.map("all", [0, 1], maxConcurrent: 1) { scope, number in
                try await scope.checkpoint("b") { _ in
                    bodies.tick()
                    throw Boom()
                }
            }
        },
        after("a map that fails without an operation", 3) { context, bodies in
            _ = try await context.map("all", [0], maxConcurrent: 1) { scope, number in
                throw Boom()
            }
        },
        after("a map of nothing", 3) { context, bodies in
            _ = try await context.map("all", [Int]()) { scope, number in number }
        },
        after("a parallel", 4) { context, bodies in
            _ = try await context.parallel(
                "both",
                { scope in try await scope.checkpoint("b") { _ in bodies.tick() } }
            )
        },
        after("a race", 4) { context, bodies in
            _ = try await context.race(
                "race",
                { scope in try await scope.checkpoint("b") { _ in bodies.tick() } }
            )
        },
        after("a race that fails", 4) { context, bodies in
            _ = try await context.race(
                "race",
                { scope in
                    try await scope.checkpoint("b") { _ in
                        bodies.tick()
                        throw Boom()
                    }
                }
            )
        },
        after("a race whose loser went on", 5) { context, bodies in
            _ = try await context.race(
                "race",
                { scope in
                    try await scope.sleep(for: .seconds(2))
                    return 0
                },
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    try await scope.sleep(for: .seconds(9))
                    return 1
                }
            )
        },
        after("store.set", 3) { context, _ in try await context.store.set("key", 1) },
        after("store.get", 3) { context, _ in _ = try await context.store.get("kept", as: Int.self)
        },
        after("store.get of nothing", 3) { context, _ in
            _ = try await context.store.get("none", as: Int.self)
        },
        after("store.delete", 3) { context, _ in try await context.store.delete("kept") },
        after("version", 3) { context, _ in _ = try await context.version("new") },
        after("output", 3) { context, _ in try await context.output("key", 1) },
        after("a sleep of no time", 3) { context, _ in try await context.sleep(for: .zero) },
        after("a sleep until a time that is over", 3) { context, _ in
            try await context.sleep(until: Timestamp(rawValue: 7))
        },
        after("a sleep", 10) { context, _ in try await context.sleep(for: .seconds(7)) },
        after("a signal that was there already", 3) { context, _ in
            _ = try await context.receive("early", as: String.self)
        },
        after("a signal that does not come", 7) { context, _ in
            _ = try await context.receive("never", as: String.self, timeout: .seconds(4))
        },
        after("a poll for a signal", 3) { context, _ in
            _ = try await context.receive("never", as: String.self, timeout: .zero)
        },
    ]

    /// What `now` is after a call, 3 seconds after the last one, in seconds since the beginning.
    private static func after(
        _ name: String,
        _ seconds: Int,
        _ call: @escaping @Sendable (WorkflowContext, ConformanceBodies) async throws -> Void
    ) -> ConformanceCase {
        ConformanceCase(
            name,
            "= \"\(seconds)\"",
            steps: [.signal("early", "text"), .signal("begin", "")]
        ) { context, bodies in
            try await context.store.set("kept", 1)
            _ = try await context.receive("begin", as: String.self)
            let start = context.now
            bodies.tickOnce("before", 3)
            do {
                try await call(context, bodies)
            } catch is OperationError {}
            let passed = context.now.since(start).components.seconds
            // Whatever comes later must not change it: from here on it is run again.
            bodies.tickOnce("after", 1)
            try await context.sleep(for: .seconds(50), "\(passed)")
            _ = try await context.receive("never", as: String.self, timeout: .seconds(1))
            return "\(passed)"
        }
    }
}
