#if CLI
import DaybookSystem

extension CommonOptions {
    /// Has what jobs leave behind become children of this process, so that it is ended also without its
    /// mark; says on standard error when that cannot be.
    /// - Throws: `SystemError`.
    func adoptOrphans() throws {
        guard let hindrance = try Orphans.adopt() else { return }
        let (reason, advice) =
            switch hindrance {
            case .children(let strangers):
                (
                    "this process was given others to look after (\(Self.words(strangers)))",
                    "start daybook as a process of its own for that"
                )
            case .isFirst:
                (
                    "this is the first process of its namespace, to which the orphans of all others come",
                    "run it under an init for that, as `docker run --init` does"
                )
            }
        errors.line(
            "daybook: warning: \(reason): what a job leaves behind without DAYBOOK_TRY in its environment is not ended; \(advice)"
        )
    }

    private static func words(_ processes: [Int32]) -> String {
        let numbers = processes.prefix(5).map { "\($0)" }.joined(separator: ", ")
        return numbers + (processes.count > 5 ? ", …" : "")
    }
}
#endif
