#if CLI
import Testing

@testable import DaybookRunbook

/// What of inputs and outputs a job finds in its variables.
@Suite struct JobEnvironmentTests {
    private func variables(_ outputs: [String: String]) -> [String: String] {
        JobEnvironment(
            request: RunbookRequest(runbook: "", inputs: ["name": "Ada"], environment: [:]),
            outputs: ["job": outputs],
            workspace: "/w",
            id: "x"
        ).variables()
    }

    /// Each of them is small enough, and all of them are not: no job could be started any more.
    @Test func theLargestAreLeftOutWhenAllAreTooLarge() {
        var outputs = ["least": "1"]
        for number in 0..<30 {
            outputs["k\(number)"] = String(repeating: "x", count: 100_000 + number)
        }
        let variables = variables(outputs)
        let size = variables.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 10 }
        #expect(size <= JobEnvironment.room + 1_000)
        #expect(size > JobEnvironment.room - 110_000)
        #expect(variables[EnvironmentName.forOutput("least", ofJob: "job")] == "1")
        #expect(variables[EnvironmentName.forInput("name")] == "Ada")
        #expect(variables[EnvironmentName.forOutput("k0", ofJob: "job")] != nil)
        #expect(variables[EnvironmentName.forOutput("k29", ofJob: "job")] == nil)
    }

    @Test func whatFitsIsThere() {
        let variables = variables(["a": "1", "b": String(repeating: "x", count: 120_001)])
        #expect(variables[EnvironmentName.forOutput("a", ofJob: "job")] == "1")
        #expect(variables[EnvironmentName.forOutput("b", ofJob: "job")] == nil)
        #expect(variables["WORKSPACE"] == "/w")
    }
}
#endif
