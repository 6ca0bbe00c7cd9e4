import Daybook
import DaybookTesting
import FoundationEssentials
import Testing

/// What the documentation shows of handlers ends as it should wherever the process dies, in whatever
/// order branches run, and depends on nothing but its history.
@Suite(.alwaysReplay, .crashEverywhere(schedules: 6)) struct DocumentTests {
    /// Runs a workflow with an empty journal, tells it what it waits for, and gives its output.
    private func run<W: Workflow>(
        _ workflow: W,
        and others: [any Workflow] = [],
        _ input: W.Input,
        telling signals: [(String, any Encodable & Sendable)] = []
    ) async throws -> W.Output {
        let test = try TestEngine(workflows: [workflow] + others)
        return try await test.run { engine in
            let handle = try await engine.start(W.self, id: "it", input: input)
            do {
                for (index, signal) in signals.enumerated() {
                    try await engine.signal("it", signal.0, signal.1, signalID: "\(index)")
                }
            } catch let refusal as Refusal where refusal.code == .wrongState {
                // Whoever is started again sends it again, and may come too late.
            }
            return try await handle.result()
        }
    }

    @Test func theReadme() async throws {
        let url = try await run(CreateRepository(), "web")
        #expect(url.hasPrefix("https://git.example/web?key="))
    }

    @Test func gettingStarted() async throws {
        let order = Tutorial.Order(item: "lamp", cents: 4200)
        #expect(try await run(Tutorial.ProcessOrder(), order) == "paid, hold-lamp")
    }

    @Test func anErrorOfOnesOwn() async throws {
        let outside = Outside()
        #expect(try await run(Charging(outside: outside), "lamp") == "charged")
        #expect(outside.count("charge") == 1)
        await #expect(throws: OperationError.self) {
            _ = try await run(Charging(outside: outside), "poor")
        }
        #expect(outside.count("mail") == 1)
    }

    @Test func whatIsUndoneAfterAnEndFromOutside() async throws {
        let outside = Outside()
        let test = try TestEngine(workflows: [Undoing(outside: outside)])
        try await test.run { engine in
            try await engine.start(Undoing.self, id: "it", input: "lamp")
            _ = try await engine.wait(for: "it") { $0.status == .waiting || $0.status.isFinal }
            if try engine.record(of: "it")?.status.isFinal == false {
                try await engine.cancel("it")
            }
            _ = try await engine.waitForEnd(of: "it")
        }
        #expect(outside.count("charge") == 1)
        #expect(outside.count("undo") == 1)
    }

    @Test func aShutdownIsNoRejection() async throws {
        let outside = Outside()
        let yes = Approval(approved: true, by: "eve")
        #expect(try await run(Refunding(outside: outside), "lamp", telling: [("approval", yes)]))
        #expect(outside.count("refund") == 0)
    }

    @Test func anApproval() async throws {
        let yes = Approval(approved: true, by: "eve")
        #expect(try await run(Approving.ProcessOrder(), "lamp", telling: [("approval", yes)]))
        #expect(try await run(Approving.ProcessOrder(), "lamp") == false)
    }

    @Test func anotherSystem() async throws {
        let outside = Outside()
        let answer = Asking.Answer(text: "yes")
        let told = try await run(
            Asking(outside: outside),
            "lamp",
            telling: [("ticket 7", answer)]
        )
        #expect(told == "yes")
        #expect(outside.count("ticket") == 1)
    }

    @Test func workThatGoesOnMeanwhile() async throws {
        let outside = Outside()
        let yes = Approval(approved: true, by: "eve")
        let by = try await run(Packing(outside: outside), "lamp", telling: [("approval", yes)])
        #expect(by == "eve")
        #expect(try await run(Packing(outside: outside), "lamp") == "parcel of lamp")
    }

    @Test func heartbeats() async throws {
        let last = Beat(isLast: true, result: "done")
        let beats = [("beat", Beat(isLast: false, result: "")), ("beat", last)]
        #expect(try await run(Listening(), "lamp", telling: beats) == "done")
        await #expect(throws: OperationError.self) { _ = try await run(Listening(), "lamp") }
    }

    @Test func children() async throws {
        let built = try await run(Releasing.Release(), and: [Releasing.Build()], ["a", "b"])
        #expect(built == ["a.tar", "b.tar"])
        let test = try TestEngine(workflows: [Album(), Thumbnail(), Index()])
        let album = try await test.run { engine in
            let handle = try await engine.start(Album.self, id: "it", input: ["a", "b"])
            return try await handle.output(as: [String].self)
        }
        #expect(album == ["a.small", "b.small"])
    }

    @Test func aTripThatIsCancelled() async throws {
        let ledger = Ledger()
        let test = try TestEngine(workflows: [BookTrip(ledger: ledger)])
        try await test.run { engine in
            try await engine.start(BookTrip.self, id: "it", input: "Rome")
            _ = try await engine.wait(for: "it") { $0.status == .waiting || $0.status.isFinal }
            if try engine.record(of: "it")?.status.isFinal == false {
                try await engine.cancel("it")
            }
            _ = try await engine.waitForEnd(of: "it")
        }
        let lines = await ledger.lines
        #expect(Set(lines) == ["reserved Rome", "released Rome"])
        #expect(lines.last == "released Rome")
    }

    @Test func aGuardedStep() async throws {
        #expect(try await run(Versioned(), "web") == "web")
    }

    @Test func theProposalsExample() async throws {
        let outside = Outside()
        let input = FromBackstage.Input(
            owner: "ada",
            repo: "web",
            variables: ["A", "B"].map { FromBackstage.Variable(name: $0) }
        )
        let github = FromBackstage.GitHub(outside: outside)
        _ = try await run(FromBackstage.CreateRepository(github: github), input)
        #expect(outside.count("create") == 1)
        #expect(outside.count("set") == 2)
    }

    @Test func aLookBeforeACopy() async throws {
        let outside = Outside()
        #expect(try await run(Copying(outside: outside), "/etc/motd") == "text")
        #expect(outside.count("copy") == 1)
    }

    @Test func aTaskThatGoesOnAsNew() async throws {
        let task = FromSwhScheduler.Task(url: "https://a", interval: .seconds(3_600))
        let load: @Sendable (String) async throws -> Bool = { _ in true }
        let workflow = FromSwhScheduler.UpdateOrigin(load: load)
        let test = try TestEngine(workflows: [workflow])
        try await test.run { engine in
            try await engine.start(FromSwhScheduler.UpdateOrigin.self, id: "it", input: task)
            let begun = try engine.record(of: "it")?.number
            // It would go on for ever.
            _ = try await engine.wait(for: "it") { record in
                record.continuedFrom != nil && record.number != begun || record.status.isFinal
            }
            if try engine.record(of: "it")?.status.isFinal == false {
                try await engine.cancel("it")
            }
            _ = try await engine.waitForEnd(of: "it")
        }
    }
}

/// The pages show what is run.
@Suite struct DocumentTextTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// A text without what formatting adds.
    private static func bare(_ text: some StringProtocol) -> String {
        String(text.filter { !$0.isWhitespace })
            .replacing(",)", with: ")").replacing(",]", with: "]")
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static func names(in folder: String, _ ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
            .filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
    }

    /// The blocks of Swift on a page, or of one their handlers.
    private static func handlers(on page: String) -> [String] {
        var blocks: [String] = []
        var block: [String]?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```swift" {
                block = []
            } else if line == "```", let lines = block {
                blocks.append(lines.joined(separator: "\n"))
                block = nil
            } else {
                block?.append(String(line))
            }
        }
        return blocks.filter { block in
            // What is wrong is shown too, and what is left out is the reader's.
            (block.contains("context") || block.contains("@Test"))
                && !block.contains("RecordedHistory") && !block.contains("// wrong")
                && !block.contains("…")
        }.flatMap(workflows)
    }

    private static func workflows(of block: String) -> [String] {
        var found: [String] = []
        var workflow: [Substring]?
        for line in block.split(separator: "\n") {
            if line.hasPrefix("struct "), line.contains(": Workflow {") { workflow = [] }
            workflow?.append(line)
            if line == "}", let lines = workflow {
                found.append(lines.joined(separator: "\n"))
                workflow = nil
            }
        }
        return found.isEmpty ? [block] : found
    }

    @Test func everyHandlerOnAPageIsRun() throws {
        let sources = try Self.names(in: "Tests/EmbeddingTests", ".swift").map(Self.text)
        let code = Self.bare(sources.joined())
        var count = 0
        let pages = try ["README.md"] + Self.names(in: "Sources/Daybook/Daybook.docc", ".md")
        for page in pages {
            for handler in Self.handlers(on: try Self.text(page)) {
                count += 1
                #expect(
                    code.contains(Self.bare(handler)),
                    "\(page) has a handler that is not run: \(handler)"
                )
            }
        }
        #expect(count > 15)
    }
}
