import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Testing

@testable import DaybookJournal

/// Executions whose payloads are erased, with all that they have begun.
@Suite struct ErasureTests {
    private struct Family: Workflow {
        static let name = "family"

        func run(_ depth: Int, _ context: WorkflowContext) async throws -> String {
            _ = try await context.checkpoint("say", input: "secret-\(depth)") { _ in "told-\(depth)"
            }
            if depth == 0 { return "leaf" }
            return try await context.run(
                Family.self,
                id: "child-\(depth - 1)",
                input: depth - 1
            )
        }
    }

    private func withFamily(_ path: String, _ use: (Engine) async throws -> Void) async throws {
        let engine = try await Engine.open(at: path, workflows: [Family()])
        do {
            try await use(engine)
        } catch {
            try await engine.close(grace: .zero)
            throw error
        }
        try await engine.close(grace: .zero)
    }

    private func problems(_ path: String) throws -> [VerificationReport.Problem] {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        return try inspector.verify().problems
    }

    /// Whether bytes are in a record that readers find.
    private func isStored(_ text: String, _ store: any JournalStore) throws -> Bool {
        let bytes = Array(text.utf8)
        var isFound = false
        try store.read { reader in
            try reader.scanPayloads(from: 0) { sequence in
                _ = try reader.withPayloads(of: sequence) { record in
                    let all = Array(record)
                    isFound = isFound || all.indices.contains { all[$0...].starts(with: bytes) }
                }
                return true
            }
        }
        return isFound
    }

    /// Whether texts are found in no record.
    private func areGone(_ texts: [String], _ store: any JournalStore) throws -> Bool {
        try texts.allSatisfy { try !isStored($0, store) }
    }

    @Test func aFamilyGoesAsOneAndItsProofsStay() async throws {
        try await withJournal { path in
            try await withFamily(path) { engine in
                _ = try await engine.run(Family.self, id: "root", input: 2)
                let before = engine.journal.head
                let answer = try await engine.erase(
                    "root",
                    by: Requester(actor: "ann", reason: "asked")
                )
                #expect(answer.executions == 3 && answer.open == [])
                #expect(answer.payloads > 6 && answer.bytes > 0)
                #expect(try engine.journal.head(at: before.size) == before)
                #expect(try areGone(["secret-2", "told-1", "leaf"], engine.journal.store))
            }
            #expect(try problems(path) == [])
        }
    }

    @Test func whatIsErasedIsNotErasedAgain() async throws {
        try await withJournal { path in
            try await withFamily(path) { engine in
                _ = try await engine.run(Family.self, id: "root", input: 2)
                try await engine.erase("root", by: Requester(reason: "asked"))
                let size = engine.journal.head.size
                let again = try await engine.erase("root", by: Requester(reason: "asked"))
                #expect(again.payloads == 0 && again.executions == 3)
                #expect(engine.journal.head.size == size)
            }
        }
    }

    /// The same id is neither given again nor answered with what is gone.
    @Test func anErasedIDIsNotGivenAgain() async throws {
        try await withJournal { path in
            try await withFamily(path) { engine in
                _ = try await engine.run(Family.self, id: "root", input: 2)
                try await engine.erase("root", by: Requester(reason: "asked"))
                let refusal = await #expect(throws: Refusal.self) {
                    _ = try await engine.run(Family.self, id: "root", input: 2)
                }
                #expect(refusal?.code == .erased)
                let record = try #require(try engine.record(of: "root"))
                #expect(record.erasedBy != nil && record.status == .completed)
                #expect(throws: PayloadErased.self) { try engine.outcome(of: record).get() }
            }
        }
    }

    @Test func aChildIsErasedWithItsParentOnly() async throws {
        try await withJournal { path in
            try await withFamily(path) { engine in
                _ = try await engine.run(Family.self, id: "root", input: 1)
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.erase("child-0")
                }
                #expect(refusal?.code == .conflict)
                #expect(refusal?.message.contains("root") == true)
            }
        }
    }

    /// The others go; who asks again, once the fork has ended, has the rest erased.
    @Test func aChildThatAnOpenForkReadsIsLeftAndNamed() async throws {
        try await withJournal { path in
            try await withFamily(path) { engine in
                _ = try await engine.run(Family.self, id: "root", input: 1)
            }
            var options = EngineOptions()
            options.claims = .nothing
            let engine = try await Engine.open(at: path, options, workflows: [Family()])
            _ = try await engine.fork("child-0", at: "say", ForkOptions(id: "f"))
            let answer = try await engine.erase("root", by: Requester(reason: "asked"))
            #expect(answer.executions == 1 && answer.open == ["child-0"])
            #expect(try areGone(["secret-1"], engine.journal.store))
            #expect(try !areGone(["leaf"], engine.journal.store))
            try await engine.cancel("f", by: Requester(reason: "erase"))
            let rest = try await engine.erase("root", by: Requester(reason: "asked"))
            #expect(rest.executions == 2 && rest.open == [] && rest.sharing == ["f"])
            #expect(try areGone(["leaf"], engine.journal.store))
            try await engine.close()
            #expect(try problems(path) == [])
        }
    }

    /// A fork goes on by what its origin has recorded.
    @Test func whatAnOpenForkReadsStays() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { input, context in
                let one = try await context.checkpoint("one") { _ in input + 1 }
                let go = try await context.receive("go", as: Int.self)
                try await context.checkpoint("two") { _ in
                    if go == 0 { throw OperationError(code: "no", message: "no") }
                }
                return "\(one + go)"
            }
            try await withEngine(path, code: code) { engine in
                try await engine.start()
                try await engine.untilWaiting()
                _ = try await engine.fork("a", at: "one", ForkOptions(id: "b"))
                try await engine.untilWaiting("b")
                _ = try await engine.waitForEnd(of: "a")
                let refusal = await #expect(throws: Refusal.self) { try await engine.erase("a") }
                #expect(refusal?.code == .conflict)
                #expect(refusal?.message.contains("its fork b") == true)
                try await engine.signal("b", "go", 0)
                #expect(try await engine.waitForEnd(of: "b").status == .failed)
                let answer = try await engine.erase("a")
                #expect(answer.sharing == ["b"])
                // It could not go on without it.
                let retry = await #expect(throws: Refusal.self) { try await engine.retry("b") }
                #expect(retry?.code == .erased)
            }
            #expect(try problems(path) == [])
        }
    }

    @Test func itsFilesGoToo() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.workspaces = path + "-files"
            options.keepsWorkspaces = true
            defer {
                do {
                    try Folder.removeAll(path + "-files")
                } catch {
                    Issue.record(error)
                }
            }
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                try await context.checkpoint("write") { _ in
                    try Data("plutonium".utf8).write(to: URL(filePath: folder + "/file"))
                }
                return folder
            }
            try await withEngine(path, options, code: code) { engine in
                try await engine.start()
                let folder = String(try await engine.result().dropFirst().dropLast())
                #expect(try FileStatus.of(folder.replacing("\\/", with: "/")) != nil)
                try await engine.erase("a")
                #expect(try FileStatus.of(folder.replacing("\\/", with: "/")) == nil)
                #expect(try !isStored("plutonium", engine.journal.store))
            }
            #expect(try problems(path) == [])
        }
    }

    // MARK: What a verification finds

    /// Writes payload records without an entry, as somebody with the file in hand might.
    private func tamper(_ path: String, _ body: (any StoreWriter) throws -> Void) async throws {
        try await withEngine(path, code: { _, _ in "" }) { engine in
            try engine.journal.write { batch in
                try body(batch.writer)
                try batch.put(position: 0, of: "tamper")
            }
        }
    }

    private func put(_ record: [UInt8], of sequence: UInt64, in path: String) async throws {
        try await tamper(path) { writer in
            try record.withUnsafeBytes { try writer.put(payloads: $0, of: sequence) }
        }
    }

    @Test func saltsThatSomebodyHasTakenOutAreFound() async throws {
        try await withJournal { path in
            let number = try await withEngine(path, code: { _, _ in "output" }) { engine in
                try await engine.start()
                return try await engine.waitForEnd(of: "a").number
            }
            try await put(PayloadRecord.erased(1), of: number, in: path)
            let found = try problems(path)
            #expect(found.map(\.sequence) == [number])
            #expect(found.first?.reason.contains("no entry says that") == true)
        }
    }

    private func record(of sequence: UInt64, _ store: any JournalStore) throws -> [UInt8] {
        let record = try store.read { reader in
            try reader.withPayloads(of: sequence) { Array($0) }
        }
        return try #require(record)
    }

    @Test func whatIsThereAlthoughAnEntrySaysThatItIsErasedIsFound() async throws {
        try await withJournal { path in
            let (number, kept) = try await withEngine(path, code: { _, _ in "output" }) { engine in
                try await engine.start()
                let number = try await engine.waitForEnd(of: "a").number
                return (number, try record(of: number, engine.journal.store))
            }
            let eraser = try await withEngine(path, code: { _, _ in "output" }) { engine in
                try await engine.erase("a", by: Requester(reason: "asked"))
                return try #require(try engine.record(of: "a")?.erasedBy)
            }
            #expect(try problems(path) == [])
            try await put(kept, of: number, in: path)
            let found = try problems(path)
            #expect(found.map(\.sequence) == [number])
            #expect(
                found.first?.reason.contains("entry \(eraser) says that its payloads are erased")
                    == true
            )
            // The reason of an erasure never goes.
            try await put(PayloadRecord.erased(1), of: number, in: path)
            try await put(PayloadRecord.erased(1), of: eraser, in: path)
            #expect(try problems(path).map(\.sequence) == [eraser])
        }
    }

    @Test func longHistoriesGoInManySteps() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                for number in 0..<700 {
                    _ = try await context.checkpoint("step \(number)") { _ in "value" }
                }
                return ""
            }
            try await withEngine(path, code: code) { engine in
                try await engine.start()
                let record = try await engine.waitForEnd(of: "a")
                let next = engine.journal.head.size
                let answer = try await engine.erase("a", by: Requester(reason: "asked"))
                #expect(answer.payloads > 700)
                #expect(engine.journal.head.size == next + 2)
                #expect(try engine.record(of: "a")?.entries == record.entries + 2)
            }
            #expect(try problems(path) == [])
        }
    }
}
