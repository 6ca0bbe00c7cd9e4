#if canImport(Glibc)
import CSystem
import Glibc

/// A process group, told apart from later ones of the same number by when its leader began, and what
/// has left it and still has its mark.
package struct ProcessGroup: Sendable, Equatable {
    /// The number of the group and of its leader.
    package let id: Int32
    /// When the leader began, in clock ticks since the machine did (proc_pid_stat(5), field 22).
    package let leaderStart: UInt64
    /// In the environment of the leader and of all that it starts; nil: there is none.
    package let mark: ProcessMark?

    /// The group led by a process that runs now.
    /// - Returns: nil when there is no such process.
    package init?(leader: Int32, mark: ProcessMark? = nil) throws(SystemError) {
        guard let start = try Self.startOfProcess(leader) else { return nil }
        id = leader
        leaderStart = start
        self.mark = mark
    }

    /// Reads ``note``.
    /// - Returns: nil for anything else.
    package init?(note: String) {
        let words = note.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3 || words.count == 4, words.last == ".", let id = Int32(words[0]),
            id > 1, let start = UInt64(words[1])
        else { return nil }
        if words.count == 4 {
            guard let mark = ProcessMark(words[2]) else { return nil }
            self.mark = mark
        } else {
            mark = nil
        }
        self.id = id
        leaderStart = start
    }

    /// A line for a file, with an end mark so that a line that was cut off is seen.
    package var note: String {
        "\(id) \(leaderStart) " + (mark.map { "\($0.text) " } ?? "") + "."
    }

    /// Ends every process of the group with SIGKILL, and every process that has its mark, and waits
    /// until they are gone.
    /// - Returns: whether there was any.
    package func end() throws(SystemError) -> Bool {
        let hasEndedMembers = try endMembers()
        // After them: what they start until then has the mark too.
        let hasEndedMarked = try mark?.end() ?? false
        return hasEndedMembers || hasEndedMarked
    }

    private func endMembers() throws(SystemError) -> Bool {
        // The number may have been given to somebody else since. While members of the old group
        // live it cannot be; so a leader that began at another time means that the group is gone.
        if let start = try Self.startOfProcess(id), start != leaderStart { return false }
        // Members that are dead and not yet reaped are nobody to end.
        guard try Self.hasLivingMember(id) else { return false }
        guard kill(-id, SIGKILL) == 0 else {
            if errno == ESRCH { return false }
            throw .current("kill of process group \(id)")
        }
        // They are not our children, so there is nothing to wait for but their disappearance. A
        // process that is dead but not yet reaped does nothing any more.
        while try Self.hasLivingMember(id) { sched_yield() }
        return true
    }

    /// Whether a process is stopped, as by SIGSTOP.
    package static func isStopped(process: Int32) throws(SystemError) -> Bool {
        try status(of: "\(process)")?.state == "T"
    }

    /// Whether a process may have a file open, as proc_pid_fd(5) says it. One that may not be looked into,
    /// as that of another user, may.
    package static func mayHaveOpen(_ file: FileStatus, process: Int32) throws(SystemError) -> Bool
    {
        let folder = "/proc/\(process)/fd"
        do throws(SystemError) {
            for name in try Folder.names(in: folder) {
                // Follows the link, also to a file that has been removed.
                var raw = stat()
                guard stat("\(folder)/\(name)", &raw) == 0 else { continue }
                let open = FileStatus(raw)
                if open.device == file.device, open.inode == file.inode { return true }
            }
            return false
        } catch {
            if error.number == EACCES || error.number == EPERM { return true }
            guard error.isNotFound || error.number == ESRCH else { throw error }
            return false
        }
    }

    /// The children of a process, dead ones that have not been reaped included.
    /// - Parameter areAlive: without these.
    static func children(
        of parent: Int32,
        areAlive: Bool = false
    ) throws(SystemError) -> [Int32] {
        var all: [Int32] = []
        for name in try Folder.names(in: "/proc") {
            guard let process = Int32(name), let status = try status(of: name),
                status.parent == parent, !(areAlive && status.isDead)
            else { continue }
            all.append(process)
        }
        return all
    }

    private static func startOfProcess(_ id: Int32) throws(SystemError) -> UInt64? {
        try status(of: "\(id)")?.start
    }

    private static func hasLivingMember(_ group: Int32) throws(SystemError) -> Bool {
        for name in try Folder.names(in: "/proc") where Int32(name) != nil {
            if let status = try status(of: name), status.group == group, !status.isDead {
                return true
            }
        }
        return false
    }

    private struct Status {
        /// A letter: T stopped, Z and X dead (proc_pid_stat(5), field 3).
        let state: String
        let parent: Int32
        let group: Int32
        let start: UInt64

        var isDead: Bool { state == "Z" || state == "X" }
    }

    private static func status(of process: String) throws(SystemError) -> Status? {
        let text: String
        do throws(SystemError) {
            text = String(
                decoding: try File.contents(of: "/proc/\(process)/stat"),
                as: UTF8.self
            )
        } catch {
            if error.isNotFound || error.number == ESRCH { return nil }
            throw error
        }
        // The name of the program stands in parentheses and may itself contain anything.
        guard let end = text.lastIndex(of: ")") else { return nil }
        let words = text[text.index(after: end)...].split(separator: " ")
        guard words.count > 19, let parent = Int32(words[1]), let group = Int32(words[2]),
            let start = UInt64(words[19])
        else { return nil }
        return Status(state: String(words[0]), parent: parent, group: group, start: start)
    }
}
#endif
