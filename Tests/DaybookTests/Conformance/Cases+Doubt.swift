import Daybook
import DaybookModel

extension ConformanceCase {
    /// Bodies whose start is recorded, inputs that are kept, and values with versions.
    static let doubts: [ConformanceCase] = [
        ConformanceCase(
            "starts of bodies that ended are in no doubt",
            "= \"1 2 1\"",
            runs: ["ask", "fail", "fail", "verify"],
            history: [
                "operation_started ask", "checkpoint_succeeded ask",
                "timer_started sleep", "timer_fired sleep",
                "operation_started fail", "operation_retried fail", "timer_fired fail",
                "operation_started fail", "checkpoint_succeeded fail",
                "operation_started verify", "checkpoint_succeeded verify",
                "execution_completed",
            ]
        ) { context, bodies in
            let ask = CheckpointOptions(onDoubt: .askPerson)
            let asked = try await context.checkpoint("ask", options: ask) { _ in bodies.ran("ask") }
            try await context.sleep(for: .seconds(1))
            let fail = CheckpointOptions(
                retry: RetryPolicy(maxAttempts: 2, baseDelay: .seconds(1)),
                onDoubt: .fail
            )
            let failed = try await context.checkpoint("fail", options: fail) { operation in
                let count = bodies.ran("fail")
                if count < 2 || operation.mayHaveHappened { throw Boom() }
                return count
            }
            let verified = try await context.checkpoint(
                "verify",
                options: CheckpointOptions(recordsStart: true, onDoubt: .verify),
                verify: { _ in .notDone }
            ) { _ in bodies.ran("verify") }
            return "\(asked) \(failed) \(verified)"
        },
        ConformanceCase(
            "inputs that are kept",
            "= \"2 boom\"",
            runs: ["a", "b"],
            payloadLimit: 100
        ) { context, bodies in
            let kept = CheckpointOptions(recordsInput: true)
            let one = try await context.checkpoint("a", input: ["x": 1], options: kept) { _ in
                bodies.ran("a") + 1
            }
            try await context.sleep(for: .seconds(1))
            let two = try await context.attempt("b", input: 2, options: kept) { _ -> Int in
                bodies.ran("b")
                throw Boom()
            }
            let large = String(repeating: "x", count: 200)
            do {
                _ = try await context.checkpoint("large", input: large, options: kept) { _ in
                    bodies.ran("large")
                }
            } catch let error as OperationError where error.code == "payload-too-large" {
                guard case .failure(let failure) = two else { return "no failure" }
                return "\(one) \(failure.message)"
            }
            return "too large an input was kept"
        },
        ConformanceCase(
            "values with versions",
            "= \"3 3 none\"",
            runs: ["a"]
        ) { context, bodies in
            let one = try await context.checkpoint("a") { _ in
                bodies.ran("a")
                return Versioned(count: 3)
            }
            try await context.store.set("kept", one)
            try await context.sleep(for: .seconds(1))
            let kept = try await context.store.get("kept", as: Versioned.self)
            let none = try await context.store.get("none", as: Versioned.self)
            return "\(one.count) \(kept?.count ?? 0) \(none.map { "\($0)" } ?? "none")"
        },
    ]
}

private struct Versioned: Codable, VersionedValue {
    let count: Int

    static let version = 4
    static let upcasters: [Upcaster] = []
}
