import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import FoundationEssentials

#if canImport(Darwin)
import Darwin
#endif

/// A file beside the folder of an execution that says whose it is, and what of the journal it has. A
/// folder without one, of another start of the machine, or of something else than what is recorded is
/// restored from the journal.
///
/// It is not synced: after a crash of the machine it does not count, and neither do the folder's files.
struct WorkspaceMark: Equatable {
    /// What is recorded of a workspace: see ``RecordedWorkspace``.
    struct Place: Equatable, Sendable {
        var epoch: UInt64 = 0
        var take: UInt64 = 0
        /// SHA-256 of the archive, or of the words for which there is none; empty: it is not known.
        var digest: [UInt8] = []
        /// There is no archive: the folder is the only place of its files.
        var isUnsaved = false
        /// The files are lost, and the folder was made empty for what does without them: it has nothing of what
        /// is recorded.
        var isEmptied = false

        static let emptied = Self(isEmptied: true)

        private var word: String { isEmptied ? "emptied" : isUnsaved ? "unsaved" : "saved" }

        /// A line of the file.
        fileprivate var line: String { "\(epoch) \(take) \(word) \(digest.hexadecimal)" }

        /// Whether it is what is recorded.
        func isOf(_ recorded: RecordedWorkspace) -> Bool {
            !isEmptied && epoch == recorded.epoch && take == recorded.take
        }
    }

    /// Whose folder it is: of a journal that was set back, other executions have its number.
    let owner: String
    /// The start of the machine at which it was written.
    let boot: String
    /// The last lease under which it was used here.
    let epoch: UInt64
    /// What the folder has: what is recorded, and what is about to be.
    let places: [Place]

    init(_ owner: String, _ epoch: UInt64, _ places: [Place]) throws(SystemError) {
        self.owner = owner
        boot = try Self.thisBoot()
        self.epoch = epoch
        self.places = places
    }

    private init(_ owner: String, boot: String, _ epoch: UInt64, _ places: [Place]) {
        self.owner = owner
        self.boot = boot
        self.epoch = epoch
        self.places = places
    }

    /// The same with other places.
    func with(_ places: [Place]) -> WorkspaceMark {
        WorkspaceMark(owner, boot: boot, epoch, places)
    }

    /// Reads one.
    /// - Returns: nil: there is none, or it is none.
    init?(at path: String) throws(SystemError) {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.contents(of: path, followsLink: false)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count >= 3, let epoch = UInt64(lines[2]) else { return nil }
        var places: [Place] = []
        for line in lines.dropFirst(3) {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 4, let epoch = UInt64(words[0]), let take = UInt64(words[1]),
                ["saved", "unsaved", "emptied"].contains(words[2]),
                let digest = [UInt8](hexadecimal: words[3])
            else { return nil }
            places.append(
                Place(
                    epoch: epoch,
                    take: take,
                    digest: digest,
                    isUnsaved: words[2] == "unsaved",
                    isEmptied: words[2] == "emptied"
                )
            )
        }
        self.init(String(lines[0]), boot: String(lines[1]), epoch, places)
    }

    /// Puts it in the place of the one that there is.
    func write(_ path: String) throws(SystemError) {
        let lines =
            [owner, boot, "\(epoch)"]
            + places.map(\.line)
        let next = path + ".next"
        Folder.discardFile(next)
        try File.open(next, .create).append(Array((lines.joined(separator: "\n") + "\n").utf8))
        try Folder.rename(next, to: path)
    }

    /// What names this start of the machine.
    static func thisBoot() throws(SystemError) -> String {
        #if os(Linux)
        let bytes = try File.contents(of: "/proc/sys/kernel/random/boot_id")
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
        #else
        var time = timeval()
        var size = MemoryLayout<timeval>.size
        guard sysctlbyname("kern.boottime", &time, &size, nil, 0) == 0 else {
            throw .current("sysctl kern.boottime")
        }
        return "\(time.tv_sec).\(time.tv_usec)"
        #endif
    }

    /// The time that a file changed now would have, or up to a step of the clock later.
    static func fileTime() -> Int64 {
        Int64(clamping: SystemClock().now().rawValue)
    }
}
