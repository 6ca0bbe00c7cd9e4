import DaybookSystem
import Glibc
import Testing

/// Children, and what they leave behind.
@Suite struct ChildProcessTests {
    private func run(_ script: String) throws -> (ending: ChildProcess.Ending, output: String) {
        let child = try ChildProcess.start(
            script: script,
            environment: ["PATH": "/usr/bin:/bin"],
            folder: "/"
        )
        try child.begin()
        var output: [UInt8] = []
        let ending = try child.wait { _, bytes in output.append(contentsOf: bytes) }
        return (ending, String(decoding: output, as: UTF8.self))
    }

    /// Whether a process is dead, reaped or not.
    private func isGone(_ process: Int32) throws -> Bool {
        do throws(SystemError) {
            let text = String(
                decoding: try File.contents(of: "/proc/\(process)/stat"),
                as: UTF8.self
            )
            return text.contains(") Z ") || text.contains(") X ")
        } catch {
            if error.isNotFound || error.number == ESRCH { return true }
            throw error
        }
    }

    @Test func aChildEndsWithItsStatusAndItsOutput() throws {
        let (ending, output) = try run("echo said; exit 3")
        #expect(ending == .exited(3))
        #expect(output == "said\n")
    }

    @Test(arguments: ["setsid SLEEPER &", "(setsid SLEEPER &) &", "nohup setsid setsid SLEEPER &"])
    func whatHasLeftTheGroupEndsWithTheTry(_ words: String) throws {
        try withTemporaryFolder { folder in
            let sleeper = "sh -c 'echo $$ > said; exec sleep 1000'"
            let child = try ChildProcess.start(
                script: words.replacing("SLEEPER", with: sleeper)
                    + "\nwhile ! test -s said; do :; done",
                environment: ["PATH": "/usr/bin:/bin"],
                folder: folder
            )
            try child.begin()
            #expect(try child.wait { _, _ in } == .exited(0))
            let said = String(decoding: try File.contents(of: folder + "/said"), as: UTF8.self)
            let process = try #require(Int32(said.dropLast()))
            #expect(try isGone(process))
        }
    }

    @Test func aGroupIsEndedByItsNoteWithWhatHasLeftIt() throws {
        try withTemporaryFolder { folder in
            let child = try ChildProcess.start(
                script: """
                    setsid sh -c 'echo $$ > said; exec sleep 1000' &
                    while ! test -s said; do :; done
                    echo up
                    sleep 1000
                    """,
                environment: ["PATH": "/usr/bin:/bin"],
                folder: folder
            )
            try child.begin()
            let note = child.group.note
            let group = try #require(ProcessGroup(note: note))
            #expect(group == child.group)
            let ending = try child.wait { _, bytes in
                // Another process would read the note and end the group.
                guard bytes.contains(UInt8(ascii: "u")) else { return }
                #expect(throws: Never.self) { try group.end() }
            }
            #expect(ending == .signalled(SIGKILL))
            let said = String(decoding: try File.contents(of: folder + "/said"), as: UTF8.self)
            let process = try #require(Int32(said.dropLast()))
            #expect(try isGone(process))
        }
    }

    @Test func othersWithAMarkAreLeftAlone() throws {
        let other = try ChildProcess.start(
            script: "sleep 1000",
            environment: ["PATH": "/usr/bin:/bin"],
            folder: "/"
        )
        try other.begin()
        #expect(try run("true").ending == .exited(0))
        #expect(try !isGone(other.group.id))
        try other.abandon()
        #expect(try isGone(other.group.id))
        // Once is enough, and harmless twice.
        try other.abandon()
    }

    @Test func aChildThatNeverBeganIsAbandonedWithoutATrace() throws {
        let child = try ChildProcess.start(
            script: "true",
            environment: ["PATH": "/usr/bin:/bin"],
            folder: "/"
        )
        try child.abandon()
        #expect(try isGone(child.group.id))
    }

    @Test(arguments: ["", "x", "0123456789abcdef", "0123456789abcdef0123456789abcdeg", "é"])
    func anythingElseIsNoMark(_ text: String) { #expect(ProcessMark(text) == nil) }

    @Test func marksDiffer() throws {
        let mark = try ProcessMark()
        #expect(ProcessMark(mark.text) == mark)
        #expect(try ProcessMark() != mark)
    }
}
