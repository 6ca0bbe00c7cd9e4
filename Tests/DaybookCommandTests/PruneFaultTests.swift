import Daybook
import DaybookFormat
import DaybookInspector
import DaybookSystem
import FoundationEssentials
import LMDB
import Testing

#if canImport(Glibc)
import Glibc
#endif

extension PruneTests {
    /// What is taken out beside what an entry vouches for, or put there, is found by both.
    @Test func damageToWhatStandsInItsPlaceIsFound() async throws {
        try await withRun(60) { sandbox in
            try await sandbox.succeed(Self.both)
            try await run(sandbox, 100..<101)
            let whole = try File.contents(of: sandbox.dataFile)
            let kept = try await sandbox.entries()
            let horizon = try await sandbox.succeed("info", "--json").json["pruned"]["horizon"]
                .integer
            let victim = try #require(
                kept.last { ($0["sequence"].integer ?? 0) < horizon ?? 0 }?["sequence"].integer
            )
            for kind in ["entry", "tombstone", "record", "hash"] {
                try writeBytes(whole, to: sandbox.dataFile)
                try damage(sandbox, kind, UInt64(victim))
                let found = try await sandbox.daybook("verify")
                #expect(found.status == 5, "\(kind): \(found)")
                let others = try await ArchiveTests.python("verify", sandbox.journal, in: sandbox)
                #expect(others.status == 5, "\(kind): \(others)")
            }
        }
    }

    private func damage(_ sandbox: Sandbox, _ kind: String, _ victim: UInt64) throws {
        let environment = try Environment.open(sandbox.dataFile, EnvironmentOptions())
        defer { environment.close() }
        let all = try environment.openDatabases(
            [
                ("entries", .integerKeys), ("pruned", .integerKeys), ("meta", []), ("tiles", []),
            ],
            creating: false
        )
        try environment.write { transaction in
            switch kind {
            case "entry":
                var key = victim
                try withUnsafeMutableBytes(of: &key) {
                    _ = try transaction.remove(UnsafeRawBufferPointer($0), from: all[0])
                }
            case "tombstone":
                try [UInt8](repeating: 7, count: 16).withUnsafeBytes {
                    try transaction.put($0, in: all[1], for: 1)
                }
            case "record":
                try Array("pruned".utf8).withUnsafeBytes { key in
                    var record: [UInt8] = []
                    if let span = try transaction.value(in: all[2], for: key) {
                        span.withUnsafeBytes { record = Array($0) }
                    }
                    record[1] &-= 1
                    try record.withUnsafeBytes { try transaction.put($0, in: all[2], for: key) }
                }
            default:
                try ([0] + [UInt8](repeating: 0, count: 8)).withUnsafeBytes { key in
                    var tile: [UInt8] = []
                    if let span = try transaction.value(in: all[3], for: key) {
                        span.withUnsafeBytes { tile = Array($0) }
                    }
                    for index in tile.indices { tile[index] ^= 1 }
                    try tile.withUnsafeBytes { try transaction.put($0, in: all[3], for: key) }
                }
            }
            // The record of the last commit goes along: it is not what is spoilt here.
            try Array("edge".utf8).withUnsafeBytes { key in
                var edge = WireWriter()
                if let span = try transaction.value(in: all[2], for: key) {
                    span.withUnsafeBytes { edge.raw($0) }
                }
                edge.varint(transaction.commitNumber ?? 0, Wire.TreeEdge.commit)
                try Array(edge.bytes).withUnsafeBytes {
                    try transaction.put($0, in: all[2], for: key)
                }
            }
        }
    }

    /// Two processes read and write without a pause while a third archives and prunes, again and again.
    @Test func othersGoOnMeanwhile() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true", "b": "true"]))
            let worker = try sandbox.start("work")
            let follower = try sandbox.start("log", "--follow", "--jsonl")
            var answered: [String] = []
            for round in 0..<6 {
                let pruning = try sandbox.start(Self.both)
                for number in 0..<5 {
                    let id = "x\(round)-\(number)"
                    try await sandbox.succeed("submit", "runbook.yaml", "--id", id)
                    try await sandbox.succeed("exec", id)
                    answered.append(id)
                }
                let result = try await pruning.finish()
                #expect(result.status == 0, "round \(round): \(result.errors)")
            }
            for id in answered {
                let waited = try await sandbox.daybook("wait", id, "--timeout", "60s")
                let isGone = waited.status == 4 && waited.errors.contains("is pruned")
                #expect(waited.status == 0 || isGone, "\(waited)")
            }
            worker.signal(SIGINT)
            let worked = try await worker.finish()
            #expect(worked.status == 0, "\(worked.errors)")
            follower.signal(SIGINT)
            let told = try await follower.finish().jsonLines.compactMap { $0["sequence"].integer }
            #expect(told == told.sorted() && Set(told).count == told.count)
            try await sandbox.succeed(Self.both)
            for id in answered {
                let shown = try await sandbox.daybook("status", id)
                #expect(shown.status == 4 || shown.text == "completed\n", "\(id): \(shown)")
            }
            try await ArchiveTests.verify(sandbox)
        }
    }

    /// Who has not looked for so long that what was open then is pruned by now goes on with what there is.
    @Test func whoHasNotLookedMeanwhileTakesInEverythingAnew() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            let sleeper = try sandbox.start("work", "--grace", "0s")
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "first")
            try await sandbox.succeed("exec", "first")
            #expect(try await sandbox.daybook("wait", "first", "--timeout", "60s").status == 0)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "open")
            sleeper.signal(SIGSTOP)
            for id in ["x", "y", "z"] {
                try await sandbox.succeed("run", "runbook.yaml", "--id", id)
            }
            try await sandbox.succeed("cancel", "open", "--yes")
            try await sandbox.succeed(Self.both)
            #expect(try await sandbox.daybook("status", "x").status == 4)
            #expect(try await sandbox.daybook("status", "open").status == 4)
            sleeper.signal(SIGCONT)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "last")
            try await sandbox.succeed("exec", "last")
            let waited = try await sandbox.daybook("wait", "last", "--timeout", "60s")
            #expect(waited.status == 0, "\(waited)")
            sleeper.signal(SIGINT)
            let slept = try await sleeper.finish()
            #expect(slept.status == 0, "\(slept)")
            try await ArchiveTests.verify(sandbox)
        }
    }

    /// Killed or refused at any call, what is archived is in the file or it is not, and the next one goes on.
    @Test(
        arguments: [
            "mkdir", "write", "pwrite64", "fdatasync", "fsync", "rename", "unlink", "unlinkat",
        ],
        ["signal=SIGKILL", "error=EIO", "error=ENOSPC"]
    )
    func faultsLeaveItInOrOut(_ call: String, _ fault: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "kept", "--label", "is=kept")
            var number = 0
            var isThrough = false
            var isPruned = true
            while !isThrough {
                number += 1
                let context = "\(fault) at \(call) \(number)"
                if isPruned {
                    // What there is to prune.
                    try await sandbox.succeed(
                        "run",
                        "runbook.yaml",
                        "--id",
                        "x\(number)",
                        "--label",
                        "is=x"
                    )
                    try await sandbox.succeed(ArchiveTests.archive + ["--label", "is=x"])
                }
                let before = try await sandbox.succeed("list", "--json").json["executions"].elements
                    .count
                let (result, hasStruck) = try await Tracing.run(
                    Self.prune,
                    sandbox,
                    call,
                    fault,
                    number
                )
                isThrough = !hasStruck
                // The next one who opens the journal may finish it.
                let verified = try await sandbox.daybook("verify")
                #expect(verified.status == 0, "\(context): \(verified)")
                let left = try await sandbox.succeed("list", "--json").json["executions"].elements
                    .count
                #expect(before == 2 && [1, 2].contains(left), "\(context): \(left)")
                isPruned = left == 1
                if !isPruned { #expect(result.status != 0, "\(context): \(result)") }
                if isThrough { #expect(isPruned, "\(context): \(result)") }
                try #require(number < 200, "\(context)")
            }
            #expect(number > 1, "\(call) was not struck")
            try await ArchiveTests.verify(sandbox)
            #expect(try await sandbox.succeed("status", "kept").text == "completed\n")
            #expect(try !Folder.names(in: sandbox.journal).contains("rewriting"))
        }
    }

    /// What is gone takes 40 bytes an execution and a byte an entry at most.
    @Test func theFileIsAsSmallAsWhatStays() async throws {
        try await withSandbox { sandbox in
            let (many, few) = (4_000, 200)
            try await runMany(sandbox.journal, 0..<many)
            let counted = try await sandbox.succeed(Self.both + ["--json"]).json["prune"]
            let executions = try #require(counted["executions"].integer)
            let entries = try #require(counted["entries"].integer)
            #expect(executions == many)
            try await runMany(sandbox.journal, many..<many + few)
            try await sandbox.succeed("compact", "--shrink", "--reason", "t", "--yes")
            let size = try #require(try FileStatus.of(sandbox.dataFile)).size
            let other = sandbox.folder + "/few.daybook"
            try await sandbox.succeed("init", "few.daybook")
            try await runMany(other, many..<many + few)
            try await sandbox.succeed(
                "compact",
                "--shrink",
                "--reason",
                "t",
                "--yes",
                "--journal",
                "few.daybook"
            )
            let kept = try #require(try FileStatus.of(other + "/journal.mdb")).size
            #expect(
                size <= 3 * kept + 40 * executions + entries,
                "\(size) bytes; \(kept) for what stays, \(executions) executions, \(entries) entries"
            )
            try await ArchiveTests.verify(sandbox)
        }
    }

    private struct Short: Workflow {
        static let name = "short"
        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input }
    }

    func runMany(_ path: String, _ numbers: Range<Int>) async throws {
        let engine = try await Engine.open(at: path, workflows: [Short()])
        for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 500) {
            let part = first..<min(first + 500, numbers.upperBound)
            for number in part {
                try await engine.start(Short.self, id: "order-\(number)", input: number)
            }
            for number in part { _ = try await engine.wait(for: "order-\(number)") { $0.isClosed } }
        }
        try await engine.close(grace: .zero)
    }
}
