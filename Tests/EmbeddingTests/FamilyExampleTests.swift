import Daybook
import FoundationEssentials
import Testing

/// A folder in which each execution begins others of its own workflow: a tree.
struct MeasureFolder: Workflow {
    static let name = "folder.measure"
    static let finalizer: (any Workflow.Type)? = AddUp.self

    /// What lies in a folder, by its path.
    static let tree: [String: (files: [Int], folders: [String])] = [
        "/": ([1], ["/a", "/b"]), "/a": ([10, 20], ["/a/c"]), "/b": ([100], []),
        "/a/c": ([1_000], []),
    ]

    func run(_ path: String, _ context: WorkflowContext) async throws -> Int {
        let here = try await context.checkpoint("list") { _ in
            Self.tree[path].map { Listing(size: $0.files.reduce(0, +), folders: $0.folders) }
                ?? Listing(size: 0, folders: [])
        }
        try await context.spawn(
            here.folders.map { ChildPlan(MeasureFolder.self, id: $0, input: $0) }
        )
        return here.size
    }

    struct Listing: Codable, Sendable {
        let size: Int
        let folders: [String]
    }
}

/// The size of a folder, with all that lies below it.
struct AddUp: Workflow {
    static let name = "folder.add"

    func run(
        _ folder: FinalizerInput<String, Int, Int>,
        _ context: WorkflowContext
    ) async throws -> Int {
        folder.children.reduce(folder.output) { $0 + $1.output }
    }
}

/// Recursion: each execution awaits one of its own workflow.
struct Factorial: Workflow {
    static let name = "factorial"

    func run(_ number: Int, _ context: WorkflowContext) async throws -> Int {
        if number < 2 { return 1 }
        return number * (try await context.run(Factorial.self, input: number - 1))
    }
}

/// Looks again and again until something is there, and begins anew each time: its history stays short.
struct Poll: Workflow {
    static let name = "poll"

    func run(_ looks: Int, _ context: WorkflowContext) async throws -> Int {
        if looks == 3 { return looks }
        try await context.sleep(for: .milliseconds(1))
        throw try context.continueAsNew(Poll.self, input: looks + 1)
    }
}

/// Waits for what polls, and for what it has spawned.
struct Release: Workflow {
    static let name = "release"
    static let childFailures = ChildFailures.allSettled

    func run(_ version: String, _ context: WorkflowContext) async throws -> String {
        try await context.spawn(Factorial.self, id: "factorial", input: 5)
        let looks = try await context.run(Poll.self, input: 0)
        return "\(version) after \(looks) looks"
    }
}

@Suite struct FamilyExampleTests {
    private func withEngine(_ body: (Engine) async throws -> Void) async throws {
        let folder =
            FileManager.default.temporaryDirectory.path + "/family-\(UUID()).daybook"
        // What is left behind in the folder for temporary files fails no test.
        defer { try? FileManager.default.removeItem(atPath: folder) }  // tidy: allowed
        let workflows: [any Workflow] = [
            MeasureFolder(), AddUp(), Factorial(), Poll(), Release(),
        ]
        let engine = try await Engine.open(
            at: folder,
            creatingIfMissing: CreationOptions(),
            workflows: workflows
        )
        try await body(engine)
        try await engine.close()
    }

    @Test func aTreeIsMeasuredByExecutionsOfOneWorkflow() async throws {
        try await withEngine { engine in
            let root = try await engine.submit(MeasureFolder.self, id: "/", input: "/")
            try await root.execute()
            #expect(try await root.output(as: Int.self) == 1_131)
            // What its own code returned is kept too.
            #expect(try await root.result() == 1)
        }
    }

    @Test func recursionAndPollingAreChildren() async throws {
        try await withEngine { engine in
            let release = try await engine.submit(Release.self, id: "1.0", input: "1.0")
            try await release.execute()
            let family = try await release.output(as: FamilyOutput<String, Int>.self)
            #expect(family.output == "1.0 after 3 looks")
            #expect(family.children.map(\.id) == ["factorial"])
            #expect(family.children.map(\.output) == [120])
        }
    }
}
