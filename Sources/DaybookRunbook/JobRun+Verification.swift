#if CLI
import Daybook
import DaybookSystem

extension JobRun {
    /// The code of a try whose `verify` did not answer.
    static let unansweredCode = "verify-unanswered"

    /// Runs a script of the job that looks whether its work is done.
    /// - Parameters:
    ///   - note: told of the process group before the script begins.
    ///   - log: told what it says on its error output, which tells why it does not find the work done, and how
    ///     it ended, if that is no answer.
    /// - Returns: whether the work is done.
    /// - Throws: as ``run(_:)`` does, and `OperationError` with the code `verify-unanswered`: it was ended by a
    ///   signal, or could not be started, which says nothing about the work.
    func verify(
        _ script: String,
        _ operation: OperationContext,
        note: (ProcessGroup) throws -> Void,
        log: @escaping (String) -> Void
    ) async throws -> Bool {
        try await notingShortage {
            let last = LastLine()
            let store = try storeFile(operation)
            defer { Folder.discardFile(store.path) }
            let extra = ["DAYBOOK_STORE": store.path]
                .merging(try secrets(operation)) { own, _ in own }
            let ending = try await execute(
                script,
                extra: extra,
                operation.redactor,
                note: note
            ) { line, source in
                guard source == .standardError else { return }
                log(line)
                last.set(line)
            }
            if ending == .exited(0) { return true }
            guard let details = ending.silence else { return false }
            // What was told to stop has not ended by itself.
            if !Task.isCancelled { log(ending.words) }
            throw OperationError(
                code: Self.unansweredCode,
                message:
                    "what verifies the job \(name) \(ending.words), which does not say whether its work is done\(last.suffix)",
                details: Array(details.utf8)
            )
        }
    }
}

extension ChildProcess.Ending {
    /// How it ended, as the rest of a sentence.
    fileprivate var words: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .signalled(let signal): "was ended by signal \(signal)"
        }
    }

    /// Details of an ending that answers no question; nil: it answers.
    ///
    /// A shell exits with 126 where a command cannot be executed, with 127 where there is none, and with 128
    /// and the number of the signal where one was ended by a signal.
    fileprivate var silence: String? {
        switch self {
        case .exited(let status) where status == 126 || status == 127:
            #"{"exitStatus":\#(status)}"#
        case .exited(let status) where (129...192).contains(status):
            #"{"exitStatus":\#(status)}"#
        case .exited: nil
        case .signalled(let signal): #"{"signal":\#(signal)}"#
        }
    }
}
#endif
