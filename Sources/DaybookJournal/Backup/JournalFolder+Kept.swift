import DaybookSystem

/// A file or a folder beside a journal's own in which older contents of it may lie.
package struct KeptContents: Sendable, Equatable {
    /// Its path.
    package let path: String
    /// Whether somebody has wanted it to be kept: else a process that was killed has left it.
    package let isWanted: Bool
}

extension JournalFolder {
    /// What repairs have kept in the folder, and what a rewriting that was killed has left: what is erased in the
    /// journal is not erased there.
    /// - Throws: `SystemError`.
    package func keptContents() throws(SystemError) -> [KeptContents] {
        var found: [KeptContents] = []
        for name in try Folder.names(in: path).sorted() {
            if name == RewrittenFile.folderName {
                found.append(KeptContents(path: path + "/" + name, isWanted: false))
            } else if RewrittenFile.isNameOfOld(name) {
                found.append(KeptContents(path: path + "/" + name, isWanted: true))
            }
        }
        return found
    }
}
