import DaybookSystem
import DaybookTestKit
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What the machine fails at is not recorded as a failure of the work: who mends the machine has it go on.
@Suite struct MachineTroubleTests {
    private static let strace = "/usr/bin/strace"

    /// The disk fails while the outputs of a job that has ended well are read.
    @Test func outputsThatTheDiskDoesNotGiveBackAreNotTheJobsFailure() async throws {
        if try FileStatus.of(Self.strace) == nil {
            try Test.cancel("strace, which has a system call fail, is not installed")
        }
        try await withSandbox { sandbox in
            let note = sandbox.folder + "/note"
            let go = sandbox.folder + "/go"
            let script =
                #"echo k=v >> "$DAYBOOK_OUTPUT"; printf %s "$DAYBOOK_OUTPUT" > \#(note).part; mv \#(note).part \#(note); until test -e \#(go); do sleep 0.01; done"#
            try sandbox.write(
                "name: n\nblocks:\n- name: b\n  jobs:\n  - { name: a, run: '\(script)' }\n"
            )
            let running = try sandbox.start("run", "runbook.yaml", "--id", "x")
            while try FileStatus.of(note) == nil { await Task.yield() }
            let path = String(decoding: try File.contents(of: note), as: UTF8.self)
            let tracer = try RunningCommand([
                Self.strace, "-f", "-qq", "-o", "/dev/null", "-p", "\(running.pid)", "-P", path,
                "-e", "trace=pread64", "-e", "inject=pread64:error=EIO:when=1",
            ])
            while try !isTraced(running.pid), !tracer.hasEnded { await Task.yield() }
            try File.open(go, .create).append([])
            let failed = try await running.finish()
            let trace = try await tracer.finish()
            if trace.errors.contains("not permitted") {
                try Test.cancel("strace may not trace here: \(trace.errors)")
            }
            #expect(failed.status == 1, "\(failed)")
            #expect(failed.errors.contains("Input/output error"))
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
        }
    }

    /// Something else is in the place of what is noted of the execution's folder, which no job can have put there.
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
            let place = sandbox.journal + "/workspaces/\(number).at"
            try Folder.create(place)
            let failed = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(failed.status == 1, "\(failed)")
            #expect(failed.errors.contains("\(place) is a folder, which is not used here"))
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            try Folder.removeAll(place)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
        }
    }

    /// Whether all threads of a process are traced.
    private func isTraced(_ pid: pid_t) throws -> Bool {
        try Folder.names(in: "/proc/\(pid)/task").allSatisfy { thread in
            let text = String(
                decoding: try File.contents(of: "/proc/\(pid)/task/\(thread)/status"),
                as: UTF8.self
            )
            return !text.contains("TracerPid:\t0\n")
        }
    }
}
