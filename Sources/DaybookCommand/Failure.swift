#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookRunbook
import DaybookSystem
import LMDB

#if canImport(Glibc)
import Glibc
#endif

/// How a command ends, for programs. The numbers are part of the interface.
enum ExitStatus: Int32, CaseIterable {
    case failed = 1
    case notFound = 3
    case conflict = 4
    case integrity = 5
    case workflowFailed = 7
    case workflowTimedOut = 8
    case workflowHeld = 9
    case usage = 64
    case tryAgain = 75
    /// Ended by Ctrl-C, as shells have it.
    case interrupted = 130
}

/// A command that ends with a status of its own, after it has said everything.
struct CommandEnd: Error {
    let status: ExitStatus
}

/// A mistake in what was asked, with a sentence.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What a command was to wait for has not come in the time that it was given.
struct NotInTime: Error, CustomStringConvertible {
    let description: String
}

/// Says what went wrong and ends the process.
enum Failure {
    /// - Parameter command: the one that failed; nil: the words did not come to a command.
    static func exit(_ error: any Error, in command: (any ParsableCommand)?) -> Never {
        if let end = error as? CommandEnd { Glibc.exit(end.status.rawValue) }
        if let status = status(of: error) {
            Terminal.standardError.line("daybook: " + sentence(for: error, in: command).advised)
            if CommandLine.arguments.contains("--verbose") { explain(error) }
            Glibc.exit(status.rawValue)
        }
        // Errors of the argument parser, and requests for help, which it words itself.
        let status = DaybookCommand.exitCode(for: error)
        let message = DaybookCommand.fullMessage(for: error)
        guard !status.isSuccess else {
            // Help, a version or a script for a shell: as it is.
            if !message.isEmpty {
                let text = UsageText.wrapped(message, to: Terminal.standardOutput.columns)
                Terminal.standardOutput.write(Array((text + "\n").utf8))
            }
            Glibc.exit(0)
        }
        let text = UsageText.wrapped(message, to: Terminal.standardError.columns)
        Terminal.standardError.line(TerminalText(lines: text))
        Glibc.exit(status.rawValue)
    }

    /// A conflict shows the difference in lines of its own; everything else is one line.
    static func sentence(
        for error: any Error,
        in command: (any ParsableCommand)?
    ) -> TerminalText {
        if let refusal = error as? Refusal, refusal.code == .conflict {
            return TerminalText(lines: refusal.description)
        }
        // What the machine lacks says what is to be done about it.
        if let shortage = shortage(in: error), !saysWhatToDo(error, shortage) {
            return TerminalText("\(error); \(shortage.advice), then try again")
        }
        return Hint.sentence(for: error, in: command)
    }

    /// Whether the words of an error have the advice already: that of a full disk the journal gives itself.
    private static func saysWhatToDo(_ error: any Error, _ shortage: Shortage) -> Bool {
        (error as? JournalError)?.code == .full && "\(error)".contains("make room")
            || "\(error)".contains(shortage.advice)
    }

    private static func shortage(in error: any Error) -> Shortage? {
        switch error {
        case let error as SystemError: Shortage(error)
        case let error as JournalError:
            error.underlying.flatMap { cause in
                if let cause = cause as? LMDBError {
                    Shortage(SystemError(number: cause.code.rawValue, operation: cause.operation))
                } else {
                    shortage(in: cause)
                }
            }
        default: nil
        }
    }

    private static func explain(_ error: any Error) {
        var next = (error as? JournalError)?.underlying
        while let cause = next {
            Terminal.standardError.line("  because: \(cause)")
            next = (cause as? JournalError)?.underlying
        }
    }

    /// The status that says what kind of error it is; nil: the argument parser knows.
    static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as JournalError: statusOfJournal(error)
        // What cannot be decoded, and was not put into words below.
        case is WireError: .integrity
        case let error as Refusal: statusOfRefusal(error.code)
        case let error as RunbookError where error.isShortage: .tryAgain
        case is UsageError, is RunbookError, is InputError, is MissingVariable: .usage
        case is Shortage, is NotInTime: .tryAgain
        case let error as SecretError:
            switch error.code {
            case _ where error.cause?.isShortage == true, .system: .tryAgain
            case .noKey, .badKey, .wrongKey, .invalid, .exposed: .usage
            case .damaged: .integrity
            default: .failed
            }
        case let error as WitnessRefusal: error.status
        case let error as ProofError:
            switch error.code {
            case .malformed, .outOfRange: .usage
            default: .integrity
            }
        case let error as SystemError: error.isShortage ? .tryAgain : .failed
        case is PayloadTooLarge, is PayloadErased: .failed
        case is ExecutionParked: .workflowHeld
        case is OperationError: .workflowFailed
        default: nil
        }
    }

    private static func statusOfJournal(_ error: JournalError) -> ExitStatus {
        switch error.code {
        case .notFound: .notFound
        case .exists, .locked, .elsewhere, .pruned: .conflict
        case .integrity: .integrity
        case .full: .tryAgain
        case .badPlace: .usage
        default: error.isShortage ? .tryAgain : .failed
        }
    }

    private static func statusOfRefusal(_ code: Refusal.Code) -> ExitStatus {
        switch code {
        case .notFound: .notFound
        case .invalidArgument: .usage
        default: .conflict
        }
    }
}
#endif
