import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
import SeededRandom
#endif

/// Several processes on one journal that are killed and stopped, and disks that fail now and then.
///
/// CI runs a short form. Longer: `DAYBOOK_STORM=2000 tools/test --filter StormTests`; the number is
/// that of kills, and of failed writes. `DAYBOOK_SEED` repeats what was drawn.
@Suite struct StormTests {
    static func size(_ standard: Int) -> Int {
        ProcessInfo.processInfo.environment["DAYBOOK_STORM"].flatMap { Int($0) } ?? standard
    }

    static var seed: UInt64 {
        ProcessInfo.processInfo.environment["DAYBOOK_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0...(.max))
    }

    @Test func killedAndStoppedAtRandomNothingAnsweredIsLostAndNothingRunsTwiceAtOnce() async throws
    {
        let seed = Self.seed
        try await withSandbox(["--loss-limit", "1000000"]) { sandbox in
            var storm = try KillStorm(sandbox, seed: seed)
            try await storm.rage(kills: Self.size(30))
            try await storm.calm()
            try await storm.check()
        }
    }

    /// What is not there need not be removed, also when the disk does not say so at once.
    @Test func aRemovalThatFailsOfWhatIsNotThereFailsNoJob() async throws {
        try await withSandbox { sandbox in
            let fault = WriteFault("unlink", "EIO", at: "1")
            try await fault.strike("work", sandbox, "\(fault)")
        }
    }

    @Test(arguments: ["run", "work"])
    func aWriteThatFailsAnywhereEndsWithASentenceAndIsGoneOnWith(_ command: String) async throws {
        let seed = Self.seed
        var random = SeededGenerator(seed: seed)
        for number in 0..<Self.size(12) {
            let fault = WriteFault(&random)
            try await withSandbox(["--loss-limit", "1000000"]) { sandbox in
                try await fault.strike(
                    command,
                    sandbox,
                    "seed \(seed), \(command) \(number): \(fault)"
                )
            }
        }
    }
}

/// A call by which one process uses the disk, and which fails once, or from then on.
private struct WriteFault: CustomStringConvertible {
    let call: String
    let error: String
    let when: String

    init(_ call: String, _ error: String, at when: String) {
        (self.call, self.error, self.when) = (call, error, when)
    }

    init(_ random: inout SeededGenerator) {
        // The journal's own first, then those around it: folders, outputs, looks at files.
        let calls = [
            ("pwrite64", 60), ("pwrite64", 60), ("pwrite64", 60), ("fdatasync", 16), ("writev", 4),
            ("ftruncate", 4), ("mkdir", 4), ("unlink", 6), ("newfstatat", 50), ("readlink", 30),
        ]
        let place = random.next(below: calls.count)
        let (call, last) = calls[place]
        self.call = call
        error = ["EIO", "ENOSPC", "EDQUOT"][random.next(below: 3)]
        // What the loader needs too fails once only.
        let lasts = random.next(below: 4) == 0 && place < 6
        when = "\(1 + random.next(below: last))" + (lasts ? "+" : "")
    }

    var description: String { "\(call) with \(error) at \(when)" }

    /// Two jobs that note what they do where a second run of either shows.
    private static let text = runbook([
        "first": "echo first >> done", "second": "echo second >> done",
    ])
    .replacing(" >> done", with: " >> \"$WORKSPACE/done\"")

    func strike(_ command: String, _ sandbox: Sandbox, _ context: String) async throws {
        let strace = "/usr/bin/strace"
        if try FileStatus.of(strace) == nil {
            try Test.cancel("strace, which has writes fail, is not installed")
        }
        try sandbox.write(Self.text)
        var arguments = ["run", "runbook.yaml", "--id", "x"]
        if command == "work" {
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("exec", "x")
            arguments = ["work", "--until-idle"]
        }
        // Only the command itself is traced: its jobs write through a shell of their own.
        var faulty = sandbox
        faulty.launcher = [
            strace, "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
            "inject=\(call):error=\(error):when=\(when)",
        ]
        let result = try await faulty.daybook(arguments)
        if result.errors.contains("not permitted") {
            try Test.cancel("strace may not trace here: \(result.errors)")
        }
        // It struck the loader, before the program began.
        if result.status == 127, result.errors.contains("loading shared libraries") { return }
        #expect(
            [0, 1, 75].contains(result.status),
            "\(context): \(result.status) \(result.errors)"
        )
        if result.status != 0 {
            #expect(result.errors.contains("daybook: "), "\(context): \(result.errors)")
        }
        // What the disk refused is done by whoever comes next.
        let next = try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"])
        #expect(next.status == 0, "\(context): \(next.errors)")
        let verified = try await sandbox.daybook("verify")
        #expect(verified.status == 0, "\(context): \(verified.errors)")
        let started = try await sandbox.entries().filter {
            $0["event"].string == "checkpoint_succeeded"
        }
        #expect(started.count == 2, "\(context)")
        try await expectOthersAgree(sandbox, context)
    }
}

/// `tools/journal.py` finds nothing wrong either.
func expectOthersAgree(_ sandbox: Sandbox, _ context: String) async throws {
    let python = try await Python.withPackages("lmdb", "google.protobuf")
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let result = try await RunningCommand(
        [python, "/\(root)/tools/journal.py", "verify", sandbox.journal],
        environment: ["PYTHONDONTWRITEBYTECODE": "1"]
    ).finish()
    #expect(result.status == 0, "\(context): \(result.errors)")
}

/// Two processes that work, and people who ask for this and that, while processes are killed.
private struct KillStorm {
    private let sandbox: Sandbox
    private let seed: UInt64
    private var random: SeededGenerator
    private var workers: [RunningCommand] = []
    /// Executions whose submission was answered.
    private var answered: Set<String> = []
    /// Executions that somebody has cancelled, or tried to.
    private var cancelled: Set<String> = []
    private var count = 0

    /// A job for each element, two at a time; one that fails at first; an approval; one that runs
    /// always. Each element's job notes when another one of the same is at work.
    private static let text = """
        name: order
        environment: [PLACE]
        blocks:
        - name: parts
          each: [a, b, c]
          limit: 2
          jobs:
          - name: part
            run: |
              exec 9> "$PLACE/lock.$DAYBOOK_EXECUTION.$EACH_ITEM"
              flock --nonblock 9 || { echo "$EACH_ITEM" >> "$PLACE/clashes"; exit 1; }
              seq 1 3000 | sha256sum > "$WORKSPACE/$EACH_ITEM"
              echo "sum=$(cat "$WORKSPACE/$EACH_ITEM")" >> "$DAYBOOK_OUTPUT"
        - name: unsteady
          jobs:
          - name: second.time
            retry: { attempts: 5, delay: 1ms }
            run: |
              test -e "$WORKSPACE/tried" || { touch "$WORKSPACE/tried"; exit 1; }
        - name: go
          approval: { signal: go }
        - name: sweep
          always: true
          jobs:
          - { name: sweep, run: 'rm -f "$WORKSPACE"/?' }
        """

    init(_ sandbox: Sandbox, seed: UInt64) throws {
        self.sandbox = sandbox
        self.seed = seed
        random = SeededGenerator(seed: seed)
        try sandbox.write(Self.text)
    }

    private func work() throws -> RunningCommand { try start(["work"]) }

    private func start(_ arguments: [String]) throws -> RunningCommand {
        try sandbox.start(arguments, environment: ["PLACE": sandbox.folder])
    }

    private mutating func drawnID() -> String { "e\(random.next(below: max(count, 1)) + 1)" }

    // MARK: The storm

    mutating func rage(kills: Int) async throws {
        workers = [try work(), try work()]
        var killed = 0
        while killed < kills {
            let client = try ask()
            let victim = random.next(below: 2)
            let spins = random.next(below: 3_000_000)
            switch random.next(below: 4) {
            case 0:
                // In the middle of whatever it does for the client.
                try await spin(spins)
                workers[victim].signal(SIGKILL)
                try await workers[victim].finish()
                workers[victim] = try work()
                killed += 1
            case 1:
                workers[victim].signal(SIGSTOP)
                try await spin(spins)
                workers[victim].signal(SIGCONT)
            case 2:
                try await spin(spins)
                client.process.signal(SIGKILL)
                killed += 1
            default: break
            }
            let result = try await client.process.finish()
            note(client, result)
        }
    }

    private struct Client {
        let process: RunningCommand
        let words: [String]
    }

    /// Starts a command of somebody.
    private mutating func ask() throws -> Client {
        let id = drawnID()
        let choice = count < 3 ? 0 : random.next(below: 15)
        let words: [String]
        switch choice {
        case 0, 1:
            count += 1
            words = ["submit", "runbook.yaml", "--id", "e\(count)"]
        case 2, 3, 4: words = ["exec", id]
        case 5, 6: words = ["signal", id, "go", "true", "--signal-id", "s\(id)"]
        case 7: words = ["pause", id, "--yes"]
        case 8: words = ["resume", id, "--yes"]
        case 9: words = ["retry", id, "--yes"]
        case 10: words = ["list", "--json"]
        case 11: words = ["verify"]
        case 12: words = ["log", "--jsonl"]
        case 13:
            cancelled.insert(id)
            words = ["cancel", id, "--yes"]
        default: words = ["show", id]
        }
        return Client(process: try start(words), words: words)
    }

    /// What is answered has happened; what is refused is refused with a reason.
    private mutating func note(_ client: Client, _ result: CommandResult) {
        if result.status == -SIGKILL { return }
        let context = "seed \(seed): \(client.words): \(result.status) \(result.errors)"
        if result.status == 0 {
            if client.words[0] == "submit" { answered.insert(client.words[3]) }
        } else {
            // Not found, in a state that does not allow it, or the lock of a stopped process.
            #expect([1, 3, 4, 75].contains(result.status), "\(context)")
            if ["verify", "list", "log"].contains(client.words[0]) { Issue.record("\(context)") }
        }
    }

    // MARK: The end

    /// Brings everything to its end.
    mutating func calm() async throws {
        for worker in workers { worker.signal(SIGKILL) }
        for worker in workers { try await worker.finish() }
        for _ in 0..<20 {
            let open = try await sandbox.succeed("list", "--json").json["executions"].elements
                .filter { !["completed", "failed", "cancelled"].contains($0["status"].string) }
            if open.isEmpty { return }
            for execution in open {
                let id = try #require(execution["id"].string)
                for words in [
                    ["resume", id, "--yes"], ["exec", id],
                    ["signal", id, "go", "true", "--signal-id", "s\(id)"],
                ] {
                    let result = try await start(words).finish()
                    #expect(
                        [0, 1, 4].contains(result.status),
                        "seed \(seed): \(words): \(result.errors)"
                    )
                }
            }
            let work = try await start(["work", "--until-idle"]).finish()
            #expect(work.status == 0, "seed \(seed): \(work.errors)")
        }
        let list = try await sandbox.succeed("list").text
        Issue.record("seed \(seed): this does not come to its end: \(list)")
    }

    func check() async throws {
        let list = try await sandbox.succeed("list", "--json").json["executions"].elements
        let known = Set(list.compactMap { $0["id"].string })
        #expect(answered.isSubset(of: known), "seed \(seed)")
        let clashes = try FileStatus.of(sandbox.folder + "/clashes")
        #expect(clashes == nil, "seed \(seed): a job ran twice at once")
        for execution in list {
            let isCancelled =
                execution["status"].string == "cancelled"
                && cancelled.contains(execution["id"].string ?? "")
            #expect(
                isCancelled || execution["status"].string == "completed",
                "seed \(seed): \(execution)"
            )
        }
        var recorded: Set<String> = []
        for entry in try await sandbox.entries()
        where entry["event"].string == "checkpoint_succeeded" {
            let data = entry["data"]["operation"]
            let operation = "\(entry["stream"]) \(data["scope"]) \(data["position"])"
            #expect(
                recorded.insert(operation).inserted,
                "seed \(seed): \(operation) is recorded twice"
            )
        }
        let verified = try await sandbox.daybook("verify")
        #expect(verified.status == 0, "seed \(seed): \(verified.errors)")
        try await expectOthersAgree(sandbox, "seed \(seed)")
    }
}
