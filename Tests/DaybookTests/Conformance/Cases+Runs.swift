import Daybook
import DaybookModel
import DaybookTestKit

extension ConformanceCase {
    /// Runs that hand on to the next one.
    static let runs: [ConformanceCase] = [
        ConformanceCase("a run that hands on", "= \"3\"", runs: ["a", "a", "a", "a"]) {
            context,
            bodies in
            let run = try context.inputNumber()
            _ = try await context.step("a", bodies)
            if run < 3 { throw try context.continueAsNew(ConformanceWorkflow.self, input: run + 1) }
            return "\(run)"
        },
        ConformanceCase(
            "signals that nobody has read",
            "= \"1 2 3\"",
            steps: [.signal("n", "1"), .signal("n", "2"), .signal("n", "3")]
        ) { context, _ in
            if try context.inputNumber() == 0 {
                try await context.sleep(for: .seconds(5))
                throw try context.continueAsNew(ConformanceWorkflow.self, input: 1)
            }
            var all: [String] = []
            for _ in 0..<3 { all.append(try await context.receive("n", as: String.self)) }
            try await context.sleep(for: .seconds(1))
            return all.joined(separator: " ")
        },
        ConformanceCase(
            "signals go over more than one run",
            "= \"0:1 1:2 2:3\"",
            steps: [.signal("n", "1"), .signal("n", "2"), .signal("n", "3")]
        ) { context, _ in
            let run = try context.inputNumber()
            if run == 0 { try await context.sleep(for: .seconds(5)) }
            let before = try await context.store.get("all", as: String.self) ?? ""
            let value = try await context.receive("n", as: String.self)
            let all = "\(before)\(run):\(value)"
            if run == 2 {
                let earlier = try await context.receive("earlier", as: String.self, timeout: .zero)
                return (earlier.value ?? "0:1 1:2 ") + all
            }
            throw try context.continueAsNew(ConformanceWorkflow.self, input: run + 1)
        },
        ConformanceCase(
            "an id is known in the next run",
            "= \"1 nil\"",
            steps: [.signal("n", "1", id: "x"), .signal("n", "again", id: "x"), .nothing]
        ) { context, _ in
            if try context.inputNumber() == 0 {
                let value = try await context.receive("n", as: String.self)
                guard value == "1" else { return value }
                throw try context.continueAsNew(ConformanceWorkflow.self, input: 1)
            }
            let again = try await context.receive("n", as: String.self, timeout: .seconds(9))
            return "1 \(again.value ?? "nil")"
        },
        ConformanceCase(
            "an id of a signal that is handed on",
            "= \"1 nil\"",
            steps: [
                .signal("n", "1", id: "x"), .nothing, .pass(.seconds(5)),
                .signal("n", "again", id: "x"),
            ]
        ) { context, _ in
            if try context.inputNumber() == 0 {
                try await context.sleep(for: .seconds(5))
                throw try context.continueAsNew(ConformanceWorkflow.self, input: 1)
            }
            let value = try await context.receive("n", as: String.self)
            let again = try await context.receive("n", as: String.self, timeout: .seconds(9))
            return "\(value) \(again.value ?? "nil")"
        },
        ConformanceCase("the store begins empty", "= \"nil\"") { context, _ in
            if try context.inputNumber() == 0 {
                try await context.store.set("key", 7)
                throw try context.continueAsNew(ConformanceWorkflow.self, input: 1)
            }
            let value = try await context.store.get("key", as: Int.self)
            return value.map { "\($0)" } ?? "nil"
        },
        ConformanceCase("another workflow is refused", "! wrong-workflow: refused") { context, _ in
            do {
                throw try context.continueAsNew(Scripted.self, input: 1)
            } catch let error as OperationError {
                throw OperationError(code: error.code, message: "refused", isRetryable: false)
            }
        },
    ]
}

extension WorkflowContext {
    /// The input of a case's run: how many came before it.
    func inputNumber() throws -> Int { ConformanceWorkflow.input }
}
