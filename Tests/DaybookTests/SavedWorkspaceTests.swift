import Daybook
import DaybookFormat
import DaybookSystem
import DaybookTestKit
import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The folder that an execution keeps files in is saved with each operation that changes it, and restored
/// where the execution goes on.
@Suite struct SavedWorkspaceTests {
    private let files = FileManager.default

    /// Three steps that each write a file; the second fails at the first attempt, after it has written. What
    /// each body finds is noted.
    private static func steps(_ found: CallLog) -> Scripted.Code {
        { _, context in
            let folder = try await context.workspace()
            for step in 1...3 {
                try await context.checkpoint("step \(step)") { operation in
                    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                    found.add("\(step): \(names.sorted().joined(separator: " "))")
                    try Data("of \(step)".utf8).write(to: URL(filePath: "\(folder)/\(step)"))
                    if step == 2, operation.attempt == 1 {
                        throw OperationError(code: "no", message: "no")
                    }
                }
            }
            return try String(contentsOf: URL(filePath: "\(folder)/1"), encoding: .utf8)
        }
    }

    /// Another process, with another folder of workspaces.
    @Test func anotherInstanceGoesOnWithTheFiles() async throws {
        try await withJournal { path in
            let found = CallLog()
            var options = EngineOptions()
            options.workspaces = path + "/one"
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.start()
                #expect(try await daybook.waitForEnd(of: "a").status == .failed)
            }
            options.workspaces = path + "/two"
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"of 1\"")
            }
            // What failed had written, and that is there when it is run again.
            #expect(found.lines == ["1: ", "2: 1", "2: 1 2", "3: 1 2"])
        }
    }

    /// Modes, links, folders, names of any bytes.
    @Test func theFilesComeBackAsTheyWere() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                try await context.checkpoint("write") { _ in
                    let files = FileManager.default
                    try files.createDirectory(
                        atPath: folder + "/folder/inner",
                        withIntermediateDirectories: true
                    )
                    try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: folder + "/folder/run"))
                    try files.setAttributes(
                        [.posixPermissions: 0o751],
                        ofItemAtPath: folder + "/folder/run"
                    )
                    try files.createSymbolicLink(
                        atPath: folder + "/link",
                        withDestinationPath: "folder/run"
                    )
                    try Data(repeating: 7, count: 3_000_000)
                        .write(to: URL(filePath: folder + "/large\n"))
                }
                _ = try await context.receive("go", as: String.self)
                return folder
            }
            var options = EngineOptions()
            options.workspaces = path + "/one"
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
            }
            let before = try archive(path + "/one")
            options.workspaces = path + "/two"
            options.keepsWorkspaces = true
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.signal("a", "go", "on")
                #expect(try await daybook.result().contains("/two/"))
            }
            #expect(try archive(path + "/two") == before)
        }
    }

    /// Nothing is recorded where nothing has changed, and not much where little has.
    @Test func onlyWhatHasChangedIsStored() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                for step in 0..<10 {
                    try await context.checkpoint("step \(step)") { _ in
                        var random = SystemRandomNumberGenerator()
                        let count = step == 0 ? 1_000_000 : step < 5 ? 100 : 0
                        guard count > 0 else { return }
                        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random)
                        }
                        try Data(bytes).write(to: URL(filePath: "\(folder)/\(step)"))
                    }
                }
                return ""
            }
            try await withEngine(path, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
                let names = try names(of: daybook)
                #expect(names.count { $0 == "workspace_saved" } == 5)
                let size = try #require(try FileStatus.of(path + "/journal.mdb")).size
                #expect(size < 1_500_000, "the journal has \(size) bytes")
            }
        }
    }

    @Test func oneThatIsTooLargeIsRecordedAsThatAndNeededElsewhereByName() async throws {
        try await withJournal { path in
            let found = CallLog()
            var options = EngineOptions()
            options.workspaces = path + "/one"
            options.workspaceLimit = 3_000
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.start()
                // Here it goes on, and is not told of it.
                #expect(try await daybook.waitForEnd(of: "a").status == .failed)
                let names = try names(of: daybook)
                #expect(names.count { $0 == "workspace_unsaved" } == 1)
                #expect(names.count { $0 == "workspace_saved" } == 1)
            }
            options.workspaces = path + "/two"
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.retry("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.errorCode == "workspace-not-saved", "\(record)")
                #expect(try endingText(of: record, daybook).contains("at most 3000 are saved"))
            }
            // Where it was it goes on.
            options.workspaces = path + "/one"
            options.workspaceLimit = 50_000_000
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"of 1\"")
            }
        }
    }

    @Test func aSecretIsNotSavedWithTheFiles() async throws {
        try await withJournal { path in
            let secret = "the-secret-of-the-house"
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                try await context.checkpoint("write") { _ in
                    try Data("token=\(secret)\n".utf8).write(to: URL(filePath: folder + "/token"))
                }
                return ""
            }
            var options = EngineOptions()
            options.journalKey = .bytes(Array(repeating: 7, count: 32))
            var terms = ExecutionOptions()
            terms.secrets = ["token": Secret(secret)]
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start("a", terms)
                _ = try await daybook.result()
                let names = try names(of: daybook)
                #expect(names.contains("workspace_unsaved") && !names.contains("workspace_saved"))
            }
            let bytes = try Data(contentsOf: URL(filePath: path + "/journal.mdb"))
            #expect(bytes.range(of: Data(secret.utf8)) == nil)
        }
    }

    /// The folder of an instance that another one has gone on without.
    @Test func whatIsStaleIsReplaced() async throws {
        try await withJournal { path in
            let found = CallLog()
            var options = EngineOptions()
            options.workspaces = path + "/one"
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            let folder = try workspace(path + "/one")
            try Data("stale".utf8).write(to: URL(filePath: folder + "/stale"))
            // What it has is what is recorded, and more: nobody takes it away.
            let code = Self.steps(found)
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.retry("a")
                _ = try await daybook.result()
            }
            #expect(found.lines.last == "3: 1 2 stale")
        }
    }

    /// After another start of the machine its files may be cut short.
    @Test func afterTheMachineWasStartedAgainTheSavedFilesCount() async throws {
        try await withJournal { path in
            let found = CallLog()
            try await withEngine(path, code: Self.steps(found)) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            let folder = try workspace(path + "/workspaces")
            try Data().write(to: URL(filePath: folder + "/1"))
            let mark = folder + ".at"
            var lines = try String(contentsOf: URL(filePath: mark), encoding: .utf8)
                .components(separatedBy: "\n")
            lines[1] = "another-boot"
            try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: mark))
            try await withEngine(path, code: Self.steps(found)) { daybook in
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"of 1\"")
            }
        }
    }

    @Test(arguments: ["", "rubbish", "x\ny\n1 2", "\n\n\n", "o\nb\n1\n1 1 saved zz\n"])
    func aMarkThatIsNoneIsNotBelieved(_ text: String) async throws {
        try await withJournal { path in
            let found = CallLog()
            try await withEngine(path, code: Self.steps(found)) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            let folder = try workspace(path + "/workspaces")
            try Data(text.utf8).write(to: URL(filePath: folder + ".at"))
            try Data().write(to: URL(filePath: folder + "/1"))
            try await withEngine(path, code: Self.steps(found)) { daybook in
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"of 1\"")
            }
        }
    }

    @Test func branchesSaveSideBySide() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                _ = try await context.map("all", 0..<40) { context, index in
                    try await context.checkpoint("write \(index)") { _ in
                        try Data("\(index)".utf8).write(to: URL(filePath: "\(folder)/\(index)"))
                    }
                }
                _ = try await context.receive("go", as: String.self)
                return try FileManager.default.contentsOfDirectory(atPath: folder).count.description
            }
            var options = EngineOptions()
            options.workspaces = path + "/one"
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
            }
            options.workspaces = path + "/two"
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.signal("a", "go", "on")
                #expect(try await daybook.result() == "\"40\"")
            }
        }
    }

    /// Two ask at once where it is to be restored: what the first one's body writes stays.
    @Test func branchesThatAskAtOnceHaveOneFolder() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                try await context.checkpoint("write") { _ in }
                _ = try await context.map("all", 0..<16) { context, index in
                    let folder = try await context.workspace()
                    try await context.checkpoint("write \(index)") { _ in
                        try Data("\(index)".utf8).write(to: URL(filePath: "\(folder)/\(index)"))
                    }
                }
                let folder = try await context.workspace()
                return try FileManager.default.contentsOfDirectory(atPath: folder).count.description
            }
            try await withEngine(path, code: code) { daybook in
                try await daybook.start()
                #expect(try await daybook.result() == "\"16\"")
            }
        }
    }

    /// A process that saves nothing goes on with what was saved: that what is saved is old is said.
    @Test func whatIsNotKeptAnyMoreIsNotTakenForNew() async throws {
        try await withJournal { path in
            let found = CallLog()
            var options = EngineOptions()
            options.workspaces = path + "/one"
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            options.workspaceLimit = 0
            options.workspaces = path + "/two"
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"of 1\"")
                let names = try names(of: daybook)
                #expect(names.contains("workspace_unsaved"))
            }
        }
    }

    /// The journal was set back, and another execution has the number.
    @Test func theFolderOfAnotherHistoryIsSetAside() async throws {
        try await withJournal { path in
            let found = CallLog()
            var options = EngineOptions()
            options.workspaces = path + "/one"
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
            }
            let folder = try workspace(path + "/one")
            let mark = folder + ".at"
            var lines = try String(contentsOf: URL(filePath: mark), encoding: .utf8)
                .components(separatedBy: "\n")
            lines[0] = "another execution"
            try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: mark))
            try Data("not mine".utf8).write(to: URL(filePath: folder + "/1"))
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.retry("a")
                #expect(try await daybook.result() == "\"of 1\"")
            }
            let aside = try String(contentsOf: URL(filePath: folder + ".other/1"), encoding: .utf8)
            #expect(aside == "not mine")
        }
    }

    @Test func aFolderThatAJobRemovesIsMadeAgain() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                for (step, link) in [nil, "/etc"].enumerated() {
                    try await context.checkpoint("remove \(step)") { _ in
                        try FileManager.default.removeItem(atPath: folder)
                        guard let link else { return }
                        try FileManager.default.createSymbolicLink(
                            atPath: folder,
                            withDestinationPath: link
                        )
                    }
                    try await context.checkpoint("look \(step)") { _ in
                        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                        #expect(names.isEmpty)
                    }
                }
                return ""
            }
            try await withEngine(path, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
            }
        }
    }

    @Test func withoutALimitNothingIsSaved() async throws {
        try await withJournal { path in
            let found = CallLog()
            var options = EngineOptions()
            options.workspaceLimit = 0
            try await withEngine(path, options, code: Self.steps(found)) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                try await daybook.retry("a")
                _ = try await daybook.result()
                let names = try names(of: daybook)
                #expect(!names.contains { $0.hasPrefix("workspace") })
            }
        }
    }

    /// Nothing of the folder can be saved, and that is said: once, and not with each outcome.
    @Test(arguments: [false, true])
    func whatCannotBeSavedIsSaidOnce(_ hasFile: Bool) async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                if hasFile {
                    try await context.checkpoint("file") { _ in
                        try Data("file".utf8).write(to: URL(filePath: folder + "/file"))
                    }
                }
                for step in 1...3 {
                    try await context.checkpoint("step \(step)") { _ in
                        _ = mkfifo("\(folder)/pipe \(step)", 0o600)
                    }
                }
                // It is gone again, and what is saved is as it was.
                try await context.checkpoint("last") { _ in
                    for step in 1...3 { unlink("\(folder)/pipe \(step)") }
                }
                return ""
            }
            try await withEngine(path, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
                var leftOut: [UInt64] = []
                try daybook.journal.scan { entry in
                    guard entry.event == EventKind.workspaceSaved.rawValue else { return true }
                    leftOut.append(try ProtoWorkspaceSaved(decoding: entry).leftOut)
                    return true
                }
                #expect(leftOut == (hasFile ? [0, 1] : [1]))
            }
        }
    }

    @Test func aForkBeginsWithTheFilesOfItsOrigin() async throws {
        try await withJournal { path in
            let found = CallLog()
            try await withEngine(path, code: Self.steps(found)) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                try await daybook.retry("a")
                _ = try await daybook.result()
                _ = try await daybook.fork("a", at: "step 3", ForkOptions(id: "b"))
                #expect(try await daybook.result(of: "b") == "\"of 1\"")
            }
            #expect(found.lines.last == "3: 1 2")
        }
    }

    /// A fork has a folder of its own, and would look there in vain.
    @Test func aForkThatWouldLackFilesIsRefused() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.workspaceLimit = 64 << 10
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                for (step, size) in [1, 200_000, 1].enumerated() {
                    try await context.checkpoint("step \(step)") { _ in
                        let data = Data(repeating: 7, count: size)
                        try data.write(to: URL(filePath: "\(folder)/file"))
                    }
                }
                return ""
            }
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.result()
                let refusal = await #expect(throws: Refusal.self) {
                    try await daybook.fork("a", at: "step 2", ForkOptions(id: "b"))
                }
                let message = refusal?.message ?? ""
                #expect(refusal?.code == .conflict)
                #expect(message.contains("could not be saved"), "\(message)")
                #expect(message.hasSuffix("fork at 1, which is \"step 1\""), "\(message)")
                _ = try await daybook.fork("a", at: "1", ForkOptions(id: "b"))
                #expect(try await daybook.result(of: "b") == "\"\"")
            }
        }
    }

    // MARK: Means

    private func names(of daybook: Engine) throws -> [String] {
        var names: [String] = []
        try daybook.journal.scan { entry in
            names.append(EventKind(rawValue: entry.event)?.name ?? "?")
            return true
        }
        return names
    }

    /// The only workspace in a folder, or one below it.
    private func workspace(_ folder: String) throws -> String {
        let names = try files.contentsOfDirectory(atPath: folder).filter { !$0.contains(".") }
        let name = try #require(names.first)
        #expect(names.count == 1)
        return UInt64(name) == nil ? try workspace("\(folder)/\(name)") : "\(folder)/\(name)"
    }

    private func archive(_ folder: String) throws -> FolderArchive {
        try FolderArchive.of(try workspace(folder), limit: 1 << 26)
    }
}
