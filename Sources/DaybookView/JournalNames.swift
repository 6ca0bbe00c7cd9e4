package import DaybookFormat
package import DaybookJournal
import DaybookModel

/// What the journal's own entries say that the history of an execution is read with: the UUID that
/// drawn values follow from, and what the numbers of content types stand for.
package struct JournalNames: Sendable {
    /// The journal's UUID; nil before entry 0.
    package private(set) var uuid: Identifier?
    /// The content types; the number of one is its place, from 1.
    package private(set) var contentTypes: [String] = []

    /// Nothing is known yet.
    package init() {}

    init(uuid: Identifier?, contentTypes: [String]) {
        self.uuid = uuid
        self.contentTypes = contentTypes
    }

    /// Reads the journal's own history.
    /// - Throws: ``JournalError``.
    package init(_ reader: any StoreReader) throws {
        var names = JournalNames()
        try reader.scanHistory(of: 0, from: 0) { sequence in
            try reader.withView(of: sequence) { try names.take($0) }
            return true
        }
        self = names
    }

    /// What the number of a content type stands for.
    package func contentType(_ number: UInt32) -> String? {
        number > 0 && number <= contentTypes.count ? contentTypes[Int(number) - 1] : nil
    }

    /// Takes in an entry; others than these are passed over.
    package mutating func take(_ entry: EntryView) throws {
        switch EventKind(rawValue: entry.event) {
        case .journalCreated:
            let created = try ProtoJournalCreated(decoding: entry)
            uuid = Identifier(Array(created.uuid))
            contentTypes = created.contentTypes
        case .contentTypeInterned:
            contentTypes.append(try ProtoContentTypeInterned(decoding: entry).contentType)
        default: break
        }
    }
}
