import Daybook
import DaybookFormat
import DaybookModel

extension WorkflowContext {
    /// Begins the case's own workflow as a child: its code is told apart by its input.
    fileprivate func child(
        _ input: Int,
        _ name: String? = nil,
        options: ExecutionOptions = ExecutionOptions()
    ) async throws -> String {
        try await run(ConformanceWorkflow.self, name, options: options, input: input)
    }
}

extension ConformanceCase {
    /// Children that are awaited one by one, as operations. The code is that of the parent, which has
    /// the input 0, and of the children.
    static let families: [ConformanceCase] = [
        ConformanceCase(
            "a child",
            "= \"before child after\"",
            runs: ["before", "child", "after"]
        ) { context, bodies in
            guard ConformanceWorkflow.input == 0 else {
                return try await context.step("child", bodies)
            }
            let before = try await context.step("before", bodies)
            let child = try await context.child(1)
            return "\(before) \(child) " + (try await context.step("after", bodies))
        },
        ConformanceCase("a child that waits", "= \"child\"", runs: ["child"]) { context, bodies in
            guard ConformanceWorkflow.input == 0 else {
                try await context.sleep(for: .seconds(10))
                let name = try await context.step("child", bodies)
                try await context.sleep(for: .seconds(10))
                return name
            }
            return try await context.child(1)
        },
        ConformanceCase("children one after the other", "= \"1 2 3\"") { context, _ in
            guard ConformanceWorkflow.input == 0 else {
                try await context.sleep(for: .seconds(1))
                return "\(ConformanceWorkflow.input)"
            }
            var all: [String] = []
            for number in 1...3 { all.append(try await context.child(number)) }
            return all.joined(separator: " ")
        },
        ConformanceCase("children side by side", "= \"1 2 3\"") { context, _ in
            guard ConformanceWorkflow.input == 0 else {
                try await context.sleep(for: .seconds(1))
                return "\(ConformanceWorkflow.input)"
            }
            let all = try await context.map("all", [1, 2, 3]) { scope, number in
                try await scope.child(number)
            }
            return all.joined(separator: " ")
        },
        ConformanceCase("recursion", "= \"120\"", runs: ["1"]) { context, bodies in
            // 5! by five executions, one inside the other.
            let number = 5 - ConformanceWorkflow.input
            if number == 1 { return try await context.step("1", bodies) }
            let rest = try await context.child(ConformanceWorkflow.input + 1)
            return "\(number * (Int(rest) ?? 0))"
        },
        ConformanceCase("a tree", "= \"7\"") { context, bodies in
            // Two levels below the root, two children each.
            let depth = ConformanceWorkflow.input
            guard depth < 2 else { return "1" }
            let below = try await context.map("below", [0, 1]) { scope, _ in
                try await scope.child(depth + 1)
            }
            return "\(below.compactMap { Int($0) }.reduce(1, +))"
        },
        ConformanceCase(
            "a child that fails",
            "! no: the child job (conformance) failed: it does not work",
            runs: ["child"]
        ) { context, bodies in
            guard ConformanceWorkflow.input == 0 else {
                _ = try await context.step("child", bodies)
                throw OperationError(code: "no", message: "it does not work")
            }
            return try await context.child(1, "job")
        },
        ConformanceCase("a failure that is dealt with", "= \"no, then 2\"") { context, bodies in
            switch ConformanceWorkflow.input {
            case 0:
                do {
                    return try await context.child(1)
                } catch let error as OperationError {
                    return "\(error.code), then " + (try await context.child(2))
                }
            case 1: throw OperationError(code: "no", message: "it does not work")
            default: return "2"
            }
        },
        ConformanceCase(
            "a child with retries",
            "= \"2\"",
            runs: ["child", "child"]
        ) { context, bodies in
            guard ConformanceWorkflow.input == 0 else {
                return try await context.checkpoint("child") { _ in
                    let count = bodies.ran("child")
                    if count < 2 { throw Boom() }
                    return "\(count)"
                }
            }
            return try await context.child(1, options: .attempts(2))
        },
        ConformanceCase(
            "a parent's retry opens its failed child again",
            "= \"kept 2\"",
            runs: ["kept", "child", "child"],
            terms: .attempts(2)
        ) { context, bodies in
            guard ConformanceWorkflow.input == 0 else {
                let kept = try await context.step("kept", bodies)
                let count = try await context.checkpoint("child") { _ in
                    let count = bodies.ran("child")
                    if count < 2 { throw Boom() }
                    return count
                }
                return "\(kept) \(count)"
            }
            return try await context.child(1)
        },
        ConformanceCase(
            "siblings of a child that fails go on under their ids",
            "= \"2 slow\"",
            terms: .attempts(2)
        ) { context, bodies in
            switch ConformanceWorkflow.input {
            case 0:
                let all = try await context.map("all", [1, 2]) { scope, number in
                    try await scope.child(number)
                }
                return all.joined(separator: " ")
            case 1:
                return try await context.checkpoint("child") { _ in
                    let count = bodies.ran("child")
                    if count < 2 { throw Boom() }
                    return "\(count)"
                }
            default:
                try await context.sleep(for: .seconds(10))
                return "slow"
            }
        },
        ConformanceCase(
            "a child that takes too long",
            "! timed_out: the child conformance (conformance) took too long: Task timed out"
        ) {
            context,
            _ in
            guard ConformanceWorkflow.input == 0 else {
                try await context.sleep(for: .seconds(60))
                return ""
            }
            return try await context.child(1, options: ExecutionOptions(timeout: .seconds(5)))
        },
        ConformanceCase("a child that begins later", "= \"10\"") { context, _ in
            guard ConformanceWorkflow.input == 0 else { return "" }
            let start = context.now
            _ = try await context.child(1, options: ExecutionOptions(delay: .seconds(10)))
            return "\(context.now.since(start).components.seconds)"
        },
        ConformanceCase("the child of a race that loses", "= \"fast\"") { context, _ in
            guard ConformanceWorkflow.input == 0 else {
                try await context.sleep(for: .seconds(60))
                return "slow"
            }
            let first = try await context.race(
                "first",
                { scope in try await scope.child(1) },
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    return "fast"
                }
            )
            try await context.sleep(for: .seconds(1))
            return first
        },
        ConformanceCase("polling by a child that goes on as new", "= \"3\"") { context, _ in
            let count = ConformanceWorkflow.input
            if count == 0 { return try await context.child(1) }
            guard count < 3 else { return "\(count)" }
            try await context.sleep(for: .seconds(5))
            throw try context.continueAsNew(ConformanceWorkflow.self, input: count + 1)
        },
        ConformanceCase("an id that is taken", "= \"conflict\"") { context, _ in
            guard ConformanceWorkflow.input == 0 else { return "" }
            _ = try await context.run(ConformanceWorkflow.self, id: "b", input: 1)
            do {
                _ = try await context.run(ConformanceWorkflow.self, id: "b", input: 1)
                return "none"
            } catch let error as OperationError {
                return error.code
            }
        },
        ConformanceCase(
            "a child that would be its own parent",
            "! circular-family: conformance of a begins a child with the id a, which is above it in its family, and would wait for itself; give the child another id, or none"
        ) { context, _ in
            try await context.run(ConformanceWorkflow.self, id: "a", input: 0)
        },
    ]
}
