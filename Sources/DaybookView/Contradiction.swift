import DaybookFormat
import DaybookJournal
import DaybookModel

/// Tells bytes that contradict each other from a journal that cannot be read at this moment.
package enum Contradiction {
    /// Whether an error that came of folding a history says that its bytes contradict: that is damage, and
    /// only that. Whatever else was thrown, by LMDB for example, says nothing of what is recorded.
    package static func isFound(by error: any Error) -> Bool {
        switch error {
        case let error as JournalError: error.code == .integrity
        // What a newer version has written is no damage.
        case let error as WireError: error.unknown == nil
        case is InconsistentEntry: true
        default: false
        }
    }
}
