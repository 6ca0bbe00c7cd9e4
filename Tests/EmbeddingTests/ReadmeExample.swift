// The example of README.md, word for word; a check in tools/test compares the two.
// README BEGIN
import Daybook
import FoundationEssentials

struct CreateRepository: Workflow {
    static let name = "repository.create"

    func run(_ name: String, _ context: WorkflowContext) async throws -> String {
        let url = try await context.checkpoint("repo.creation", input: name) { operation in
            // Once it is recorded it never runs again. After a crash before that it does, with the
            // same key.
            "https://git.example/\(name)?key=\(operation.idempotencyKey.prefix(8))"
        }
        try await context.checkpoint("repo.protect") { _ in
            print("protecting \(url)")
        }
        return url
    }
}

// One per process, opened when it starts and closed when it ends.
func openJournal(at path: String) async throws -> Daybook {
    if !FileManager.default.fileExists(atPath: path) { try Daybook.create(at: path) }
    return try await Daybook.open(at: path, workflows: [CreateRepository()])
}

func createRepository(_ name: String, _ daybook: Daybook) async throws -> String {
    try await daybook.run(CreateRepository.self, id: "create-\(name)", input: name)
}
// README END
