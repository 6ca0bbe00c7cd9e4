#if CLI
import ArgumentParser
import Daybook
import DaybookJournal
import DaybookModel

/// The command line that does what the message of an error advises. The layers below know what is to
/// be done; how it is said to this program is known here alone.
enum Hint {
    /// - Returns: empty when there is no such command line.
    static func text(for error: any Error, in command: (any ParsableCommand)?) -> TerminalText {
        switch error {
        case let error as JournalError: journal(error.code)
        case let error as Refusal: refusal(error.code, command)
        case let error as ExecutionParked: "; `daybook show \(id: error.id)` shows it"
        default: ""
        }
    }

    private static func journal(_ code: JournalError.Code) -> TerminalText {
        switch code {
        case .notFound: "; `daybook init` creates one"
        case .integrity: "; `daybook verify` says what is damaged"
        default: ""
        }
    }

    private static func refusal(
        _ code: Refusal.Code,
        _ command: (any ParsableCommand)?
    ) -> TerminalText {
        switch code {
        case .notFound:
            switch command {
            // What there is stands in the message.
            case is EntryCommand: ""
            case is SessionCommand.Evict: "; `daybook session list` shows those that are open"
            default: "; `daybook list` shows those that exist"
            }
        case .ended: "; `daybook show` shows it"
        default: ""
        }
    }
}
#endif
