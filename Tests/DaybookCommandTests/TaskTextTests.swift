import Daybook
import DaybookFormat
import DaybookModel
import Testing

@testable import DaybookCommand

/// The printed forms of the archive's scheduler, at a given now.
///
/// * Ages: below 10 seconds `just now`, below 45 `seconds`; then a minute, from 90 seconds minutes, from 45
///   minutes an hour, from 90 minutes hours, from 22 hours a day, from 36 hours days, from 30 days a month,
///   from 45 days months, from 345 days a year, from 548 days years. What is left over is dropped.
/// * Spans: `64 days, 12:00:00.000001`, days and microseconds only where there are some.
/// * Values are written as Python does: texts in single quotes, in double quotes if they have a single
///   quote and no double quote; `True`, `False`, `None`.
@Suite struct TaskTextTests {
    private static let now = Timestamp(rawValue: 1_767_225_600_000_000_000)

    private func later(_ seconds: Int64) -> Timestamp {
        Timestamp(rawValue: UInt64(Int64(Self.now.rawValue) + seconds * 1_000_000_000))
    }

    @Test(
        arguments: [
            (0, "just now", "just now"), (9, "just now", "just now"),
            (10, "in seconds", "seconds ago"),
            (44, "in seconds", "seconds ago"), (45, "in a minute", "a minute ago"),
            (90, "in 2 minutes", "2 minutes ago"), (2_699, "in 44 minutes", "44 minutes ago"),
            (2_700, "in an hour", "an hour ago"), (5_400, "in 2 hours", "2 hours ago"),
            (16_200, "in 4 hours", "4 hours ago"), (79_200, "in a day", "a day ago"),
            (129_600, "in 2 days", "2 days ago"), (1_296_000, "in 15 days", "15 days ago"),
            (2_678_400, "in a month", "a month ago"), (3_888_000, "in 2 months", "2 months ago"),
            (33_888_000, "in a year", "a year ago"), (94_608_000, "in 3 years", "3 years ago"),
        ] as [(Int64, String, String)]
    )
    func agesAreInTheLargestUnit(_ seconds: Int64, _ ahead: String, _ past: String) {
        let words = ahead
        #expect(PythonText.age(later(seconds), now: Self.now) == words)
        #expect(PythonText.age(later(-seconds), now: Self.now) == past)
    }

    @Test(
        arguments: [
            (.seconds(5_529_600), "64 days, 0:00:00"), (.seconds(43_200), "12:00:00"),
            (.seconds(86_400), "1 day, 0:00:00"), (.seconds(90_061), "1 day, 1:01:01"),
            (.milliseconds(1_500), "0:00:01.500000"), (.microseconds(7), "0:00:00.000007"),
        ] as [(Duration, String)]
    )
    func spansAreWrittenAsPythonDoes(_ span: Duration, _ text: String) {
        #expect(PythonText.span(span) == text)
    }

    @Test(
        arguments: [
            ("\"https://example.org/a\"", "'https://example.org/a'"), ("\"it's\"", "\"it's\""),
            ("\"'\\\"\"", "'\\'\"'"), ("\"a\\n\\u001b\"", "'a\\n\\x1b'"),
            ("[1,true,null]", "[1, True, None]"),
            ("{\"b\":2.5,\"a\":\"x\"}", "{'a': 'x', 'b': 2.5}"), ("-7", "-7"),
        ] as [(String, String)]
    )
    func valuesAreWrittenAsPythonDoes(_ json: String, _ text: String) throws {
        #expect(PythonText.value(try TaskValue(json: json)) == text)
    }

    @Test func aTypeIsShownAsTheSchedulerDoes() {
        let type = TaskType(
            "load-git",
            backend: "swh.loader.git.tasks.UpdateGitRepository",
            description: "Update an origin of type git",
            defaultInterval: .seconds(5_529_600),
            minInterval: .seconds(43_200),
            maxInterval: .seconds(5_529_600),
            backoffFactor: 2,
            maxQueueLength: 5_000
        )
        #expect(
            type.lines(isLong: true) == [
                "load-git: swh.loader.git.tasks.UpdateGitRepository",
                "  Update an origin of type git",
                "  interval: 64 days, 0:00:00 [12:00:00, 64 days, 0:00:00]",
                "  backoff_factor: 2.0", "  max_queue_length: 5000", "  num_retries: None",
                "  retry_delay: None",
            ]
        )
        #expect(
            type.lines(isLong: false) == ["load-git:", "  Update an origin of type git"]
        )
    }

    @Test func aTimeIsWrittenAsPythonDoes() {
        #expect(PythonText.time(Self.now) == "2026-01-01 00:00:00+00:00")
        let odd = Timestamp(rawValue: Self.now.rawValue + 123_456_789)
        #expect(PythonText.time(odd) == "2026-01-01 00:00:00.123456+00:00")
    }

    // MARK: Tables

    @Test func aTableIsReadWithItsQuotes() throws {
        let rows = try CommaSeparated.rows(
            "a,\"[1, \"\"x\"\"]\",\n\n\"two\nlines\",,c\r\n",
            delimiter: ","
        )
        #expect(rows.map(\.line) == [1, 3])
        #expect(rows.map(\.cells) == [["a", "[1, \"x\"]", ""], ["two\nlines", "", "c"]])
    }

    @Test(
        arguments: [
            ("load;[]\nload;[];x", "line 2 has 3 cells"), ("load;[1", "line 1: args is"),
            ("load;\"[]", "line 1: a cell in quotes does not end"),
            ("load;[]\nload;\"[]\"x", "line 2: something follows"), ("load;{}", "line 1: args is"),
        ] as [(String, String)]
    )
    func aFaultyTableIsRefusedWithItsLine(_ text: String, _ words: String) {
        let error = #expect(throws: UsageError.self) {
            try TaskInput.tasks(
                Array(text.utf8),
                columns: ["type", "args"],
                delimiter: ";",
                now: Self.now
            )
        }
        #expect(error?.description.hasPrefix(words) == true, "\(String(describing: error))")
    }

    @Test func wordsAreArgumentsByPositionOrByName() throws {
        let arguments = try TaskInput.arguments([
            "https://example.org/?a=b", "3", "[1,2]", "depth=4", "note=a=b", "=x",
        ])
        #expect(
            arguments.positional == [
                .string("https://example.org/?a=b"), .integer(3),
                .array([.integer(1), .integer(2)]),
                .string("=x"),
            ]
        )
        #expect(arguments.named == ["depth": .integer(4), "note": .string("a=b")])
        #expect(throws: UsageError.self) { try TaskInput.arguments(["a=1", "a=2"]) }
    }
}
