#if CLI
public import ArgumentParser
import Daybook
import DaybookFormat
import DaybookJournal
public import DaybookModel
import DaybookSystem
import FoundationEssentials

extension TaskPolicy: ExpressibleByArgument {}
extension TaskPriority: ExpressibleByArgument {}
extension TaskStatus: ExpressibleByArgument {}

/// A moment to come, as a person writes it: a time, or a span from now on.
struct ComingTime: ExpressibleByArgument {
    private enum Form {
        case moment(Timestamp)
        case after(Duration)
    }

    private let form: Form

    init?(argument: String) {
        if let span = Span(argument: argument) {
            form = .after(span.duration)
        } else if case .moment(let moment) = PointInTime(argument: argument) {
            form = .moment(moment)
        } else {
            return nil
        }
    }

    func timestamp(now: Timestamp) -> Timestamp {
        switch form {
        case .moment(let moment): moment
        case .after(let span): now.adding(span.wholeNanoseconds)
        }
    }
}

/// The tasks of a table, and the arguments of one on a command line.
enum TaskInput {
    /// The most bytes of a file of tasks.
    private static var limit: Int { 64 << 20 }

    /// The contents of a file; `-` is standard input.
    static func contents(of file: String) throws -> [UInt8] {
        if file == "-" {
            let bytes = try StandardInput.contents("the tasks", limit: limit)
            guard bytes.count <= limit else {
                throw UsageError("the input has more than \(limit) bytes")
            }
            return bytes
        }
        do throws(File.Unfit) {
            if let bytes = try File.contents(of: file, limit: limit, followsLink: true) {
                return bytes
            }
        } catch {
            throw UsageError("the file \(file) cannot be read: \(error)")
        }
        throw UsageError("the file \(file) cannot be read: it is not there; look at the path")
    }

    /// The value of a word: JSON where it is that, else a text.
    static func value(_ word: String) -> TaskValue {
        do throws(Refusal) { return try TaskValue(json: word) } catch { return .string(word) }
    }

    /// Words of a command line: `name=value` is a named argument, everything else a positional one.
    static func arguments(_ words: [String]) throws -> TaskArguments {
        var arguments = TaskArguments()
        for word in words {
            guard let (name, value) = named(word) else {
                arguments.positional.append(self.value(word))
                continue
            }
            guard arguments.named.updateValue(self.value(value), forKey: name) == nil else {
                throw UsageError("the argument \(name) is given twice; give it once")
            }
        }
        return arguments
    }

    /// A name begins with a letter or `_`, and has letters, digits and `_`.
    private static func named(_ word: String) -> (String, String)? {
        let bytes = word.utf8
        guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")), equals > bytes.startIndex else {
            return nil
        }
        let name = word[..<equals]
        let isName = name.unicodeScalars.enumerated().allSatisfy { place, scalar in
            scalar == "_" || scalar.isASCII && scalar.properties.isAlphabetic
                || place > 0 && ("0"..."9").contains(scalar)
        }
        return isName ? (String(name), String(word[bytes.index(after: equals)...])) : nil
    }

    /// The columns that a table may have.
    static let columns = ["type", "args", "kwargs", "policy", "priority", "next_run"]

    /// The tasks of a table: one in each line that is not empty.
    /// - Returns: the tasks, and the lines that they begin in.
    static func tasks(
        _ bytes: [UInt8],
        columns: [String],
        delimiter: Character,
        now: Timestamp
    ) throws -> (tasks: [NewTask], lines: [Int]) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError("the tasks are not UTF-8; save them as that")
        }
        if let unknown = columns.first(where: { !Self.columns.contains($0) }) {
            throw UsageError(
                "the column \(unknown) is not known; use \(Self.columns.joined(separator: ", "))"
            )
        }
        guard columns.contains("type"), Set(columns).count == columns.count else {
            throw UsageError("the columns must have type, and each one once")
        }
        var tasks: [NewTask] = []
        var lines: [Int] = []
        for (line, cells) in try CommaSeparated.rows(text, delimiter: delimiter) {
            guard cells.count == columns.count else {
                throw UsageError(
                    "line \(line) has \(cells.count) cells, and \(columns.count) columns are asked for: \(columns.joined(separator: ", "))"
                )
            }
            let named = Dictionary(uniqueKeysWithValues: zip(columns, cells))
            tasks.append(try task(named, "line \(line)", now))
            lines.append(line)
        }
        return (tasks, lines)
    }

    private static func task(
        _ cells: [String: String],
        _ place: String,
        _ now: Timestamp
    ) throws -> NewTask {
        func cell(_ name: String) -> String? { cells[name].flatMap { $0.isEmpty ? nil : $0 } }
        func wrong(_ name: String, _ found: String, _ wanted: String) -> UsageError {
            UsageError("\(place): \(name) is \"\(found)\"; give \(wanted)")
        }
        var task = NewTask(cells["type"] ?? "")
        if let text = cell("args") {
            guard case .array(let values) = value(text) else {
                throw wrong("args", text, "an array of JSON")
            }
            task.arguments.positional = values
        }
        if let text = cell("kwargs") {
            guard case .object(let values) = value(text) else {
                throw wrong("kwargs", text, "an object of JSON")
            }
            task.arguments.named = values
        }
        if let text = cell("policy") {
            guard let policy = TaskPolicy(rawValue: text) else {
                throw wrong("policy", text, "oneshot or recurring")
            }
            task.policy = policy
        }
        if let text = cell("priority") {
            guard let priority = TaskPriority(rawValue: text) else {
                throw wrong("priority", text, "low, normal or high")
            }
            task.priority = priority
        }
        if let text = cell("next_run") {
            guard let time = ComingTime(argument: text) else {
                throw wrong("next_run", text, "a time like 2026-07-10T17:56:48Z, or a span like 4h")
            }
            task.nextRun = time.timestamp(now: now)
        }
        return task
    }
}

/// Rows of cells (RFC 4180): a cell that has the delimiter, a quote or a line break is in double quotes, and
/// a quote in it is doubled.
enum CommaSeparated {
    /// The rows that are not empty, each with the line that it begins in, from 1.
    static func rows(
        _ text: String,
        delimiter: Character
    ) throws -> [(line: Int, cells: [String])] {
        var rows: [(line: Int, cells: [String])] = []
        var (cells, cell): ([String], String) = ([], "")
        var (line, begins) = (1, 1)
        var isQuoted = false
        var wasQuoted = false
        func endRow() {
            if !cells.isEmpty || !cell.isEmpty || wasQuoted {
                rows.append((begins, cells + [cell]))
            }
            (cells, cell, wasQuoted) = ([], "", false)
        }
        var rest = text[...]
        while let character = rest.popFirst() {
            if isQuoted {
                if character == "\"" {
                    if rest.first == "\"" {
                        cell.append(rest.removeFirst())
                    } else {
                        isQuoted = false
                    }
                } else {
                    if character.isNewline { line += 1 }
                    cell.append(character)
                }
                continue
            }
            switch character {
            case "\"" where cell.isEmpty && !wasQuoted: (isQuoted, wasQuoted) = (true, true)
            case delimiter:
                cells.append(cell)
                (cell, wasQuoted) = ("", false)
            case "\n", "\r\n", "\r":
                endRow()
                line += 1
                begins = line
            default:
                guard !wasQuoted else {
                    throw UsageError(
                        "line \(line): something follows a cell in quotes; put it into them"
                    )
                }
                cell.append(character)
            }
        }
        guard !isQuoted else {
            throw UsageError(
                "line \(begins): a cell in quotes does not end; double the quotes in it"
            )
        }
        endRow()
        return rows
    }
}
#endif
