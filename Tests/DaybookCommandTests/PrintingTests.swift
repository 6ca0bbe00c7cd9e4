import DaybookSystem
import Testing

@testable import DaybookCommand

/// What is shown to a person: nothing in it steers a terminal or hides.
@Suite struct PrintingTests {
    @Test(arguments: [
        ("plain text \\ ~", "plain text \\ ~"), ("é 日本 ✓ e\u{301}", "é 日本 ✓ e\u{301}"),
        ("\u{1B}]0;title\u{7}", #"\u{1b}]0;title\u{7}"#), ("a\nb\r\tc", #"a\nb\r\tc"#),
        ("\u{9B}31m", #"\u{9b}31m"#), ("\u{7F}\0", #"\u{7f}\u{0}"#), ("\r\n", #"\r\n"#),
        ("a\u{202E}b", #"a\u{202e}b"#), ("\u{2066}\u{2069}", #"\u{2066}\u{2069}"#),
        ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#), ("a\u{200D}b\u{FEFF}", #"a\u{200d}b\u{feff}"#),
        ("\u{A0}\u{3000}", #"\u{a0}\u{3000}"#), ("\u{3164}\u{115F}", #"\u{3164}\u{115f}"#),
        ("\u{E000}\u{E0041}", #"\u{e000}\u{e0041}"#), ("", ""),
    ])
    func whatDoesNotShowIsEscaped(_ text: String, _ shown: String) {
        #expect(Array(text.printable.utf8) == Array(shown.utf8))
        #expect(TerminalText(text).raw == shown)
        #expect(("<\(text)>" as TerminalText).raw == "<\(shown)>")
    }

    @Test(arguments: [
        (" ", #"\u{20}"#), ("  ", #"\u{20}\u{20}"#), (" a b ", #"\u{20}a b\u{20}"#), ("a b", "a b"),
        ("", ""), ("a\u{202E}", #"a\u{202e}"#), (" \u{200B}", #"\u{20}\u{200b}"#),
    ])
    func spacesAtTheEndsOfAnIdAreEscaped(_ id: String, _ shown: String) {
        #expect(id.shownAsID == shown)
        #expect(("\(id: id)" as TerminalText).raw == shown)
    }

    @Test func whatStandsInTheProgramIsKept() {
        let part: TerminalText = "\u{1B}[1m"
        #expect(("\(part)\n" + "\(UInt8(7))" as TerminalText).raw == "\u{1B}[1m\n7")
    }

    @Test func linesMayBeKept() {
        #expect(TerminalText(lines: "a\u{1B}\nb\n").raw == "a\\u{1b}\nb\n")
    }

    @Test(arguments: [
        ("a/b.yaml", "a/b.yaml"), ("k=v", "k=v"), ("", "''"), ("=k", "'=k'"), ("a b", "'a b'"),
        ("it's", #"'it'\''s'"#), ("~", "'~'"), ("é", "'é'"), ("a\n'\\", #"$'a\012\'\\'"#),
        ("\u{202E}1", #"$'\342\200\2561'"#),
    ])
    func aTextIsOneWordOfAShell(_ text: String, _ word: String) {
        #expect(text.shellWord == word)
    }

    // MARK: The command

    private static let hostile = #"printf '\033]0;pwn\007bad\tx' >&2; exit 3"#

    @Test func whatAJobSaysDoesNotReachTheTerminalRaw() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "printf '\\033[31mred\\r\\000\\n'\n" + Self.hostile]))
            let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "x")
            #expect(run.status == 7)
            var shown = [run.errorOutput, run.output]
            let commands = [
                ["log"], ["show", "x"], ["log", "x", "--color", "always"], ["why", "x"],
            ]
            for command in commands {
                shown.append(try await sandbox.succeed(command).output)
            }
            shown.append(try await sandbox.succeed("entry", "6").output)
            for bytes in shown {
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(!text.contains("\u{1B}]"), "\(text)")
                #expect(!text.contains("\u{1B}[31mred"), "\(text)")
                #expect(!text.unicodeScalars.contains { "\u{7}\r\0\t".unicodeScalars.contains($0) })
            }
            #expect(run.errors.contains(#"\u{1b}]0;pwn\u{7}bad\tx"#))
            #expect(try await sandbox.succeed("log").text.contains(#"\u{1b}[31mred\r\u{0}"#))
            // JSON stays exact.
            let show = try await sandbox.succeed("show", "x", "--json").text
            #expect(show.contains(#"\u001b]0;pwn\u0007bad\tx"#))
        }
    }

    @Test(arguments: ["a\u{202E}b", "\u{2028}", "x\u{200D}", "\u{FEFF}x", "\u{A0}", " "])
    func anIdThatHidesIsShownEscaped(_ id: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            var shown = try await sandbox.succeed("submit", "runbook.yaml", "--id", id).text
            #expect(shown == id.shownAsID + "\n")
            for command in [["list"], ["log"], ["pending"], ["show", id], ["why", id]] {
                shown += try await sandbox.succeed(command).text
            }
            let run = try await sandbox.succeed("run", "runbook.yaml", "--id", id)
            shown += run.text + run.errors
            let hidden = id.unicodeScalars.filter { $0.value >= 0x80 }
            #expect(!shown.unicodeScalars.contains { hidden.contains($0) }, "\(shown)")
            #expect(try await sandbox.succeed("list").text.contains(id.shownAsID))
            let list = try await sandbox.succeed("list", "--json").json
            #expect(list["executions"][0]["id"] == .string(id))
        }
    }

    @Test func anErrorThatNamesWhatWasGivenIsEscaped() async throws {
        try await withSandbox { sandbox in
            let missing = try await sandbox.daybook("show", "a\u{202E}b")
            #expect(missing.status == 3)
            #expect(missing.errors.contains(#"a\u{202e}b"#))
            let unknown = try await sandbox.daybook("list", "--\u{1B}[31m")
            #expect(unknown.status == 64)
            #expect(!unknown.errors.contains("\u{1B}"))
        }
    }
}
