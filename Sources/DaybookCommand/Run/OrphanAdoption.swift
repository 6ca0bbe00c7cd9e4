#if CLI
import DaybookSystem

extension CommonOptions {
    /// Has what jobs leave behind become children of this process, so that it is ended also without its
    /// mark; says on standard error when that cannot be.
    /// - Throws: `SystemError`.
    func adoptOrphans() throws {
        let strangers = try Orphans.adopt()
        guard !strangers.isEmpty else { return }
        let numbers = strangers.prefix(5).map { "\($0)" }.joined(separator: ", ")
        errors.line(
            "daybook: warning: this process was given others to look after (\(numbers)\(strangers.count > 5 ? ", …" : "")): what a job leaves behind without DAYBOOK_TRY in its environment is not ended; start daybook as a process of its own for that"
        )
    }
}
#endif
