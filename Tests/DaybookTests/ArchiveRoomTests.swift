import DaybookFormat
import DaybookSystem
import DaybookTestKit
import Foundation
import Logging
import Testing

@testable import Daybook
@testable import DaybookModel

#if canImport(Glibc)
import Glibc
#endif

/// The room for workspaces that are read at one time.
@Suite(.timeLimit(.minutes(20))) struct ArchiveRoomTests {
    @Test func whoFindsNoRoomWaitsInTurn() async {
        let room = ArchiveRoom(size: 10)
        let first = await room.share(of: 6)
        #expect(room.shareNow(of: 5) == nil)
        let small = room.shareNow(of: 4)
        #expect(small != nil)
        let order = Locked<[Int]>([])
        await withTaskGroup(of: Void.self) { group in
            for size in [8, 2] {
                group.addTask {
                    let share = await room.share(of: size)
                    order.withLock { $0.append(size) }
                    share.giveBack()
                }
                // The second one asks when the first one waits.
                while room.waiting == (size == 8 ? 0 : 1) { await Task.yield() }
            }
            // There are 4 bytes now, for the second one: it came after the first.
            small?.giveBack()
            #expect(room.shareNow(of: 1) == nil)
            #expect(order.withLock { $0 }.isEmpty)
            first.giveBack()
        }
        #expect(Set(order.withLock { $0 }) == [8, 2])
        #expect(room.shareNow(of: 10) != nil)
    }

    /// Otherwise it would wait for ever.
    @Test func oneLargerThanAllOfItHasItsTurnAlone() async {
        let room = ArchiveRoom(size: 10)
        let share = await room.share(of: 11)
        #expect(room.shareNow(of: 0) == nil)
        share.giveBack()
        #expect(room.shareNow(of: 10) != nil)
    }

    /// Of many folders that have changed at the same time only so many are in memory.
    @Test func manyWorkspacesAreSavedThroughALittleRoom() async throws {
        let count = 12
        try await withJournal { path in
            var options = EngineOptions()
            options.workspaceLimit = 40_000
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                for step in 1...2 {
                    try await context.checkpoint("write \(step)") { _ in
                        try Data(repeating: UInt8(step), count: 30_000)
                            .write(to: URL(filePath: folder + "/file"))
                    }
                }
                return ""
            }
            try await withEngine(path, options, code: code) { daybook in
                for number in 0..<count { try await daybook.start("a\(number)") }
                for number in 0..<count {
                    #expect(try await daybook.waitForEnd(of: "a\(number)").status == .completed)
                }
                var saved = 0
                try daybook.journal.scan { entry in
                    if entry.event == EventKind.workspaceSaved.rawValue { saved += 1 }
                    return true
                }
                #expect(saved == 2 * count)
            }
        }
    }

    /// Branches of one execution share its folder, and wait for the same room: nobody who has some waits for
    /// somebody who waits. Were it otherwise this would have no end.
    @Test(.timeLimit(.minutes(5)), arguments: [1, 40_000, 4_000_000])
    func branchesDoNotWaitForEachOther(_ limit: Int) async throws {
        let (executions, branches, steps) = (3, 8, 4)
        try await withJournal { path in
            var options = EngineOptions()
            options.workspaceLimit = limit
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                let done = try await context.map("all", Array(0..<branches)) { scope, branch in
                    for step in 0..<steps {
                        try await scope.checkpoint("write \(step)") { _ in
                            // All of them together are more than the middle limit takes.
                            try Data(repeating: UInt8(step), count: 8_000)
                                .write(to: URL(filePath: "\(folder)/\(branch)"))
                        }
                    }
                    return branch
                }
                return "\(done.count)"
            }
            try await withEngine(path, options, code: code) { daybook in
                for number in 0..<executions { try await daybook.start("a\(number)") }
                for number in 0..<executions {
                    #expect(try await daybook.result(of: "a\(number)") == "\"\(branches)\"")
                }
                let room = try #require(daybook.engine.workspaces?.room)
                #expect(room.waiting == 0)
                // All of it was given back.
                let all = room.shareNow(of: Workspaces.archives * max(limit, 1))
                #expect(all != nil)
                all?.giveBack()
            }
        }
    }

    /// The files that could not be read are looked at again though they have not changed.
    @Test func whatCouldNotBeReadIsSavedAfterTheNextOperation() async throws {
        // A limit on open files, which holds for the whole process, stands in for a machine in trouble.
        await #expect(processExitsWith: .success) {
            let folder = NSTemporaryDirectory() + "keeper-\(UUID())"
            try Folder.create(folder)
            try Folder.create(folder + "/files")
            try Data("content".utf8).write(to: URL(filePath: folder + "/files/one"))
            let keeper = try Self.keeper(folder, ArchiveRoom(size: 100_000))
            var before = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
            // One file can be opened: the folder is looked at, and no file in it read.
            let free = open("/dev/null", O_RDONLY)
            close(free)
            var one = before
            one.rlim_cur = rlim_t(free) + 1
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &one)
            let first = try await keeper.take()
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
            #expect(first.take == nil)
            first.share?.giveBack()
            let second = try await keeper.take()
            let take = try #require(second.take)
            #expect(take.content == .saved(members: 1, bytes: 7, leftOut: 0))
            try Folder.removeAll(folder)
        }
    }

    private static func keeper(
        _ folder: String,
        _ room: ArchiveRoom,
        _ redactor: Redactor? = nil
    ) throws -> WorkspaceKeeper {
        var terms = WorkspaceKeeper.Terms(limit: 100_000, isRecorded: false, redactor: redactor)
        // Every change counts as long past.
        terms.grain = .min
        return WorkspaceKeeper(
            folder + "/files",
            try WorkspaceMark("owner", 1, [.nothing]),
            at: folder + "/files.at",
            lease,
            terms,
            room,
            Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private static var lease: Lease {
        Lease(
            execution: 1,
            epoch: 1,
            id: "a",
            type: "t",
            attempt: 1,
            isLastAttempt: false,
            claim: 1,
            previousFailure: nil,
            cleaning: [],
            endedAt: Timestamp(rawValue: 0),
            isFinalizer: false
        )
    }

    /// What a commit failed with is not kept in memory, and no two takes have one number.
    @Test func whatCouldNotBeRecordedIsTakenAgain() async throws {
        let folder = NSTemporaryDirectory() + "keeper-\(UUID())"
        try Folder.create(folder)
        try Folder.create(folder + "/files")
        try Data("content".utf8).write(to: URL(filePath: folder + "/files/one"))
        let room = ArchiveRoom(size: 100_000)
        let keeper = try Self.keeper(folder, room)
        let first = try await keeper.take()
        keeper.wasNotRecorded(try #require(first.take))
        first.share?.giveBack()
        // Who has no room for it does not have it.
        let others = try #require(room.shareNow(of: 100_000))
        let second = Task { try await keeper.take() }
        while room.waiting == 0 { await Task.yield() }
        others.giveBack()
        let again = try await second.value
        #expect(again.take?.content == first.take?.content)
        #expect(again.take?.number == 2)
        again.share?.giveBack()
        try Folder.removeAll(folder)
    }

    /// Two branches carry one take: what the commit of one failed with the commit of the other records, also
    /// when something newer has been recorded since.
    @Test(arguments: [false, true]) func whatAnotherBranchRecordsCounts(_ isLate: Bool) async throws
    {
        let folder = NSTemporaryDirectory() + "keeper-\(UUID())"
        try Folder.create(folder)
        try Folder.create(folder + "/files")
        let keeper = try Self.keeper(folder, ArchiveRoom(size: 1 << 20))
        func take(_ text: String?) async throws -> WorkspaceTake? {
            // To write the same again would be a change: of the second of its last change.
            if let text { try Data(text.utf8).write(to: URL(filePath: folder + "/files/one")) }
            let taken = try await keeper.take()
            taken.share?.giveBack()
            return taken.take
        }
        let first = try #require(try await take("first"))
        keeper.wasNotRecorded(first)
        if isLate { keeper.wasRecorded(try #require(try await take("second"))) }
        keeper.wasRecorded(first)
        // What is recorded is not recorded once more.
        #expect(try await take(nil) == nil)
        let last = try #require(try await take("third"))
        let mark = try #require(try WorkspaceMark(at: folder + "/files.at"))
        #expect(mark.places.map(\.take) == [isLate ? 2 : 1, last.number])
        try Folder.removeAll(folder)
    }

    /// Somebody is to remove it: nobody looks through all files for that.
    @Test(arguments: [
        ("b/plain", "x hunter2-hunter2", "\"b/plain\" of"),
        ("a-hunter2-hunter2", "", "\"a-***\" of"),
    ])
    func theFileThatHoldsASecretIsNamed(_ path: String, _ text: String, _ named: String)
        async throws
    {
        let folder = NSTemporaryDirectory() + "keeper-\(UUID())"
        for part in ["", "/files", "/files/b"] { try Folder.create(folder + part) }
        for name in ["a", "b/0", "c"] {
            try Data("hunter".utf8).write(to: URL(filePath: "\(folder)/files/\(name)"))
        }
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/files/\(path)"))
        let redactor = Redactor([Array("hunter2-hunter2".utf8)])
        let taken = try await Self.keeper(folder, ArchiveRoom(size: 1), redactor).take()
        defer { taken.share?.giveBack() }
        let take = try #require(taken.take)
        #expect(take.content == .unsaved(code: "workspace-has-secret"))
        let message = String(decoding: take.payloads.record, as: UTF8.self)
        #expect(message.contains(named), "\(message)")
        try Folder.removeAll(folder)
    }

    /// What an archive takes is what it has, however small the limit of this process is.
    @Test(arguments: [0, 1 << 30]) func whoRestoresAsksForTheSizeOfTheArchive(_ limit: Int)
        async throws
    {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                try await context.checkpoint("write") { _ in
                    try Data(repeating: 1, count: 300_000).write(
                        to: URL(filePath: folder + "/file")
                    )
                }
                let _: Bool = try await context.receive("go on")
                return "\(try Data(contentsOf: URL(filePath: folder + "/file")).count)"
            }
            try await withEngine(path, EngineOptions(), code: code) { daybook in
                try await daybook.start("a")
                _ = try await daybook.wait(for: "a") { $0.status == .waiting }
            }
            try Folder.removeAll(path + "/workspaces")
            var options = EngineOptions()
            options.workspaceLimit = limit
            try await withEngine(path, options, code: code) { daybook in
                let room = try #require(daybook.engine.workspaces?.room)
                let all = Workspaces.archives * max(limit, 1)
                // Others leave room for 400 kB, or none.
                let others = try #require(room.shareNow(of: limit == 0 ? all : all - 400_000))
                try await daybook.signal("a", "go on", true)
                if limit == 0 {
                    while room.waiting == 0 { await Task.yield() }
                    others.giveBack()
                }
                #expect(try await daybook.result() == "\"300000\"")
            }
        }
    }
}
