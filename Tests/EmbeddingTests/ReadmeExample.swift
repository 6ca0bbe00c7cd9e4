// The example of README.md, word for word; a check in tools/test compares the two.
// README BEGIN
import Daybook

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
func openJournal(at path: String) async throws -> Engine {
    try await Engine.open(
        at: path,
        creatingIfMissing: CreationOptions(),
        workflows: [CreateRepository()]
    )
}

func createRepository(_ name: String, _ engine: Engine) async throws -> String {
    try await engine.run(CreateRepository.self, id: "create-\(name)", input: name)
}
// README END
