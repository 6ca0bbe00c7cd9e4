#if CLI
import ArgumentParser
import Daybook
import DaybookJournal
import DaybookModel

/// The command line that does what the message of an error advises. The layers below know what is to
/// be done; how it is said to this program is known here alone.
enum Hint {
    /// What the layers below advise in words of their own: a command line takes their place.
    private static let replaced = [
        "look at the list of those that exist", "look at the list of those that are",
        "look at its record", "create one, or name another", "verify the journal",
        "look why, then retry or cancel it", "retry it to have it run all the same",
    ]

    /// The sentence of an error: its message, with a command line for advice where there is one.
    /// Advice is given once.
    static func sentence(
        for error: any Error,
        in command: (any ParsableCommand)?
    ) -> TerminalText {
        let message = "\(error)"
        let hint = text(for: error, in: command)
        // A message that names a command already knows better.
        guard !hint.raw.isEmpty, !message.contains("`daybook ") else {
            return TerminalText(message)
        }
        let advice = replaced.first { message.hasSuffix("; " + $0) }
        let rest = message.dropLast(advice.map { $0.count + 2 } ?? 0)
        return TerminalText(String(rest)) + "; " + hint
    }

    /// - Returns: empty when there is no such command line.
    private static func text(
        for error: any Error,
        in command: (any ParsableCommand)?
    ) -> TerminalText {
        switch error {
        case let error as JournalError: journal(error.code)
        case let error as Refusal: refusal(error, command)
        case let error as ExecutionParked:
            "`daybook show \(error.id.shellArgument)` says why; then retry or cancel it"
        default: ""
        }
    }

    /// The id of the execution that a command is about, as a word of a command line.
    private static func execution(of command: (any ParsableCommand)?) -> TerminalText {
        guard let id = (command as? any ExecutionCommand)?.execution else { return "" }
        return " \(id.shellArgument)"
    }

    private static func journal(_ code: JournalError.Code) -> TerminalText {
        switch code {
        case .notFound: "create one with `daybook init`, or name another with --journal"
        case .integrity: "`daybook verify` says what is damaged"
        default: ""
        }
    }

    private static func refusal(
        _ refusal: Refusal,
        _ command: (any ParsableCommand)?
    ) -> TerminalText {
        switch refusal.code {
        case .notFound:
            switch command {
            // What there is stands in the message.
            case is EntryCommand, is ProveCommand, is WorkspaceCommand, is WipeSecretsCommand: ""
            case is SessionCommand.Evict: "`daybook session list` shows those that are open"
            default: "`daybook list` shows those that exist"
            }
        case .ended, .wrongState:
            if refusal.message.hasSuffix("look at its record") {
                "`daybook show\(execution(of: command))` shows its record"
            } else if refusal.message.hasSuffix("retry it to have it run all the same") {
                "`daybook retry\(execution(of: command))` has it run all the same"
            } else {
                ""
            }
        default: ""
        }
    }
}

/// A command about one execution.
private protocol ExecutionCommand {
    /// The id of the execution; nil: none was named.
    var execution: String? { get }
}

extension ApproveCommand: ExecutionCommand { fileprivate var execution: String? { options.id } }
extension CancelCommand: ExecutionCommand { fileprivate var execution: String? { options.id } }
extension ExecCommand: ExecutionCommand { fileprivate var execution: String? { id } }
extension PauseCommand: ExecutionCommand { fileprivate var execution: String? { options.id } }
extension RejectCommand: ExecutionCommand { fileprivate var execution: String? { options.id } }
extension ResolveCommand: ExecutionCommand { fileprivate var execution: String? { id } }
extension ResumeCommand: ExecutionCommand { fileprivate var execution: String? { options.id } }
extension RetryCommand: ExecutionCommand { fileprivate var execution: String? { options.id } }
extension RunCommand: ExecutionCommand { fileprivate var execution: String? { file.id } }
extension SignalCommand: ExecutionCommand { fileprivate var execution: String? { id } }
#endif
