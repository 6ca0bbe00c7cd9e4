import Daybook
import FoundationEssentials
import Testing

// The example of README.md, word for word; a check in tools/test compares the two.
// README BEGIN
struct CreateRepository: Workflow {
    static let name = "repository.create"

    func run(_ name: String, _ context: WorkflowContext) async throws -> String {
        let url = try await context.checkpoint("repo.creation", input: name) { operation in
            // Runs once. A crash before it is recorded runs it again, with the same key.
            "https://git.example/\(name)?key=\(operation.idempotencyKey.prefix(8))"
        }
        try await context.checkpoint("repo.protect") { _ in
            print("protecting \(url)")
        }
        return url
    }
}

func createRepository(_ name: String, journal path: String) async throws -> String {
    let daybook = try await Daybook.open(at: path, workflows: [CreateRepository()])
    let url = try await daybook.run(CreateRepository.self, id: "create-\(name)", input: name)
    try await daybook.close()
    return url
}
// README END

@Test func theExampleOfTheReadmeRunsOnce() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/readme-\(UUID()).daybook"
    // What is left behind in the folder for temporary files fails no test.
    defer { try? FileManager.default.removeItem(atPath: folder) }  // tidy: allowed
    try Daybook.create(at: folder)
    let first = try await createRepository("tools", journal: folder)
    let second = try await createRepository("tools", journal: folder)
    #expect(first == second)
    #expect(first.hasPrefix("https://git.example/tools?key="))
}
