import Daybook
import DaybookInspector
import DaybookJournal
import DaybookSystem
import DaybookTestKit
import DaybookView
import FoundationEssentials
import Testing

/// ``Engine/backup(to:_:)`` while the engine writes.
@Suite struct EngineBackupTests {
    /// Runs `body` with a folder for copies.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/backups-\(UUID())"
        try Folder.create(path)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(path))
        } catch {
            result = .failure(error)
        }
        try Folder.removeAll(path)
        try result.get()
    }

    /// Whoever was answered before a copy began finds himself in it, and what is in it is a beginning of
    /// the journal.
    @Test func whatWasAnsweredBeforeIsInTheCopy() async throws {
        try await withJournal { path in
            try await withFolder { folder in
                let answered = Locked<[String]>([])
                let isOver = Locked(false)
                try await withEngine(
                    path,
                    code: { input, context in
                        try await context.checkpoint("note") { _ in "\(input)" }
                    }
                ) { engine in
                    try await engine.start()
                    async let writing: Void = {
                        var number = 0
                        while !isOver.withLock({ $0 }) {
                            let id = "x\(number)"
                            try await engine.start(Scripted.self, id: id, input: number)
                            answered.withLock { $0.append(id) }
                            number += 1
                        }
                    }()
                    do {
                        for round in 0..<6 {
                            // Writing goes on between any two copies.
                            while answered.withLock({ $0.count }) <= round {
                                await Task.yield()
                            }
                            let before = answered.withLock { $0 }
                            let backup = try await engine.backup(to: "\(folder)/\(round).daybook")
                            try check(backup, has: before, of: path)
                        }
                    } catch {
                        isOver.withLock { $0 = true }
                        throw error
                    }
                    isOver.withLock { $0 = true }
                    try await writing
                }
            }
        }
    }

    private func check(_ backup: Backup, has ids: [String], of path: String) throws {
        let copy = try Inspector(path: backup.path)
        defer { copy.close() }
        let report = try copy.verify()
        #expect(report.isGood, "\(report.problems)")
        #expect(report.entries == backup.size)
        #expect(report.root == backup.root)
        for id in ids { #expect(try copy.record(of: id).id == id) }
    }

    @Test func aCopyAtAPlaceThatIsTakenIsRefused() async throws {
        try await withJournal { path in
            try await withEngine(path, code: { _, _ in "" }) { engine in
                let error = await #expect(throws: JournalError.self) {
                    _ = try await engine.backup(to: path)
                }
                #expect(error?.code == .exists)
                let inside = await #expect(throws: JournalError.self) {
                    _ = try await engine.backup(to: path + "/copy")
                }
                #expect(inside?.code == .badPlace)
            }
        }
    }

    /// The number of a file that is gone is given to the next one: a copy that gets that of the journal
    /// would be taken for it.
    @Test func aCopyHasAnotherNumberThanTheFileAtHome() throws {
        let path = FileManager.default.temporaryDirectory.path + "/number-\(UUID())"
        defer { Folder.discardFile(path) }
        for _ in 0..<3 {
            let number = try File.open(path, .create).status().inode
            try Folder.removeFile(path)
            let file = try StoreCopy.file(at: path, besides: number)
            #expect(try file.status().inode != number)
            try Folder.removeFile(path)
        }
    }
}
