import Daybook
import DaybookFormat
import DaybookModel

extension ConformanceCase {
    private struct Pair: Codable, Equatable {
        let name: String
        let numbers: [Int]
    }

    /// Steps: what they give, throw, try again, and what is never done twice.
    static let steps: [ConformanceCase] = values + failures + retries

    private static let values: [ConformanceCase] = [
        ConformanceCase(
            "one step",
            "= \"one\"",
            runs: ["one"],
            history: [
                "checkpoint_succeeded one", "execution_completed",
            ]
        ) { context, bodies in
            try await context.step("one", bodies)
        },
        ConformanceCase("steps in a row", "= \"one two three\"", runs: ["one", "two", "three"]) {
            context,
            bodies in
            var all: [String] = []
            for name in ["one", "two", "three"] {
                all.append(try await context.step(name, bodies))
                try await context.sleep(for: .seconds(1))
            }
            return all.joined(separator: " ")
        },
        ConformanceCase("steps of one name", "= \"0 1 2\"") { context, bodies in
            var all: [String] = []
            for number in 0..<3 { all.append(try await context.step("s", bodies, "\(number)")) }
            try await context.sleep(for: .seconds(1))
            return all.joined(separator: " ")
        },
        ConformanceCase("no steps at all", "= \"nothing\"", runs: []) { _, _ in "nothing" },
        ConformanceCase("a step that gives nothing", "= \"done\"", runs: ["void"]) {
            context,
            bodies in
            try await context.checkpoint("void") { _ in _ = bodies.ran("void") }
            try await context.sleep(for: .seconds(1))
            return "done"
        },
        ConformanceCase("a step that gives nil", "= \"true\"", runs: ["nil"]) { context, bodies in
            let value: Int? = try await context.checkpoint("nil") { _ in
                bodies.ran("nil")
                return nil
            }
            try await context.sleep(for: .seconds(1))
            return "\(value == nil)"
        },
        ConformanceCase("a step that gives false, zero, and an empty text", "= \"false 0 []\"") {
            context,
            _ in
            let no = try await context.checkpoint("no") { _ in false }
            let zero = try await context.checkpoint("zero") { _ in 0 }
            let empty = try await context.checkpoint("empty") { _ in "" }
            try await context.sleep(for: .seconds(1))
            return "\(no) \(zero) [\(empty)]"
        },
        ConformanceCase("a step that gives a structure", "= \"x [1, 2]\"") { context, _ in
            let pair = try await context.checkpoint("pair") { _ in
                Pair(name: "x", numbers: [1, 2])
            }
            try await context.sleep(for: .seconds(1))
            return "\(pair.name) \(pair.numbers)"
        },
        ConformanceCase("a large value", "= \"200000\"") { context, _ in
            let text = try await context.checkpoint("large") { _ in
                String(repeating: "x", count: 200_000)
            }
            try await context.sleep(for: .seconds(1))
            return "\(text.utf8.count)"
        },
        ConformanceCase("an input that is declared", "= \"3\"") { context, _ in
            let sum = try await context.checkpoint("sum", input: [1, 2]) { _ in 3 }
            try await context.sleep(for: .seconds(1))
            return "\(sum)"
        },
        ConformanceCase("work that is found done", "= \"found\"", runs: []) { context, bodies in
            let value = try await context.checkpoint("work", verify: { _ in .done("found") }) { _ in
                bodies.ran("work")
                return "made"
            }
            try await context.sleep(for: .seconds(1))
            return value
        },
        ConformanceCase(
            "a start that is recorded",
            "= \"made\"",
            history: [
                "operation_started work", "checkpoint_succeeded work", "timer_started sleep",
                "timer_fired sleep", "execution_completed",
            ]
        ) { context, _ in
            let value = try await context.checkpoint("work", options: .init(recordsStart: true)) {
                _ in "made"
            }
            try await context.sleep(for: .seconds(1))
            return value
        },
        ConformanceCase("drawn values", "= \"true true\"") { context, _ in
            let id = context.uuid()
            var random = context.random()
            let number = random.next()
            let kept = try await context.checkpoint("kept") { _ in [id, "\(number)"] }
            try await context.sleep(for: .seconds(1))
            return "\(kept[0] == id) \(kept[1] == "\(number)")"
        },
        ConformanceCase("a key that stays", "= \"true\"") { context, _ in
            let first = try await context.checkpoint("a") { $0.idempotencyKey }
            try await context.sleep(for: .seconds(1))
            let second = try await context.checkpoint("a") { $0.idempotencyKey }
            return "\(first != second)"
        },
        ConformanceCase("a step after each wait", "= \"abc\"", runs: ["a", "b", "c"]) {
            context,
            bodies in
            let a = try await context.step("a", bodies)
            try await context.sleep(for: .seconds(1), "one")
            let b = try await context.step("b", bodies)
            try await context.sleep(for: .seconds(1), "two")
            return a + b + (try await context.step("c", bodies))
        },
    ]

    private static let failures: [ConformanceCase] = [
        ConformanceCase(
            "a step that throws",
            "! no: a does not work",
            runs: ["a"],
            history: [
                "checkpoint_failed a", "execution_failed",
            ]
        ) { context, bodies in
            try await context.failing("a", bodies)
            return ""
        },
        ConformanceCase("a failure that is caught", "= \"caught no\"", runs: ["a", "b"]) {
            context,
            bodies in
            do {
                try await context.failing("a", bodies)
                return "not reached"
            } catch let error as OperationError {
                _ = try await context.step("b", bodies)
                try await context.sleep(for: .seconds(1))
                return "caught \(error.code)"
            }
        },
        ConformanceCase("an error of any type", "= \"Boom: it broke\"") { context, _ in
            do {
                try await context.checkpoint("a") { _ in throw Boom("it broke") }
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return "\(error.code): \(error.message)"
            }
        },
        ConformanceCase("details of an error", "= \"[1,2]\"") { context, _ in
            do {
                try await context.checkpoint("a") { _ in
                    throw OperationError(
                        code: "no",
                        message: "with details",
                        details: Array("[1,2]".utf8)
                    )
                }
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return String(decoding: error.details ?? [], as: UTF8.self)
            }
        },
        ConformanceCase("an error of the handler", "! Boom: at the end", runs: ["a"]) {
            context,
            bodies in
            _ = try await context.step("a", bodies)
            try await context.sleep(for: .seconds(1))
            throw Boom("at the end")
        },
        ConformanceCase("a body that takes too long", "= \"timed_out\"") { context, _ in
            do {
                try await context.checkpoint("a") { _ in
                    throw OperationError(code: "timed_out", message: "", kind: .timedOut)
                }
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return error.code
            }
        },
        ConformanceCase("two failures in a row", "= \"a b\"", runs: ["a", "b"]) {
            context,
            bodies in
            var all: [String] = []
            for name in ["a", "b"] {
                do { try await context.failing(name, bodies) } catch is OperationError {
                    all.append(name)
                }
            }
            try await context.sleep(for: .seconds(1))
            return all.joined(separator: " ")
        },
    ]

    private static let twice = RetryPolicy(maxAttempts: 3, baseDelay: .seconds(2), multiplier: 2)

    private static let retries: [ConformanceCase] = [
        ConformanceCase(
            "a step that works the third time",
            "= \"3 6\"",
            runs: ["a", "a", "a"],
            history: [
                "operation_retried a", "timer_fired a", "operation_retried a", "timer_fired a",
                "checkpoint_succeeded a", "execution_completed",
            ]
        ) { context, bodies in
            let start = context.now
            let tries = try await context.checkpoint("a", options: .init(retry: twice)) {
                operation in
                bodies.ran("a")
                if operation.tries < 3 { throw Boom() }
                return operation.tries
            }
            return "\(tries) \(context.now.since(start).components.seconds)"
        },
        ConformanceCase("a step that never works", "! Boom: number 3", runs: ["a", "a", "a"]) {
            context,
            bodies in
            try await context.checkpoint("a", options: .init(retry: twice)) { operation in
                bodies.ran("a")
                throw Boom("number \(operation.tries)")
            }
            return ""
        },
        ConformanceCase("an error that no try helps", "! fatal: no", runs: ["a"]) {
            context,
            bodies in
            try await context.checkpoint("a", options: .init(retry: twice)) { _ in
                bodies.ran("a")
                throw OperationError(code: "fatal", message: "no", isRetryable: false)
            }
            return ""
        },
        ConformanceCase("a fatal code", "! fatal: no", runs: ["a"]) { context, bodies in
            let policy = RetryPolicy(maxAttempts: 5, fatalCodes: ["fatal"])
            try await context.checkpoint("a", options: .init(retry: policy)) { _ in
                bodies.ran("a")
                throw OperationError(code: "fatal", message: "no")
            }
            return ""
        },
        ConformanceCase("tries without a delay", "= \"2\"", runs: ["a", "a"]) { context, bodies in
            let policy = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
            let tries = try await context.checkpoint("a", options: .init(retry: policy)) {
                operation in
                bodies.ran("a")
                if operation.tries < 2 { throw Boom() }
                return operation.tries
            }
            return "\(tries)"
        },
        ConformanceCase("a step after one that was tried again", "= \"ab\"") { context, bodies in
            let a = try await context.checkpoint("a", options: .init(retry: twice)) { operation in
                if operation.tries < 2 { throw Boom() }
                return "a"
            }
            try await context.sleep(for: .seconds(1))
            return a + (try await context.step("b", bodies))
        },
        ConformanceCase("steps that are tried again beside each other", "= \"[2, 2, 2]\"") {
            context,
            _ in
            let all = try await context.map("all", [1, 2, 3]) { scope, number in
                let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(number))
                return try await scope.checkpoint("a", options: .init(retry: policy)) { operation in
                    if operation.tries < 2 { throw Boom() }
                    return operation.tries
                }
            }
            return "\(all)"
        },
    ]
}
