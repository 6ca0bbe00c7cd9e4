import Daybook
import DaybookFormat
import DaybookModel

extension ConformanceCase {
    /// Sleeping, and waiting for a condition.
    static let waits: [ConformanceCase] = [
        ConformanceCase(
            "a sleep",
            "= \"30\"",
            history: [
                "timer_started settle", "timer_fired settle", "execution_completed",
            ]
        ) { context, _ in
            let start = context.now
            try await context.sleep(for: .seconds(30), "settle")
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("sleeps in a row", "= \"6\"") { context, _ in
            let start = context.now
            for seconds in 1...3 { try await context.sleep(for: .seconds(seconds)) }
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("a sleep until a time", "= \"60\"") { context, _ in
            let start = context.now
            try await context.sleep(
                until: Timestamp(rawValue: start.rawValue + 60_000_000_000)
            )
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("a sleep until a time that is over", "= \"0\"") { context, _ in
            let start = context.now
            try await context.sleep(until: Timestamp(rawValue: 5))
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("a sleep of no time", "= \"done\"") { context, _ in
            try await context.sleep(for: .zero)
            try await context.sleep(for: .seconds(-5))
            return "done"
        },
        ConformanceCase("a long sleep", "= \"31536000\"") { context, _ in
            let start = context.now
            try await context.sleep(for: .seconds(31_536_000))
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("sleeps beside each other", "= \"3\"") { context, _ in
            let start = context.now
            _ = try await context.map("all", [1, 2, 3]) { scope, seconds in
                try await scope.sleep(for: .seconds(seconds))
                return seconds
            }
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("sleeps of one length beside each other", "= \"[0, 1, 2, 3]\"") {
            context,
            _ in
            let all = try await context.map("all", [0, 1, 2, 3]) { scope, number in
                try await scope.sleep(for: .seconds(5))
                return number
            }
            return "\(all)"
        },
        ConformanceCase(
            "a condition that comes true",
            "= \"3\"",
            runs: ["look", "look", "look"]
        ) { context, bodies in
            var looks = 0
            while true {
                looks += 1
                let number = looks
                let isReady = try await context.checkpoint("look") { _ in
                    bodies.ran("look")
                    return number == 3
                }
                if isReady { return "\(looks)" }
                try await context.sleep(for: .seconds(10))
            }
        },
        ConformanceCase("a condition with a longer and longer delay", "= \"7\"") { context, _ in
            let start = context.now
            var delay = 1
            while try await context.checkpoint("look", { [delay] _ in delay < 8 }) {
                try await context.sleep(for: .seconds(delay))
                delay *= 2
            }
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("a condition that never comes true", "= \"gave up\"") { context, _ in
            for _ in 0..<3 {
                if try await context.checkpoint("look", { _ in false }) { return "ready" }
                try await context.sleep(for: .seconds(10))
            }
            return "gave up"
        },
        ConformanceCase("a look that fails", "= \"true\"", runs: ["look", "look"]) {
            context,
            bodies in
            var isReady = false
            for round in 0..<2 {
                do {
                    isReady = try await context.checkpoint("look") { _ in
                        bodies.ran("look")
                        if round == 0 { throw Boom() }
                        return true
                    }
                } catch is OperationError {
                    try await context.sleep(for: .seconds(1))
                }
            }
            return "\(isReady)"
        },
        ConformanceCase("a condition that carries a state", "= \"1 3 6\"") { context, _ in
            var state: [Int] = []
            for number in 1...3 {
                let sum = (state.last ?? 0) + number
                state.append(try await context.checkpoint("poll") { _ in sum })
                try await context.sleep(for: .seconds(1))
            }
            return state.map(String.init).joined(separator: " ")
        },
        ConformanceCase(
            "an attempt that times out",
            "! timed_out: Task timed out",
            terms: .timeout(.seconds(10))
        ) { context, _ in
            try await context.sleep(for: .seconds(60))
            return "not reached"
        },
    ]
}

extension ExecutionOptions {
    /// One attempt, of so much time.
    static func timeout(_ duration: Duration) -> ExecutionOptions {
        var terms = ExecutionOptions()
        terms.timeout = duration
        return terms
    }
}
