import Daybook
import DaybookModel

extension ConformanceCase {
    /// What a context refuses.
    static let refusals: [ConformanceCase] = [
        ConformanceCase("an operation in a body", "! nested-operation: refused", runs: ["outer"]) {
            context,
            bodies in
            try await refused {
                try await context.checkpoint("outer") { _ in
                    bodies.ran("outer")
                    _ = try await context.step("inner", bodies)
                }
            }
        },
        ConformanceCase("a wait in a body", "! nested-operation: refused") { context, bodies in
            try await refused {
                try await context.checkpoint("outer") { _ in
                    try await context.sleep(for: .seconds(1))
                }
            }
        },
        policy("no tries", RetryPolicy(maxAttempts: 0)),
        policy("a negative delay", RetryPolicy(maxAttempts: 2, baseDelay: .seconds(-1))),
        policy("a multiplier below 1", RetryPolicy(maxAttempts: 2, multiplier: 0.5)),
        policy("a multiplier that is no number", RetryPolicy(maxAttempts: 2, multiplier: .nan)),
        policy("a jitter above 1", RetryPolicy(maxAttempts: 2, jitter: 2)),
        policy("a negative limit", RetryPolicy(maxAttempts: 2, maxDelay: .seconds(-1))),
        ConformanceCase("no branches at once", "! invalid-argument: refused", runs: []) {
            context,
            bodies in
            try await refused {
                _ = try await context.map("all", [1], maxConcurrent: 0) { scope, _ in
                    try await scope.step("a", bodies)
                }
            }
        },
        ConformanceCase("a negative number of branches at once", "! invalid-argument: refused") {
            context,
            bodies in
            try await refused {
                _ = try await context.map("all", [1], maxConcurrent: -1) { _, _ in 0 }
            }
        },
    ]

    /// What does not fit is cut, and the handler sees what is recorded.
    static let limits: [ConformanceCase] = [
        ConformanceCase(
            "details that are too large are left out",
            "= \"no nil true\"",
            runs: ["b"],
            payloadLimit: 4_096
        ) { context, bodies in
            do {
                try await context.checkpoint("a") { _ in
                    let details = [UInt8](repeating: 0x31, count: 9_000)
                    throw OperationError(code: "no", message: "large", details: details)
                }
                return "not reached"
            } catch let error as OperationError {
                _ = try await context.step("b", bodies)
                try await context.sleep(for: .seconds(1))
                let details = error.details.map { "\($0.count)" } ?? "nil"
                return "\(error.code) \(details) \(error.message.contains("9000 bytes"))"
            }
        },
        ConformanceCase("a message that is too long is cut", "= \"4096\"", payloadLimit: 4_096) {
            context,
            _ in
            do {
                try await context.checkpoint("a") { _ in
                    throw OperationError(
                        code: "no",
                        message: String(repeating: "x", count: 80_000)
                    )
                }
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return "\(error.message.utf8.count)"
            }
        },
        ConformanceCase("a code is cut between characters", "= \"127 254\"") { context, _ in
            do {
                try await context.checkpoint("a") { _ in
                    throw OperationError(code: String(repeating: "é", count: 200), message: "")
                }
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return "\(error.code.count) \(error.code.utf8.count)"
            }
        },
    ]

    private static func policy(_ name: String, _ policy: RetryPolicy) -> ConformanceCase {
        ConformanceCase(name, "! invalid-argument: refused", runs: []) { context, bodies in
            try await refused {
                try await context.checkpoint("a", options: .init(retry: policy)) { _ in
                    bodies.ran("a")
                    throw Boom()
                }
            }
        }
    }

    /// Throws what `body` throws, without its words.
    private static func refused(_ body: () async throws -> Void) async throws -> String {
        do {
            try await body()
        } catch let error as OperationError {
            throw OperationError(code: error.code, message: "refused", isRetryable: false)
        }
        return "not refused"
    }
}
