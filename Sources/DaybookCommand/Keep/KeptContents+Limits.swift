#if CLI
import DaybookJournal

extension JournalFolder {
    /// What of the journal's folder no erasure reaches, in words for people and programs.
    /// - Throws: `SystemError`.
    func unreachedContents() throws -> [String] {
        try keptContents().map { kept in
            kept.isWanted
                ? "\(kept.path), the old file that a repair has kept: remove it once nothing of it is needed"
                : "\(kept.path), which a process that was killed has left: `daybook compact --shrink` removes it"
        }
    }
}
#endif
