import Daybook
import DaybookModel

extension ConformanceCase {
    /// Checkpoints that are undone because the execution has ended badly.
    static let compensations: [ConformanceCase] = [
        ConformanceCase(
            "successes are undone, the newest first, and what failed is not",
            "! Boom: boom",
            runs: ["a", "b", "c", "undo b", "undo a"],
            steps: [.nothing]
        ) { context, bodies in
            for name in ["a", "b", "c"] {
                try await context.checkpoint(
                    name,
                    compensate: { _, _ in bodies.ran("undo \(name)") },
                    { _ in
                        bodies.ran(name)
                        if name == "c" { throw Boom() }
                    }
                )
                try await context.sleep(for: .seconds(1))
            }
            return ""
        },
        ConformanceCase(
            "nothing is undone between attempts, and all after the last",
            "! Boom: boom",
            runs: ["a", "b", "b", "undo a"],
            terms: .attempts(2)
        ) { context, bodies in
            _ = try await context.checkpoint(
                "a",
                compensate: { _, _ in bodies.ran("undo a") },
                { _ in bodies.ran("a") }
            )
            try await context.sleep(for: .seconds(1))
            try await context.checkpoint("b") { _ in
                bodies.ran("b")
                throw Boom()
            }
            return ""
        },
        ConformanceCase(
            "what completes is not undone",
            "= \"done\"",
            runs: ["a"]
        ) { context, bodies in
            _ = try await context.checkpoint(
                "a",
                compensate: { _, _ in bodies.ran("undo a") },
                { _ in bodies.ran("a") }
            )
            try await context.sleep(for: .seconds(1))
            return "done"
        },
        ConformanceCase(
            "branches that were stopped are undone too",
            "! Boom: boom",
            runs: ["a", "b", "undo a"],
            isOrdered: false
        ) { context, bodies in
            _ = try await context.map("both", ["a", "b"]) { scope, name in
                if name == "b" { try await scope.sleep(for: .seconds(1)) }
                try await scope.checkpoint(
                    name,
                    compensate: { _, _ in bodies.ran("undo \(name)") },
                    { _ in
                        bodies.ran(name)
                        if name == "b" { throw Boom() }
                    }
                )
                try await scope.sleep(for: .seconds(1_000))
                return name
            }
            return ""
        },
    ]
}
