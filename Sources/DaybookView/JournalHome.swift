package import DaybookFormat
package import DaybookJournal
import DaybookSystem
import FoundationEssentials
import SwiftProtobuf

extension ProtoBinding {
    /// Where a journal's file is now.
    /// - Throws: ``JournalError/Code/notFound``; `SystemError`.
    package init(of folder: JournalFolder) throws {
        guard let status = try FileStatus.of(folder.dataFile) else {
            throw JournalError(.notFound, "there is no journal at \(folder.path) any more")
        }
        self.init()
        machine = Data(try MachineIdentity.digest())
        device = status.device
        inode = status.inode
        madeAt = FileStatus.madeAt(folder.dataFile)
    }
}

/// The name of a journal in its heads.
package struct JournalOrigin: Equatable, Sendable {
    /// The name.
    package let name: String
    /// It is that of heads of no more than so many entries; nil: of all to come.
    package let end: UInt64?
}

extension EntryView {
    /// Where the journal is at home from this entry on; nil: it says nothing of that.
    /// - Throws: `WireError`.
    package func home() throws(WireError) -> ProtoBinding? {
        switch EventKind(rawValue: event) {
        case .journalCreated: try ProtoJournalCreated(decoding: self).binding
        case .journalAdopted: try ProtoJournalAdopted(decoding: self).binding
        case .journalRestored: try ProtoJournalRestored(decoding: self).binding
        case .journalRewritten: try ProtoJournalRewritten(decoding: self).binding
        default: nil
        }
    }
}

extension StoreReader {
    /// Where the journal is at home, as entry 0, or what has been recorded since, says.
    /// - Throws: ``JournalError/Code/integrity``.
    package func home() throws -> ProtoBinding {
        var home = ProtoBinding()
        try scanOwnHistory { entry in home = try entry.home() ?? home }
        return home
    }

    /// The origins that the journal's heads have had, the present one last.
    /// - Throws: ``JournalError/Code/integrity``.
    package func origins() throws -> [JournalOrigin] {
        var origins: [JournalOrigin] = []
        try scanOwnHistory { entry in
            let name: String
            switch EventKind(rawValue: entry.event) {
            case .journalCreated: name = try ProtoJournalCreated(decoding: entry).origin
            case .journalRestored: name = try ProtoJournalRestored(decoding: entry).origin
            default: return
            }
            if name.isEmpty { return }
            if let last = origins.popLast() {
                origins.append(JournalOrigin(name: last.name, end: entry.header.sequence))
            }
            origins.append(JournalOrigin(name: name, end: nil))
        }
        guard !origins.isEmpty else {
            throw JournalError(
                .integrity,
                "entry 0: it does not begin a journal; do not rely on it, and restore it from a backup",
                sequence: 0
            )
        }
        return origins
    }

    /// Runs `body` on the entries of the journal's own stream.
    private func scanOwnHistory(_ body: (EntryView) throws -> Void) throws {
        try scanHistory(of: 0, from: 0) { sequence in
            let isThere: Void? = try withEntry(sequence) { bytes in try body(try EntryView(bytes)) }
            guard isThere != nil else { throw JournalError.missing(sequence, ofHistory: 0) }
            return true
        }
    }
}
