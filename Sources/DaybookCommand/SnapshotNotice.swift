#if CLI
/// Says that a snapshot is damaged: the answer is the same, and took longer.
enum SnapshotNotice {
    @Sendable
    static func tell(_ name: String, _ reason: String) {
        let advice = TerminalText(Advice.completed("`daybook snapshot drop --unfit`"))
        Terminal.standardError.line(
            "daybook: the snapshot \(name) is left aside (\(reason)); an older one is used, or every entry; \(advice) removes it"
        )
    }
}
#endif
