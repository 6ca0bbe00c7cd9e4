import Daybook
import DaybookFormat
import DaybookModel

extension ConformanceCase {
    /// Signals, which other engines call callbacks.
    static let signals: [ConformanceCase] = [
        ConformanceCase(
            "a signal that is waited for",
            "= \"yes\"",
            history: [
                "signal_awaited go", "signal_received", "signal_delivered go",
                "execution_completed",
            ],
            steps: [.signal("go", "yes")]
        ) { context, _ in
            try await context.receive("go", as: String.self)
        },
        ConformanceCase(
            "a signal that comes before it is asked for",
            "= \"early\"",
            steps: [.signal("go", "early")]
        ) { context, bodies in
            try await context.sleep(for: .seconds(5))
            _ = try await context.step("a", bodies)
            return try await context.receive("go", as: String.self)
        },
        ConformanceCase(
            "signals in the order of their coming",
            "= \"1 2 3\"",
            steps: [.signal("n", "1"), .signal("n", "2"), .signal("n", "3")]
        ) { context, _ in
            try await context.sleep(for: .seconds(5))
            var all: [String] = []
            for _ in 0..<3 { all.append(try await context.receive("n", as: String.self)) }
            return all.joined(separator: " ")
        },
        ConformanceCase(
            "signals one after the other",
            "= \"1 2 3\"",
            steps: [.signal("n", "1"), .signal("n", "2"), .signal("n", "3")]
        ) { context, _ in
            var all: [String] = []
            for _ in 0..<3 { all.append(try await context.receive("n", as: String.self)) }
            return all.joined(separator: " ")
        },
        ConformanceCase(
            "signals of other names",
            "= \"b a\"",
            steps: [.signal("a", "a"), .signal("b", "b")]
        ) { context, _ in
            let b = try await context.receive("b", as: String.self)
            let a = try await context.receive("a", as: String.self)
            return "\(b) \(a)"
        },
        ConformanceCase(
            "one id counts once",
            "= \"1 3\"",
            steps: [
                .signal("n", "1", id: "x"), .signal("n", "2", id: "x"),
                .signal("n", "3", id: "y"),
            ]
        ) { context, _ in
            let first = try await context.receive("n", as: String.self)
            let second = try await context.receive("n", as: String.self)
            return "\(first) \(second)"
        },
        ConformanceCase("patience that ends", "= \"nil 10\"") { context, _ in
            let start = context.now
            let value = try await context.receive("go", as: String.self, timeout: .seconds(10))
            return "\(value.value ?? "nil") \(context.now.since(start).components.seconds)"
        },
        ConformanceCase(
            "a signal in time",
            "= \"yes 4\"",
            steps: [.pass(.seconds(4)), .signal("go", "yes")]
        ) { context, _ in
            let start = context.now
            let value = try await context.receive("go", as: String.self, timeout: .seconds(10))
            return "\(value.value ?? "nil") \(context.now.since(start).components.seconds)"
        },
        ConformanceCase(
            "a signal that is too late is kept",
            "= \"nil late\"",
            steps: [.pass(.seconds(10)), .signal("go", "late")]
        ) { context, _ in
            let first = try await context.receive("go", as: String.self, timeout: .seconds(10))
            try await context.sleep(for: .seconds(1))
            let second = try await context.receive("go", as: String.self)
            return "\(first.value ?? "nil") \(second)"
        },
        ConformanceCase("no patience is a poll that finds nothing", "= \"nil\"") { context, _ in
            let value = try await context.receive("go", as: String.self, timeout: .zero)
            return value.value ?? "nil"
        },
        ConformanceCase(
            "no patience is a poll that finds what is there",
            "= \"yes nil\"",
            steps: [.signal("go", "yes")]
        ) { context, _ in
            try await context.sleep(for: .seconds(1))
            let first = try await context.receive("go", as: String.self, timeout: .zero)
            let second = try await context.receive("go", as: String.self, timeout: .seconds(-3))
            return "\(first.value ?? "nil") \(second.value ?? "nil")"
        },
        ConformanceCase(
            "a failure by convention",
            "! rejected: bob",
            steps: [.signal("answer", "no:bob")]
        ) { context, _ in
            let answer = try await context.receive("answer", as: String.self)
            if answer.hasPrefix("no:") {
                throw OperationError(code: "rejected", message: String(answer.dropFirst(3)))
            }
            return answer
        },
        ConformanceCase(
            "a heartbeat that stops",
            "= \"3 beats\"",
            steps: [.signal("beat", "1"), .signal("beat", "2"), .signal("beat", "3")]
        ) { context, _ in
            var beats = 0
            while try await !context.receive("beat", as: String.self, timeout: .seconds(5))
                .isTimedOut
            {
                beats += 1
            }
            return "\(beats) beats"
        },
        ConformanceCase(
            "a step hands out what the answer comes by",
            "= \"sent, yes\"",
            runs: ["send"],
            steps: [.signal("answer", "yes")]
        ) { context, bodies in
            let sent = try await context.step("send", bodies, "sent")
            let answer = try await context.receive("answer", as: String.self)
            return "\(sent), \(answer)"
        },
        ConformanceCase(
            "answers in branches",
            "= \"[\\\"a\\\", \\\"b\\\"]\"",
            steps: [.signal("s1", "b"), .signal("s0", "a")]
        ) { context, _ in
            let all = try await context.map("all", [0, 1]) { scope, number in
                try await scope.receive("s\(number)", as: String.self)
            }
            return "\(all)"
        },
        ConformanceCase(
            "two branches wait for one name",
            "= \"true\"",
            steps: [.signal("s", "a"), .signal("s", "b")]
        ) { context, _ in
            let all = try await context.map("all", [0, 1]) { scope, _ in
                try await scope.receive("s", as: String.self)
            }
            return "\(all.sorted() == ["a", "b"])"
        },
        ConformanceCase(
            "an answer or a time limit",
            "= \"late\"",
            steps: [.pass(.seconds(3))]
        ) { context, _ in
            try await context.race(
                "limit",
                { scope in try await scope.receive("answer", as: String.self) },
                { scope in
                    try await scope.sleep(for: .seconds(3))
                    return "late"
                }
            )
        },
        ConformanceCase(
            "a signal that a stopped branch waited for is kept",
            "= \"late kept\"",
            steps: [.pass(.seconds(3)), .pass(.seconds(1)), .signal("answer", "kept")]
        ) { context, _ in
            let first = try await context.race(
                "limit",
                { scope in try await scope.receive("answer", as: String.self) },
                { scope in
                    try await scope.sleep(for: .seconds(3))
                    return "late"
                }
            )
            try await context.sleep(for: .seconds(5))
            return first + " " + (try await context.receive("answer", as: String.self))
        },
        ConformanceCase(
            "a signal during a delay of a step",
            "= \"2 yes\"",
            steps: [.signal("go", "yes")]
        ) { context, _ in
            let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(5))
            let tries = try await context.checkpoint("a", options: .init(retry: policy)) {
                operation in
                if operation.tries < 2 { throw Boom() }
                return operation.tries
            }
            return "\(tries) " + (try await context.receive("go", as: String.self))
        },
    ]
}
