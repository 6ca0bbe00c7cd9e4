import DaybookSystem
import LMDB

/// What a journal refused, and why.
///
/// The message is a sentence for people: what was asked, what was found, what to do. Programs look
/// at the ``code``.
public struct JournalError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is. New ones may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// A stable word.
        public let rawValue: String

        /// Any word is a code; those below are in use.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// There is no journal there.
        public static let notFound = Code(rawValue: "not-found")
        /// There is something else there.
        public static let notAJournal = Code(rawValue: "not-a-journal")
        /// There is one already.
        public static let exists = Code(rawValue: "exists")
        /// It was written by a newer version, in a format or with events that this one does not know.
        public static let newerVersion = Code(rawValue: "newer-version")
        /// What is stored contradicts itself.
        public static let integrity = Code(rawValue: "integrity")
        /// Another opening, of this process or another, stands in the way.
        public static let locked = Code(rawValue: "locked")
        /// The disk, the quota or the map is full. Nothing of the batch was written.
        public static let full = Code(rawValue: "full")
        /// It is a copy, or was moved to another machine, and nobody has said that it is at home here.
        public static let elsewhere = Code(rawValue: "elsewhere")
        /// The journal cannot be written from here.
        public static let readOnly = Code(rawValue: "read-only")
        /// An entry would be larger than 65,535 bytes.
        public static let entryTooLarge = Code(rawValue: "entry-too-large")
        /// The disk failed, and it cannot be found out whether the batch was written.
        public static let outcomeUnknown = Code(rawValue: "outcome-unknown")
        /// It cannot be made at that place: the folder around it is missing, or is the journal's own.
        public static let badPlace = Code(rawValue: "bad-place")
        /// The machine's clock shows a time that no journal can hold.
        public static let clock = Code(rawValue: "clock")
        /// The journal has been closed.
        public static let closed = Code(rawValue: "closed")
        /// It lies in an archive, and is no more in the journal's file.
        public static let pruned = Code(rawValue: "pruned")
        /// The system refused something else.
        public static let system = Code(rawValue: "system")
    }

    /// What kind of error it is.
    public let code: Code
    /// What was asked, what was found, what to do.
    public let message: String
    /// The entry that it is about, where it is about one.
    public let sequence: UInt64?
    /// The error below, if any.
    public let underlying: (any Error)?

    /// - Parameter message: what was asked, what was found, what to do; it ends without a full stop.
    public init(
        _ code: Code,
        _ message: String,
        sequence: UInt64? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.sequence = sequence
        self.underlying = underlying
    }

    /// The message.
    public var description: String { message }

    /// What contradicts itself.
    package static func integrity(_ sequence: UInt64?, _ what: String) -> JournalError {
        let subject = sequence.map { "entry \($0): " } ?? ""
        return JournalError(
            .integrity,
            "\(subject)\(what); the journal must not be relied on: restore it from a backup",
            sequence: sequence
        )
    }
}

extension JournalError {
    /// Turns errors of the layers below into ones of the journal; leaves others as they are.
    static func wrapping(_ error: any Error, _ path: String) -> any Error {
        switch error {
        case let error as LMDBError: JournalError(error, path)
        case let error as SystemError: JournalError(error, path)
        default: error
        }
    }

    /// Says of what failed below that the copy of a journal was not made for it; leaves errors of the
    /// journal as they are.
    package static func unmade(_ path: String, _ error: any Error) -> any Error {
        guard let error = error as? SystemError else { return wrapping(error, path) }
        return JournalError(
            error.isFull ? .full : error.isReadOnly ? .readOnly : .system,
            error.isFull
                ? "there is no room for \(path) on its disk (\(error)); make room, or name a place on another disk. Nothing of it was kept"
                : "\(path) could not be made: \(error); look after that, then try again. Nothing of it was kept",
            underlying: error
        )
    }

    /// The file needs more of the address space than was reserved for it.
    var isMapFull: Bool { (underlying as? LMDBError)?.code == .mapFull }

    /// The machine has too little of something at this moment; the same may work later.
    public var isShortage: Bool {
        switch underlying {
        case let error as SystemError: error.isShortage
        case let error as LMDBError:
            SystemError(number: error.code.rawValue, operation: error.operation).isShortage
        case let error as JournalError: error.isShortage
        default: false
        }
    }

    private init(_ error: LMDBError, _ path: String) {
        let (code, words): (Code, String) =
            switch error.code {
            case .alreadyOpen:
                (
                    .locked,
                    "this process has the journal \(path) open already; use that opening, or close it"
                )
            case .truncatedFile:
                (
                    .integrity,
                    "the journal \(path) has been cut short (\(error.detail ?? "")); restore it from a backup"
                )
            case .replacedFile:
                (
                    .integrity,
                    "the journal \(path) was changed from outside while it was open (\(error.detail ?? "")): what was recorded last may be lost. End every process that uses it, put the folder back or restore it from a backup, and run `daybook verify`"
                )
            case .damagedFile, .invalid, .versionMismatch:
                (
                    .integrity,
                    "the file of the journal \(path) is damaged or not LMDB's (\(error.detail ?? error.description)); restore it from a backup"
                )
            // Of a whole tree LMDB says none of these: a key is there that was greater than all, or
            // one is not that was just found, or a page leads back to itself.
            case .corrupted, .pageNotFound, .incompatible, .badValueSize, .badTransaction,
                .keyExists, .notFound, .cursorFull, .pageFull:
                (
                    .integrity,
                    "a page of the journal \(path) is damaged (\(error.description)); run `daybook verify`, and restore it from a backup"
                )
            case .mapFull:
                (
                    .full,
                    "the map of the journal \(path) is full; open it with a larger one. Nothing of this batch was written"
                )
            case .closed: (.closed, "the journal \(path) has been closed")
            case _ where error.isFull:
                (
                    .full,
                    "there is no room left for the journal \(path); make room and try again. Nothing of this batch was written"
                )
            case _ where error.isReadOnly:
                (
                    .readOnly,
                    "the journal \(path) cannot be written here (\(error.description)); check permissions and mount"
                )
            default:
                (
                    .system,
                    "the journal \(path) could not be used: \(error.detail ?? error.description)"
                )
            }
        self.init(code, words, underlying: error)
    }

    private init(_ error: SystemError, _ path: String) {
        let code: Code =
            if error.isFull { .full } else if error.isReadOnly {
                .readOnly
            } else if error
                .isNotFound
            {
                .notFound
            } else { .system }
        self.init(
            code,
            "the journal \(path) could not be used: \(error.description)",
            underlying: error
        )
    }
}

extension JournalError {
    /// A batch could not be written, and what it has done to the state cannot be taken back now. Damage
    /// is said as such: trying again cannot help.
    static func stuck(
        after failure: any Error,
        _ error: any Error,
        _ location: String
    ) -> JournalError {
        let damage = [error, failure].lazy.compactMap { $0 as? JournalError }
            .first { $0.code == .integrity }
        return damage
            ?? JournalError(
                .system,
                "a batch could not be written (\(failure)), and the journal \(location) cannot be read to take it back (\(error)); look after the disk: it is tried again with the next command",
                underlying: failure
            )
    }
}
