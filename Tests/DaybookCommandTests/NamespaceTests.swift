import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The number of a process means another process in another namespace, as a container has.
@Suite struct NamespaceTests {
    /// The words of a command line are looked for in /proc: without them nothing is done, and that is
    /// said.
    @Test func aCommandThatCannotReadItsWordsFails() async throws {
        try await withSandbox { sandbox in
            var elsewhere = sandbox
            elsewhere.launcher = [
                "unshare", "--mount", "sh", "-c", "umount -l /proc && exec \"$@\"", "sh",
            ]
            let permitted = try await RunningCommand(elsewhere.launcher + ["true"]).finish()
            if permitted.status != 0 {
                try Test.cancel("mounting is not permitted here: \(permitted.errors)")
            }
            for words in [["verify"], ["submit", "runbook.yaml"], ["nonsense"]] {
                expect(try await elsewhere.daybook(words), exits: 1, saying: "/proc")
            }
        }
    }

    /// The first process of a container is given every orphan there, whoever started it.
    @Test func theFirstProcessOfANamespaceEndsNoOrphans() async throws {
        try await withSandbox { sandbox in
            var sandbox = sandbox
            sandbox.launcher = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
            let permitted = try await RunningCommand(sandbox.launcher + ["true"]).finish()
            if permitted.status != 0 {
                try Test.cancel("namespaces are not permitted here: \(permitted.errors)")
            }
            let first = """
                env -i setsid sh -c 'echo $$ > said; exec sleep 1000' > /dev/null 2>&1 &
                while ! test -s said; do :; done
                """
            try sandbox.write(runbook(["a": first, "b": "kill -0 $(cat said)"]))
            let errors = try await sandbox.succeed("run", "runbook.yaml").errors
            #expect(errors.contains("warning: this is the first process of its namespace"))
        }
    }

    @Test func aProcessOfAnotherNamespaceIsNotEndedByItsNumber() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(
                runbook(
                    ["wait": "echo up > \"$INPUT_UP\"\nread -r line < \"$INPUT_GO\""],
                    inputs: ["up", "go"]
                )
            )
            let apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
            let permitted = try await RunningCommand(apart + ["true"]).finish()
            if permitted.status != 0 {
                try Test.cancel("namespaces are not permitted here: \(permitted.errors)")
            }
            var elsewhere = sandbox
            elsewhere.launcher = apart
            let run = try elsewhere.start(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path, "go": go.path])
            )
            try await up.line()
            let sessions = try await sandbox.succeed("session", "--json").json["sessions"]
            #expect(sessions[0]["state"] == "alive")
            let number = try #require(sessions[0]["session"].integer)
            expect(
                try await sandbox.daybook("session", "evict", "\(number)", "--kill", "--yes"),
                exits: 4,
                saying: "another namespace of processes"
            )
            go.pass()
            let result = try await run.finish()
            #expect(result.status == 0, "\(result.errors)")
        }
    }
}
