import Daybook
import DaybookTesting
import Testing

/// Families under crashes: where their values are recorded is no part of what they end with.
@Suite struct FamilyCrashTests {
    private struct Thumbnail: Workflow {
        static let name = "thumbnail"

        func run(_ picture: String, _ context: WorkflowContext) async throws -> String {
            try await context.checkpoint("draw") { _ in "\(picture).small" }
        }
    }

    private struct Album: Workflow {
        static let name = "album"

        func run(_ pictures: [String], _ context: WorkflowContext) async throws -> Int {
            try await context.spawn(pictures.map { ChildPlan(Thumbnail.self, input: $0) })
            return pictures.count
        }
    }

    private struct IndexedAlbum: Workflow {
        static let name = "indexed"
        static let finalizer: (any Workflow.Type)? = Index.self

        func run(_ pictures: [String], _ context: WorkflowContext) async throws -> Int {
            try await context.spawn(pictures.map { ChildPlan(Thumbnail.self, input: $0) })
            return pictures.count
        }
    }

    private struct Index: Workflow {
        static let name = "index"

        func run(
            _ album: FinalizerInput<[String], Int, String>,
            _ context: WorkflowContext
        ) async throws -> [String] {
            album.children.map(\.output)
        }
    }

    private func explore<W: Workflow>(
        _ workflow: W.Type,
        maxResident: Int?
    ) async -> CrashReport where W.Input == [String] {
        await crashEverywhere(schedules: 10) {
            var options = TestEngine.Options()
            if let maxResident { options.engine.maxResident = maxResident }
            let test = try TestEngine(
                options,
                workflows: [Album(), IndexedAlbum(), Thumbnail(), Index()]
            )
            try await test.run { engine in
                _ = try await engine.run(W.self, id: "a", input: ["one", "two"])
                _ = try await engine.waitForEnd(of: "a")
            }
        }
    }

    @Test(arguments: [nil, 0])
    func whoHasSpawnedEndsAlikeWhereverItsProcessDies(_ maxResident: Int?) async {
        let report = await explore(Album.self, maxResident: maxResident)
        #expect(report.failure == nil, "\(report)")
        #expect(report.runs > 20)
    }

    @Test(arguments: [nil, 0])
    func whoHasAFinalizerEndsAlikeWhereverItsProcessDies(_ maxResident: Int?) async {
        let report = await explore(IndexedAlbum.self, maxResident: maxResident)
        #expect(report.failure == nil, "\(report)")
        #expect(report.runs > 20)
    }
}
