import Daybook
import DaybookFormat
import DaybookModel

extension WorkflowContext {
    /// Spawns the case's own workflow: its code is told apart by its input, and its id follows from that.
    @discardableResult
    fileprivate func spawnOne(
        _ input: Int,
        options: ExecutionOptions = ExecutionOptions()
    ) async throws -> SpawnedChild {
        try await spawn(ConformanceWorkflow.self, id: "c\(input)", options: options, input: input)
    }
}

/// Whether the code is that of a child.
private var isChild: Bool { ConformanceWorkflow.input != 0 }

/// What an execution gives whose children gave these, by their inputs.
private func family(_ output: String, _ children: [(Int, String)]) -> String {
    let all = children.enumerated().map { index, child in
        "{\"index\":\(index),\"type\":\"conformance\",\"id\":\"c\(child.0)\",\"output\":\"\(child.1)\"}"
    }
    return "= {\"output\":\"\(output)\",\"children\":[\(all.joined(separator: ","))]}"
}

extension ConformanceCase {
    /// Children that are spawned, and left to the end of the attempt. The code is that of the parent, which
    /// has the input 0, and of the children.
    static let spawning: [ConformanceCase] = [
        ConformanceCase(
            "spawned children",
            family("before after", [(1, "1"), (2, "2")])
        ) { context, bodies in
            if isChild {
                try await context.sleep(for: .seconds(ConformanceWorkflow.input))
                return "\(ConformanceWorkflow.input)"
            }
            let before = try await context.step("before", bodies)
            for input in 1...2 { try await context.spawnOne(input) }
            return "\(before) " + (try await context.step("after", bodies))
        },
        ConformanceCase(
            "a list of children",
            family("3 c2", [(1, "1"), (2, "2"), (3, "3")]),
            runs: ["1", "2", "3"],
            isOrdered: false
        ) { context, bodies in
            if isChild { return try await context.step("\(ConformanceWorkflow.input)", bodies) }
            let all = try await context.spawn(
                (1...3).map {
                    ChildPlan(ConformanceWorkflow.self, "part \($0)", id: "c\($0)", input: $0)
                }
            )
            return "\(all.count) \(all[1].id)"
        },
        ConformanceCase("no children of a list", "= \"none\"") { context, _ in
            try await context.spawn([])
            return "none"
        },
        ConformanceCase(
            "children that are spawned, and one that is awaited",
            family("2 last", [(1, "1"), (3, "3")])
        ) { context, bodies in
            if isChild {
                try await context.sleep(for: .seconds(2))
                return "\(ConformanceWorkflow.input)"
            }
            try await context.spawnOne(1)
            let awaited = try await context.run(ConformanceWorkflow.self, input: 2)
            try await context.spawnOne(3)
            return "\(awaited) " + (try await context.step("last", bodies))
        },
        ConformanceCase(
            "children of children",
            "= {\"output\":\"0\",\"children\":[{\"index\":0,\"type\":\"conformance\",\"id\":\"c1\",\"output\":{\"output\":\"1\",\"children\":[{\"index\":0,\"type\":\"conformance\",\"id\":\"c2\",\"output\":\"2\"}]}}]}"
        ) { context, _ in
            let depth = ConformanceWorkflow.input
            if depth < 2 { try await context.spawnOne(depth + 1) }
            return "\(depth)"
        },
        ConformanceCase(
            "what its own code returned is what an awaited child gives",
            "= \"returned\""
        ) { context, _ in
            switch ConformanceWorkflow.input {
            case 0: return try await context.run(ConformanceWorkflow.self, id: "c1", input: 1)
            case 1:
                try await context.spawnOne(2)
                return "returned"
            default: return "spawned"
            }
        },
        ConformanceCase(
            "a spawned child that fails has the others cancelled",
            "! children-failed: 1 of 3 children failed: child 1 (conformance, c2) failed: it does not work"
        ) { context, _ in
            switch ConformanceWorkflow.input {
            case 0:
                for input in 1...3 { try await context.spawnOne(input) }
                return "returned"
            case 2:
                try await context.sleep(for: .seconds(1))
                throw OperationError(code: "no", message: "it does not work")
            default:
                try await context.sleep(for: .seconds(100))
                return "slow"
            }
        },
        ConformanceCase(
            "a child that has failed before the handler returns",
            "! children-failed: 1 of 2 children failed: child 0 (conformance, c1) failed: it does not work"
        ) { context, bodies in
            switch ConformanceWorkflow.input {
            case 0:
                try await context.spawnOne(1)
                try await context.sleep(for: .seconds(5))
                try await context.spawnOne(2)
                return try await context.step("returned", bodies)
            case 1: throw OperationError(code: "no", message: "it does not work")
            default:
                try await context.sleep(for: .seconds(100))
                return "slow"
            }
        },
        ConformanceCase(
            "no attempt follows the failure of a spawned child, which has its own",
            family("returned", [(1, "2")]),
            runs: ["child", "child"],
            terms: .attempts(3)
        ) { context, bodies in
            guard !isChild else {
                return try await context.checkpoint("child") { _ in
                    let count = bodies.ran("child")
                    if count < 2 { throw Boom() }
                    return "\(count)"
                }
            }
            try await context.spawnOne(1, options: .attempts(2))
            return "returned"
        },
        ConformanceCase(
            "children go on while the handler is tried again",
            family("2", [(1, "1"), (2, "2")]),
            runs: ["1", "handler", "handler", "2"],
            terms: .attempts(2)
        ) { context, bodies in
            if isChild { return try await context.step("\(ConformanceWorkflow.input)", bodies) }
            try await context.spawnOne(1)
            try await context.sleep(for: .seconds(3))
            let count = try await context.checkpoint("handler") { _ in
                let count = bodies.ran("handler")
                if count < 2 { throw Boom() }
                return count
            }
            try await context.spawnOne(2)
            return "\(count)"
        },
        ConformanceCase(
            "the next attempt opens a failed child again",
            family("returned", [(1, "2")]),
            runs: ["child", "handler", "handler", "child"],
            isOrdered: false,
            terms: .attempts(2, delay: .seconds(5))
        ) { context, bodies in
            guard !isChild else {
                return try await context.checkpoint("child") { _ in
                    let count = bodies.ran("child")
                    if count < 2 { throw Boom() }
                    return "\(count)"
                }
            }
            try await context.spawnOne(1)
            try await context.sleep(for: .seconds(3))
            try await context.checkpoint("handler") { _ in
                if bodies.ran("handler") < 2 { throw Boom() }
            }
            return "returned"
        },
        ConformanceCase(
            "what an attempt has undone is no child of the next one",
            family("2", [(3, "3")]),
            terms: .attempts(2)
        ) { context, bodies in
            if isChild {
                try await context.sleep(for: .seconds(60))
                return "\(ConformanceWorkflow.input)"
            }
            do {
                try await context.checkpoint("first") { _ in
                    if bodies.ran("first") < 2 { throw Boom() }
                }
            } catch {
                // It has dealt with that, and then it has not.
                try await context.spawnOne(1)
                throw error
            }
            try await context.spawnOne(3)
            return "2"
        },
        ConformanceCase(
            "one of two with the same id begins neither",
            family("conflict after", [(2, "2")])
        ) { context, bodies in
            if isChild { return "\(ConformanceWorkflow.input)" }
            var code = "none"
            do {
                try await context.spawn([
                    ChildPlan(ConformanceWorkflow.self, id: "c1", input: 1),
                    ChildPlan(ConformanceWorkflow.self, id: "c1", input: 1),
                ])
            } catch let error as OperationError {
                code = error.code
            }
            try await context.spawnOne(2)
            return "\(code) " + (try await context.step("after", bodies))
        },
        ConformanceCase("a circular parent", "= \"circular-family\"") { context, _ in
            do {
                try await context.spawn(ConformanceWorkflow.self, id: "a", input: 1)
                return "none"
            } catch let error as OperationError {
                return error.code
            }
        },
        ConformanceCase("a child is spawned by no branch", "= \"spawn-in-branch\"") { context, _ in
            let codes = try await context.map("all", [1]) { scope, input in
                do {
                    try await scope.spawn(ConformanceWorkflow.self, input: input)
                    return "none"
                } catch let error as OperationError {
                    return error.code
                }
            }
            return codes[0]
        },
        ConformanceCase(
            "who has spawned does not go on as a new run",
            family("continue-after-spawn", [(1, "1")])
        ) { context, _ in
            if isChild { return "\(ConformanceWorkflow.input)" }
            try await context.spawnOne(1)
            do {
                throw try context.continueAsNew(ConformanceWorkflow.self, input: 2)
            } catch let error as OperationError {
                return error.code
            }
        },
        ConformanceCase(
            "the child of a list that is refused is named",
            "= \"conflict: child 1 (conformance, c1) is not spaw\""
        ) { context, _ in
            do {
                try await context.spawn([
                    ChildPlan(ConformanceWorkflow.self, id: "c1", input: 1),
                    ChildPlan(ConformanceWorkflow.self, "second", id: "c1", input: 1),
                ])
                return "none"
            } catch let error as OperationError {
                return "\(error.code): \(error.message.prefix(37))"
            }
        },
        ConformanceCase("too many at once", "= \"too-many-children\"") { context, _ in
            do {
                try await context.spawn(
                    (1...1_001).map { ChildPlan(ConformanceWorkflow.self, input: $0) }
                )
                return "none"
            } catch let error as OperationError {
                return error.code
            }
        },
    ]
}
