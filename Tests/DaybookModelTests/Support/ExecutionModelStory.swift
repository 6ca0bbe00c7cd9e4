import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

@testable import DaybookModel

/// Chapters of a story in which every event of the execution model happens.
enum ExecutionModelStory {
    static let chapters: [@Sendable (inout ModelHarness) throws -> Void] = [
        { harness in
            _ = try harness.open("story")
            try harness.submit("late", by: session(harness))
            var terms = Submit.Terms()
            terms.retry = RetryPolicy(
                maxAttempts: 2,
                baseDelay: .seconds(10),
                jitter: 0.5,
                fatalCodes: ["fatal"]
            )
            terms.timeout = .seconds(60)
            try harness.ready("tried", terms, by: session(harness))
            terms.retry = .none
            try harness.ready("slow", terms, by: session(harness))
            terms = Submit.Terms()
            terms.delay = .seconds(5)
            terms.retry.retryableCodes = ["busy"]
            try harness.ready("delayed", terms, by: session(harness))
        },
        { harness in
            let tried = try harness.claim(number("tried", harness), by: session(harness))
            try harness.succeed(tried, .op(.checkpoint, 0), by: session(harness))
            try harness.disappoint(tried, .op(.checkpoint, 1), by: session(harness))
            try harness.fail(tried, by: session(harness))
            _ = try harness.claim(number("slow", harness), by: session(harness))
        },
        { harness in
            try harness.pass(.seconds(20), by: session(harness))
            let tried = try harness.claim(number("tried", harness), by: session(harness))
            let operation = Operation.op(.checkpoint, 1)
            let payloads = try harness.sealed([.text("not yet")])
            try harness.run(
                RetryOperation(
                    tried,
                    operation,
                    ErrorFacts(code: "busy"),
                    payloads: payloads,
                    tries: 1,
                    policy: RetryPolicy(maxAttempts: 3),
                    suspended: 1
                ),
                session: session(harness)
            )
        },
        { harness in
            try harness.pass(.seconds(2), by: session(harness))
            let tried = try lease("tried", harness)
            try harness.succeed(tried, .op(.checkpoint, 1), by: session(harness))
            try harness.sleep(tried, .op(.sleep, 2), for: .seconds(3), by: session(harness))
        },
        { harness in
            try harness.pass(.seconds(3), by: session(harness))
            let tried = try lease("tried", harness)
            try harness.await(tried, .op(.signal, 3, "go"), by: session(harness))
            try harness.signal("tried", "go", signalID: "1", by: session(harness))
            try harness.signal("tried", "go", signalID: "1", by: session(harness))
        },
        { harness in
            let tried = try lease("tried", harness)
            try harness.run(
                StartBranches(tried, .op(.race, 4), count: 2),
                session: session(harness)
            )
            try harness.await(
                tried,
                .op(.signal, 0, "never", in: [4, 0]),
                timeout: .seconds(900),
                suspended: nil,
                by: session(harness)
            )
            try harness.run(Suspend(tried, suspended: 1), session: session(harness))
            try harness.succeed(tried, .op(.checkpoint, 0, in: [4, 1]), by: session(harness))
            try harness.run(
                SettleBranches(tried, .op(.race, 4), branch: 1, failed: false),
                session: session(harness)
            )
            let value = try harness.sealed([.json([0x31])])
            try harness.run(
                RecordOperation(tried, .op(.storeSet, 5, "key"), payloads: value),
                session: session(harness)
            )
            try harness.run(
                RecordOperation(tried, .op(.storeGet, 6, "key")),
                session: session(harness)
            )
            try harness.run(
                RetryOperation(
                    tried,
                    .op(.poll, 7),
                    nil,
                    payloads: value,
                    tries: 1,
                    policy: RetryPolicy(maxAttempts: 3, baseDelay: .zero),
                    deadline: harness.now,
                    suspended: 2
                ),
                session: session(harness)
            )
            try harness.run(
                Signal(
                    id: "tried",
                    name: "left",
                    error: ErrorFacts(code: "no"),
                    payloads: try harness.sealed([.text("no")])
                ),
                session: session(harness)
            )
            let next = try harness.sealed([.json([0x32])])
            try harness.run(ContinueAsNew(tried, input: next), session: session(harness))
        },
        { harness in
            try harness.pass(.seconds(3_600), by: session(harness))
            let slow = try lease("slow", harness)
            try harness.run(Release(slow), session: session(harness))
            try harness.retry("slow", by: session(harness))
            try harness.pause("slow", by: session(harness))
            try harness.resume("slow", by: session(harness))
            try harness.cancel("slow", by: session(harness))
        },
        { harness in
            // Two things to undo: one is, the other one is left out.
            try harness.ready("unfinished", Submit.Terms(), by: session(harness))
            let number = try number("unfinished", harness)
            let first = try harness.claim(number, by: session(harness))
            for position in 0..<3 as Range<UInt32> {
                let operation = Operation.op(.onUnfinished, position, "undo \(position)")
                try harness.run(RecordOperation(first, operation), session: session(harness))
            }
            try harness.run(
                RecordOperation(
                    first,
                    .op(.finished, 3, "undo 2"),
                    registration: harness.next - 1
                ),
                session: session(harness)
            )
            try harness.cancel("unfinished", by: session(harness))
            try harness.run(Release(first), session: session(harness))
            let second = try harness.claim(number, by: session(harness))
            try harness.succeed(
                second,
                .op(.checkpoint, 0, in: [1, 1 << 31]),
                by: session(harness)
            )
            try harness.run(
                EndCleaning(second, .op(.onUnfinished, 1, "undo 1")),
                session: session(harness)
            )
        },
        { harness in
            try harness.run(
                Cancel(try harness.intervention("unfinished"), force: true),
                session: session(harness)
            )
            try harness.run(Release(try lease("unfinished", harness)), session: session(harness))
        },
        { harness in
            var terms = Submit.Terms()
            terms.isPinned = true
            let number = try harness.ready("pinned", terms, by: session(harness))
            let pinned = try harness.claim(number, by: session(harness))
            let pay = Operation.op(.checkpoint, 0)
            let start = StartOperation(pinned, pay, asks: true)
            try harness.run(start, session: session(harness))
            try harness.doubt(pinned, [pay], by: session(harness))
            try harness.resolve("pinned", OperationPath(pay), .notDone, by: session(harness))
            try harness.repin("pinned", to: "r1", by: session(harness))
        },
        { harness in
            // Of two children one ends well, and the other one loses.
            try harness.ready("parent", Submit.Terms(), by: session(harness))
            let parent = try harness.claim(number("parent", harness), by: session(harness))
            let race = Operation.op(.race, 0)
            try harness.run(StartBranches(parent, race, count: 2), session: session(harness))
            for branch in 0..<2 as Range<UInt32> {
                try harness.begin(
                    "child \(branch)",
                    of: parent,
                    .op(.child, 0, in: [0, branch]),
                    suspended: branch == 1 ? 2 : nil,
                    by: session(harness)
                )
            }
            let child = try harness.claim(number("child 0", harness), by: session(harness))
            try harness.complete(child, by: session(harness))
            try harness.run(
                SettleBranches(parent, race, branch: 0, failed: false),
                session: session(harness)
            )
        },
        { harness in
            try harness.ready("whole", Submit.Terms(), by: session(harness))
            let whole = try harness.claim(number("whole", harness), by: session(harness))
            try harness.spawn(["part 0", "part 1"], of: whole, by: session(harness))
            let part = try harness.claim(number("part 0", harness), by: session(harness))
            try harness.fail(part, by: session(harness))
            try harness.join(whole, .op(.join, 2), by: session(harness))
        },
        { harness in
            let payloads = try harness.sealed([.json([0x31])])
            let submit = Submit(
                id: "secretive",
                type: "copy",
                input: [0x31],
                payloads: payloads,
                secrets: try harness.secrets(["TOKEN", "KEY", "PIN"])
            )
            try harness.run(submit, session: session(harness))
            try harness.cancel("secretive", by: session(harness))
            let intervention = try harness.intervention("secretive")
            let wipe = WipeSecrets(intervention, names: ["KEY"])
            try harness.run(wipe, session: session(harness))
        },
        { harness in
            let fresh = try harness.secrets(["PIN"])
            try harness.retry("secretive", secrets: fresh, by: session(harness))
        },
        { harness in
            try harness.ready("forgotten", Submit.Terms(), by: session(harness))
            let lease = try harness.claim(number("forgotten", harness), by: session(harness))
            for position in 0..<3 {
                let operation = Operation.op(.checkpoint, UInt32(position))
                try harness.succeed(lease, operation, by: session(harness))
            }
            try harness.complete(lease, by: session(harness))
            var cursor: ErasePayloads.Cursor?
            repeat {
                let erase = ErasePayloads(
                    try harness.intervention("forgotten"),
                    .everything(cursor),
                    limit: 2
                )
                cursor = try harness.run(erase, session: session(harness)).next
            } while cursor != nil
            let row = try harness.row("forgotten") ?? ProtoExecutionRow()
            let member = SealArchive.Member(
                id: "forgotten",
                number: row.number,
                last: row.closed.last
            )
            let file = ProtoArchiveSealed.with {
                $0.name = "00000000000000000001-0000000000000000.archive"
                $0.digest = Data(repeating: 1, count: 32)
                $0.root = Data(repeating: 2, count: 32)
                $0.size = 1
                $0.executions = 1
            }
            let archive = try harness.run(
                SealArchive(file, [member], by: Request(actor: "ann")),
                session: session(harness)
            )
            try harness.run(
                DropArchive(archive, ["forgotten"], by: .session),
                session: session(harness)
            )
        },
        { harness in
            // One task comes again, is opened again, and goes its way; another one is given up.
            try harness.register("load", length: 10, by: session(harness))
            let first = try harness.create("load", "first", by: session(harness))
            let second = try harness.create(
                "load",
                "second",
                policy: .oneshot,
                by: session(harness)
            )
            let runs = try harness.dispatch(by: session(harness))
            try harness.complete(runs[0], eventful: true, by: session(harness))
            try harness.fail(runs[1], isRetryable: false, by: session(harness))
            try harness.run(RespawnTasks([second]), session: session(harness))
            try harness.run(DisableTasks([second]), session: session(harness))
            try harness.run(ArchiveTasks([second]), session: session(harness))
            try harness.run(RespawnTasks([first]), session: session(harness))
            try harness.dispatch(by: session(harness))
            try harness.create("load", "third", priority: .high, by: session(harness))
            try harness.run(
                StoreRunbook(
                    "fetch",
                    digest: Array(repeating: 3, count: 32),
                    text: try harness.sealed([.text("name: fetch")])
                ),
                session: session(harness)
            )
        },
        { harness in
            let reason = try harness.sealed([.text("moved")])
            let place = ProtoBinding.with { $0.inode = 7 }
            try harness.run(
                AdoptJournal(place, actor: "ann", reason: reason),
                session: session(harness)
            )
            let elsewhere = ProtoBinding.with { $0.inode = 8 }
            try harness.run(
                AdoptJournal(
                    elsewhere,
                    actor: "ann",
                    reason: reason,
                    restoration: .init(size: harness.next, root: [1], origin: "second")
                ),
                session: session(harness)
            )
            try harness.run(
                RewriteJournal(
                    .room,
                    .init(
                        binding: place,
                        size: harness.next,
                        root: [1],
                        bytesBefore: 2,
                        bytesAfter: 1
                    ),
                    actor: "ann",
                    reason: reason
                ),
                session: session(harness)
            )
            let digest = Array(repeating: UInt8(1), count: 32)
            try harness.run(
                RecordSnapshot(size: harness.next - 1, digest: digest, bytes: 100),
                session: session(harness)
            )
        },
    ]

    private static func session(_ harness: ModelHarness) -> UInt64 {
        harness.state.sessions.last?.number ?? 0
    }

    private static func number(_ id: Name, _ harness: ModelHarness) throws -> UInt64 {
        try harness.row(id)?.number ?? 0
    }

    /// The lease that the story's session holds.
    private static func lease(_ id: Name, _ harness: ModelHarness) throws -> Lease {
        let number = try number(id, harness)
        guard let state = harness.state.execution(number) else {
            fatalError("\(id) is not open")
        }
        return Lease(
            execution: number,
            epoch: state.epoch,
            id: id,
            type: state.type,
            attempt: state.attempt,
            claim: state.last
        )
    }
}
