import Testing

@testable import DaybookCommand

/// Columns of a terminal are cells, of which a character takes none, one or two.
@Suite struct CellWidthTests {
    /// What stands in the second column begins in the cell that its header begins in.
    @Test(arguments: [
        ("plain", 5), ("日本語", 6), ("ｆｕｌｌ", 8), ("e\u{301}a\u{308}", 2), ("한국", 4),
        ("\u{1112}\u{1161}\u{11AB}", 2), ("🚀", 2), ("ไม้", 2), ("ﾊﾝ", 2), ("", 0),
    ])
    func columnsAreSetByCells(_ text: String, _ cells: Int) {
        var table = Table(["A", "B"], flexible: [])
        table.add([text, "x"])
        table.add(["1234567890", "y"])
        let line = table.takeLines(nil)[1]
        #expect(line == text + String(repeating: " ", count: 12 - cells) + "x")
    }

    /// No character is torn apart, and nothing is wider than the terminal.
    @Test(arguments: [
        ("日本語日本語日本語", "日本語…"), ("a日本語日本語", "a日本語…"),
        (
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}…"
        ),
    ])
    func aCellIsCutBetweenCharacters(_ text: String, _ cut: String) {
        var table = Table(["TEXT"], flexible: ["TEXT"])
        table.add([text])
        #expect(table.takeLines(8)[1] == cut)
    }

    @Test func whatStandsBehindACutCellStaysInItsColumn() {
        var table = Table(["TEXT", "N"], flexible: ["TEXT"])
        table.add(["日本語日本語日本語", "1"])
        #expect(table.takeLines(11) == ["TEXT      N", "日本語…   1"])
    }

    // MARK: What begins with a combining character

    /// It would hang on what stands before it.
    @Test func aCombiningCharacterAtTheBeginningIsEscaped() {
        #expect("\u{301}x".printable == #"\u{301}x"#)
        #expect("e\u{301}x".printable == "e\u{301}x")
        #expect("\u{20DD}".shownAsID == #"\u{20dd}"#)
        #expect("\u{301}x".shellWord == #"$'\314\201x'"#)
        #expect("e\u{301}".shellWord == "'e\u{301}'")
    }

    /// As one word it is an option and its value, as it is as two.
    @Test func anIDMayBeginWithACombiningCharacter() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["one": "true"]))
            try await sandbox.succeed("submit", "runbook.yaml", "--id=\u{301}x")
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "\u{301}y")
            try await sandbox.succeed("exec", "\u{301}x")
            let list = try await sandbox.succeed("list").text
            #expect(list.contains(#"\u{301}x"#) && list.contains(#"\u{301}y"#), "\(list)")
            let json = try await sandbox.succeed("show", "\u{301}x", "--json").json
            #expect(
                json["id"].string?.unicodeScalars.elementsEqual("\u{301}x".unicodeScalars) == true
            )
            // What follows the end of the options is none.
            let none = try await sandbox.daybook("show", "--", "--id=\u{301}x")
            #expect(none.status == 3, "\(none)")
        }
    }
}
