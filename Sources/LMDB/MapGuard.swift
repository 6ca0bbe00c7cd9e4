import CMapGuard
import Glibc

/// What a program says when LMDB dies of a damaged page.
///
/// LMDB trusts its pages, and to walk them all before each opening would take as long as reading the
/// file. So what is damaged can end the process, by a signal or an assertion. A library has nothing
/// to say then; a command installs this, and ends with a sentence and a status.
package enum MapGuard {
    /// From now on a thread that dies inside of a transaction ends the process with `status`, after
    /// `before`, the data file's path and `after` were written to standard error. Signals of other
    /// threads do what they did. To be called once, before a journal is opened.
    package static func install(before: String, after: String, status: Int32) {
        // Kept for ever: a signal handler cannot ask whether they are still there.
        map_guard_install(strdup(before), strdup(after), status)
    }
}
