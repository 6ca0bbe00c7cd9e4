import DaybookSystem
import DaybookTestKit
import Testing

/// What the machine fails at is not recorded as a failure of the work: who mends the machine has it go on.
@Suite struct MachineTroubleTests {
    private static let strace = "/usr/bin/strace"

    /// The disk fails while the outputs of a job that has ended well are read.
    @Test func outputsThatTheDiskDoesNotGiveBackAreNotTheJobsFailure() async throws {
        if try FileStatus.of(Self.strace) == nil {
            try Test.cancel("strace, which has a system call fail, is not installed")
        }
        try await withSandbox { sandbox in
            let good = sandbox.folder + "/good"
            let note = sandbox.folder + "/note"
            let script =
                #"printf %s "$DAYBOOK_OUTPUT" > \#(note); test -e \#(good); echo k=v >> "$DAYBOOK_OUTPUT""#
            try sandbox.write(
                "name: n\nblocks:\n- name: b\n  jobs:\n  - { name: a, run: '\(script)' }\n"
            )
            // The file of a job's outputs has the same name in each of its tries.
            let first = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(first.status == 7)
            let path = String(decoding: try File.contents(of: note), as: UTF8.self)
            #expect(path.contains(".daybook-output-"))
            try File.open(good, .create).append([])
            try await sandbox.succeed("retry", "x", "--yes")
            let traced = try RunningCommand(
                [
                    Self.strace, "-f", "-qq", "-o", "/dev/null", "-P", path,
                    "-e", "trace=pread64", "-e", "inject=pread64:error=EIO:when=1",
                    DaybookProgram.path, "run", "runbook.yaml", "--id", "x",
                ],
                environment: ["DAYBOOK_JOURNAL": sandbox.journal],
                folder: sandbox.folder
            )
            let failed = try await traced.finish()
            if failed.errors.contains("not permitted") {
                try Test.cancel("strace may not trace here: \(failed.errors)")
            }
            #expect(failed.status == 1, "\(failed)")
            #expect(failed.errors.contains("Input/output error"))
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
        }
    }

    /// Something else is in the place of the execution's folder, which no job can have put there.
    @Test func aWorkspaceThatCannotBeMadeIsNotTheRunbooksFailure() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                "name: n\nblocks:\n- name: b\n  jobs:\n  - { name: a, run: 'true' }\n"
            )
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            let number = try #require(
                try await sandbox.succeed("show", "x", "--json").json["number"].integer
            )
            try Folder.create(sandbox.journal + "/workspaces")
            let place = sandbox.journal + "/workspaces/\(number)"
            try File.open(place, .create).append([])
            let failed = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(failed.status == 1, "\(failed)")
            #expect(failed.errors.contains("\(place) failed: Not a directory"))
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            try Folder.removeFile(place)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
        }
    }
}
