import DaybookSystem
import SeededRandom
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A command that makes a copy of a journal is killed, or refused, at every call by which it changes
/// something.
@Suite struct BackupFaultTests {
    /// The calls by which files and folders are changed.
    static let calls = ["mkdir", "write", "fsync", "renameat2", "unlink", "unlinkat"]

    @Test(arguments: calls)
    func killedAnywhereItLeavesNoneOrAWholeOne(_ call: String) async throws {
        try await expectWhole(call, "signal=SIGKILL", ["backup", "copy.daybook", "--with-keys"])
    }

    @Test(arguments: calls, ["EIO", "ENOSPC"])
    func refusedAnywhereItLeavesNoneOrAWholeOne(_ call: String, _ error: String) async throws {
        try await expectWhole(call, "error=\(error)", ["backup", "copy.daybook", "--with-keys"])
    }

    @Test(arguments: calls + ["pwrite64", "fdatasync"], ["signal=SIGKILL", "error=EIO"])
    func aRestorationLeavesNoneOrAWholeOne(_ call: String, _ fault: String) async throws {
        try await expectWhole(call, fault, Self.restoration)
    }

    @Test(arguments: ["pwrite64", "fdatasync"], ["signal=SIGKILL", "error=EIO", "error=ENOSPC"])
    func aRestorationToAMomentLeavesNoneOrAWholeOne(
        _ call: String,
        _ fault: String
    ) async throws {
        try await expectWhole(call, fault, Self.restoration + ["--at", "6"])
    }

    private static let restoration = [
        "restore", "test.daybook", "--reason", "a test", "--yes", "--journal", "copy.daybook",
    ]

    /// Killed at random while others write, it leaves none or a whole one, in which everything is that was
    /// answered before.
    @Test func killedAtRandomWhileOthersWriteItLeavesNoneOrAWholeOne() async throws {
        let seed = StormTests.seed
        var random = SeededGenerator(seed: seed)
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            let copy = sandbox.folder + "/copy.daybook"
            let worker = try sandbox.start("work")
            var whole = 0
            for round in 0..<StormTests.size(12) {
                let context = "seed \(seed), round \(round)"
                try await sandbox.succeed("submit", "runbook.yaml", "--id", "before-\(round)")
                try await sandbox.succeed("exec", "before-\(round)")
                let backup = try sandbox.start("backup", copy)
                let writing = try sandbox.start("submit", "runbook.yaml", "--id", "with-\(round)")
                // Every third one comes to its end.
                if round % 3 > 0 {
                    try await spin(random.next(below: 400_000))
                    backup.signal(SIGKILL)
                }
                let result = try await backup.finish()
                #expect([0, -SIGKILL].contains(result.status), "\(context): \(result.errors)")
                #expect(try await writing.finish().status == 0, "\(context)")
                guard try FileStatus.of(copy) != nil else { continue }
                whole += 1
                try await sandbox.succeed("verify", "--journal", copy)
                let list = try await sandbox.succeed("list", "--json", "--journal", copy).json
                let ids = Set(list["executions"].elements.compactMap { $0["id"].string })
                for number in 0...round { #expect(ids.contains("before-\(number)"), "\(context)") }
                try Folder.removeAll(copy)
            }
            #expect(whole > 0, "seed \(seed)")
            worker.signal(SIGINT)
            try await worker.finish()
            try await sandbox.succeed("verify")
        }
    }

    /// What a process that was killed before has left.
    private func leaveBehind(_ copy: String) throws {
        try Folder.create(copy + ".unfinished")
        try writeBytes([1, 2, 3], to: copy + ".unfinished/journal.mdb")
    }

    /// Runs a command that makes `copy.daybook`, again and again, with a fault one call later each time,
    /// until it has come through without one.
    private func expectWhole(
        _ call: String,
        _ fault: String,
        _ command: [String]
    ) async throws {
        let sample = try await SampleJournals.small()
        try await sample.withJournal { sandbox in
            let copy = sandbox.folder + "/copy.daybook"
            var number = 0
            var isThrough = false
            while !isThrough {
                number += 1
                try leaveBehind(copy)
                let context = "\(fault) at \(call) \(number)"
                let (result, hasStruck) = try await Tracing.run(
                    command,
                    sandbox,
                    call,
                    fault,
                    number
                )
                isThrough = !hasStruck
                let isThere = try FileStatus.of(copy) != nil
                if result.status == 0 {
                    #expect(isThere, "\(context)")
                } else if result.status != -SIGKILL {
                    // What is said is written too.
                    #expect(
                        result.errors.contains("daybook: ") || call == "write",
                        "\(context): \(result.errors)"
                    )
                    #expect([1, 75].contains(result.status), "\(context): \(result.errors)")
                }
                if isThere {
                    try await sandbox.succeed("verify", "--journal", copy)
                    try Folder.removeAll(copy)
                }
                // Whatever is left is in the way of nobody.
                try await sandbox.succeed(command)
                try await sandbox.succeed("verify", "--journal", copy)
                try Folder.removeAll(copy)
                #expect(try Folder.names(in: sandbox.folder) == ["test.daybook"], "\(context)")
                try #require(number < 200, "\(context)")
            }
            // A call that is not used by any name would be no test.
            #expect(number > 1, "\(call) was not struck")
        }
    }
}

/// Commands under strace, which has calls of theirs fail, or kills them there.
enum Tracing {
    private static let strace = "/usr/bin/strace"

    /// Runs a command with a fault at one call.
    /// - Parameters:
    ///   - fault: `signal=SIGKILL` or `error=EIO`.
    ///   - number: which of the calls, from 1.
    /// - Returns: how it ended, and whether there was such a call.
    static func run(
        _ command: [String],
        _ sandbox: Sandbox,
        _ call: String,
        _ fault: String,
        _ number: Int
    ) async throws -> (CommandResult, Bool) {
        if try FileStatus.of(strace) == nil {
            try Test.cancel("strace, which has calls fail, is not installed")
        }
        let trace = sandbox.folder + "-trace"
        var traced = sandbox
        traced.launcher = [
            strace, "-f", "-qq", "-o", trace, "-e", "trace=\(call)", "-e",
            "inject=\(call):\(fault):when=\(number)",
        ]
        let result = try await traced.daybook(command)
        if result.errors.contains("not permitted") {
            try Test.cancel("strace may not trace here: \(result.errors)")
        }
        let lines = try readText(trace)
        try Folder.removeFile(trace)
        return (result, lines.contains("(INJECTED)") || lines.contains("killed by SIGKILL"))
    }
}
