import Testing

/// Help is read on terminals of 80 columns.
@Suite struct HelpWidthTests {
    /// The names of the commands that a help lists.
    private func commands(in help: String) -> [String] {
        var names: [String] = []
        var isListing = false
        for line in help.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasSuffix("SUBCOMMANDS:") {
                isListing = true
            } else if line.isEmpty {
                isListing = false
            } else if isListing, line.hasPrefix("  "), line.dropFirst(2).first != " " {
                names.append(String(line.split(separator: " ")[0]))
            }
        }
        return names
    }

    private func wideLines(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.count > 80 }
    }

    @Test func noLineOfAnyHelpIsWiderThanATerminal() async throws {
        try await withFolder { folder in
            let sandbox = Sandbox(folder: folder)
            var left: [[String]] = [[]]
            var seen = 0
            while let command = left.popLast() {
                seen += 1
                let help = try await sandbox.succeed(command + ["--help"]).text
                #expect(wideLines(help) == [], "\(command)")
                #expect(help.contains("USAGE: daybook"), "\(command)")
                left += commands(in: help).map { command + [$0] }
                // The usage stands in what is said of a mistake too.
                let mistake = try await sandbox.daybook(command + ["--nonsense"])
                #expect(mistake.status == 64)
                #expect(wideLines(mistake.errors) == [], "\(command)")
            }
            #expect(seen > 35)
        }
    }

    /// No word of a usage is cut in two: it is there to be copied.
    @Test func aUsageIsWrappedBetweenItsOptions() async throws {
        try await withFolder { folder in
            let help = try await Sandbox(folder: folder).succeed("retry", "--help").text
            #expect(help.contains("[--secret <NAME[=@FILE|=-]> ...]"), "\(help)")
            #expect(help.contains("\n       [--"), "\(help)")
        }
    }
}
