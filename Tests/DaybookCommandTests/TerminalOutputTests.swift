import DaybookSystem
import Testing

@testable import DaybookCommand

#if canImport(Glibc)
import Glibc
#endif

/// Outputs that are full, closed, or as narrow as a terminal.
@Suite struct TerminalOutputTests {
    private func shell(
        _ script: String,
        in sandbox: Sandbox,
        _ arguments: String...
    ) async throws -> CommandResult {
        try await RunningCommand(
            ["sh", "-c", script, DaybookProgram.path] + arguments,
            environment: ["DAYBOOK_JOURNAL": sandbox.journal],
            folder: sandbox.folder
        ).finish()
    }

    private static let lookers = [
        "list", "list --json", "log", "log --jsonl", "export", "show x", "status x", "info",
        "verify", "pending", "entry 0 --raw", "--help", "--version", "help show",
        "--generate-completion-script bash",
    ]

    @Test(arguments: lookers)
    func aFullDiskUnderStandardOutputIsSaid(_ command: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let full = try await shell("\"$0\" \(command) > /dev/full", in: sandbox)
            expect(full, exits: 75, saying: "standard output", "No space left", "make room")
            let closed = try await shell("\"$0\" \(command) >&-", in: sandbox)
            #expect(closed.status == 1)
            #expect(closed.errors.contains("standard output"), "\(closed.errors)")
        }
    }

    /// What is done is done, and recorded; that its report is lost is said at the end.
    @Test(arguments: ["run runbook.yaml --id x", "run runbook.yaml --id x --jsonl"])
    func aFullDiskUnderStandardOutputDoesNotEndARun(_ command: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["one": "true", "two": "true"]))
            let full = try await shell("\"$0\" \(command) > /dev/full", in: sandbox)
            #expect(full.status == 75, "\(full.errors)")
            #expect(full.errors.components(of: "No space left") == 1, "it is said once")
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
            let sessions = try await sandbox.succeed("session", "--json").json["sessions"]
            #expect(sessions == [])
        }
    }

    @Test func aFullDiskUnderStandardErrorChangesNothing() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["one": "true"]))
            let run = try await shell("\"$0\" run runbook.yaml --id x 2> /dev/full", in: sandbox)
            #expect(run.status == 0)
            #expect(run.text == "x completed\n")
            let missing = try await shell("\"$0\" show none 2> /dev/full", in: sandbox)
            #expect(missing.status == 3)
        }
    }

    // MARK: Tables

    @Test(arguments: [
        ([2, 40, 10], [true, true, true], 80, [2, 40, 10]),
        ([2, 40, 10], [true, true, true], 40, [2, 24, 10]),
        ([2, 40, 30], [true, true, true], 40, [2, 17, 17]),
        ([2, 40, 30], [true, true, false], 40, [2, 8, 30]),
        ([30, 9, 9], [false, true, true], 10, [30, 8, 8]), ([], [], 10, []),
    ])
    func theWidestColumnsOfTextAreCut(
        _ widths: [Int],
        _ flexible: [Bool],
        _ room: Int,
        _ fitted: [Int]
    ) {
        #expect(Table.fit(widths, flexible: flexible, into: room) == fitted)
    }

    @Test func aCutCellShowsThatItIs() {
        var table = Table(["NUMBER", "TEXT"], flexible: ["TEXT"])
        table.add(["1", String(repeating: "é", count: 20)])
        table.add(["2", "short"])
        var whole = table
        #expect(
            table.takeLines(18) == ["NUMBER  TEXT", "1       ééééééééé…", "2       short"]
        )
        #expect(whole.takeLines(nil)[1] == "1       " + String(repeating: "é", count: 20))
    }

    /// Ids are there to be copied: other columns are left out for them.
    @Test func anIDIsNeverCut() async throws {
        let id = "01a206df-a70b-7f5f-a66f-db697de66e40"
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["one": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", id)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "b")
            let lines = try await list(on: 80, sandbox)
            #expect(lines.last?.hasPrefix(id) == true && lines[2].contains("completed"), "\(lines)")
            #expect(
                !lines[0].contains("ATTEMPTS") && lines.allSatisfy { $0.count <= 80 },
                "\(lines)"
            )
            #expect(try await list(on: 160, sandbox)[0].contains("ATTEMPTS"))
        }
    }

    /// Runs a command on a terminal of so many columns.
    private static let terminal = """
        import fcntl, os, pty, struct, sys, termios
        pid, end = pty.fork()
        if pid == 0:
            size = struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0)
            fcntl.ioctl(1, termios.TIOCSWINSZ, size)
            os.execv(sys.argv[2], sys.argv[2:])
        while True:
            try:
                piece = os.read(end, 65536)
            except OSError:
                break
            if not piece:
                break
            os.write(1, piece)
        """

    private func list(on columns: Int, _ sandbox: borrowing Sandbox) async throws -> [String] {
        let python = try await Python.withPackages("pty")
        let words = [python, "-c", Self.terminal, "\(columns)", DaybookProgram.path]
        let shown = try await RunningCommand(
            words + ["list", "--color", "never"],
            environment: ["DAYBOOK_JOURNAL": sandbox.journal]
        ).finish()
        return shown.text.split(whereSeparator: \.isNewline).map(String.init)
    }

    @Test func aTableIsAsWideAsTheTerminalAndNeverCutElsewhere() async throws {
        try await withSandbox { sandbox in
            let name = String(repeating: "long", count: 30)
            let text = runbook(["job": "true"])
            try sandbox.write(text.replacing("name: test\n", with: "name: \(name)\n"))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "a")
            for columns in [90, 110, 400] {
                let lines = try await list(on: columns, sandbox)
                #expect(lines.count == 2, "\(lines)")
                #expect(lines.allSatisfy { $0.count <= columns }, "\(lines)")
                #expect(lines.last?.contains("…") == (columns < 400))
            }
            #expect(try await sandbox.succeed("list").text.contains(name))
        }
    }
}

extension String {
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
