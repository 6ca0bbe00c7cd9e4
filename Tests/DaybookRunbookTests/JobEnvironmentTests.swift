#if CLI
import Testing

@testable import DaybookRunbook

/// What of inputs and outputs a job finds in its variables.
@Suite struct JobEnvironmentTests {
    private func variables(_ outputs: [String: String]) -> JobVariables {
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
        let found = variables(outputs)
        let variables = found.all
        let size = variables.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 10 }
        #expect(size <= JobEnvironment.room + 1_000)
        #expect(size > JobEnvironment.room - 110_000)
        #expect(variables[EnvironmentName.forOutput("least", ofJob: "job")] == "1")
        #expect(variables[EnvironmentName.forInput("name")] == "Ada")
        #expect(variables[EnvironmentName.forOutput("k0", ofJob: "job")] != nil)
        let largest = EnvironmentName.forOutput("k29", ofJob: "job")
        #expect(variables[largest] == nil)
        #expect(found.omitted.contains(largest))
        #expect(found.omitted.count + variables.count == 31 + 3)
        #expect(found.notice?.contains(largest) == true)
    }

    /// A script may make up keys that differ in nothing that a variable can show.
    @Test func ofTwoOutputsWithOneVariableTheLastOneCounts() {
        let large = String(repeating: "x", count: 120_001)
        let name = EnvironmentName.forOutput("a.b", ofJob: "job")
        let lost = variables(["a.b": "older", "a_b": large])
        #expect(lost.all[name] == nil)
        #expect(lost.omitted == [name])
        let kept = variables(["a.b": large, "a_b": "newer"])
        #expect(kept.all[name] == "newer")
        #expect(kept.omitted.isEmpty)
    }

    @Test func whatFitsIsThere() {
        let found = variables(["a": "1", "b": String(repeating: "x", count: 120_001), "c": "\0"])
        #expect(found.all[EnvironmentName.forOutput("a", ofJob: "job")] == "1")
        #expect(found.all["WORKSPACE"] == "/w")
        let omitted = ["b", "c"].map { EnvironmentName.forOutput($0, ofJob: "job") }
        #expect(found.omitted == omitted)
        #expect(found.notice?.contains("\(omitted[0]), \(omitted[1]):") == true)
        #expect(variables(["a": "1"]).notice == nil)
    }
}
#endif
