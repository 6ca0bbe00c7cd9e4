#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookRunbook
import DaybookSystem
import Glibc

#if canImport(Glibc)
#endif

/// How a command ends, for programs. The numbers are part of the interface.
enum ExitStatus: Int32 {
    case failed = 1
    case notFound = 3
    case conflict = 4
    case integrity = 5
    case divergence = 6
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

/// Says what went wrong and ends the process.
enum Failure {
    static func exit(_ error: any Error) -> Never {
        if let end = error as? CommandEnd { Glibc.exit(end.status.rawValue) }
        if let status = status(of: error) {
            Terminal.standardError.line("daybook: \(error)")
            if CommandLine.arguments.contains("--verbose") { explain(error) }
            Glibc.exit(status.rawValue)
        }
        // Errors of the argument parser, and requests for help, which it words itself.
        DaybookCommand.exit(withError: error)
    }

    private static func explain(_ error: any Error) {
        var next = (error as? JournalError)?.underlying
        while let cause = next {
            Terminal.standardError.line("  because: \(cause)")
            next = (cause as? JournalError)?.underlying
        }
    }

    private static func status(of error: any Error) -> ExitStatus? {
        switch error {
        case let error as JournalError: statusOfJournal(error.code)
        // What cannot be decoded, and was not put into words below.
        case is WireError: .integrity
        case let error as Refusal: statusOfRefusal(error.code)
        case is UsageError, is RunbookError, is InputError, is MissingVariable: .usage
        case is PayloadTooLarge, is SystemError, is PayloadErased: .failed
        case is ExecutionParked: .workflowHeld
        case is OperationError: .workflowFailed
        default: nil
        }
    }

    private static func statusOfJournal(_ code: JournalError.Code) -> ExitStatus {
        switch code {
        case .notFound: .notFound
        case .exists, .locked, .elsewhere: .conflict
        case .integrity: .integrity
        default: .failed
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
