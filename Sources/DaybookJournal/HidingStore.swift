/// A store in which some databases are taken for empty: where their pages are damaged, nobody may read them.
package struct HidingStore: JournalStore {
    /// What can be hidden. The rest is read by whoever reads entries.
    package struct Parts: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        /// How far readers have come.
        package static let positions = Parts(rawValue: 1)
        /// The hashes of full tiles.
        package static let tiles = Parts(rawValue: 2)
    }

    private let store: any JournalStore
    private let parts: Parts

    /// Looks into `store`.
    package init(_ store: any JournalStore, _ parts: Parts) {
        self.store = store
        self.parts = parts
    }

    package var location: String { store.location }

    package func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        try store.read { try body(HidingReader(reader: $0, parts: parts)) }
    }

    package func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        try store.write(body)
    }

    package func reopen() throws { try store.reopen() }
    package func isOutOfRoom() throws -> Bool { try store.isOutOfRoom() }
    package func hasUnpublishedCommit() throws -> Bool { try store.hasUnpublishedCommit() }
    package func close() { store.close() }
}

private struct HidingReader: ForwardingReader {
    let reader: any StoreReader
    let parts: HidingStore.Parts

    func position(_ name: String) throws -> UInt64? {
        parts.contains(.positions) ? nil : try reader.position(name)
    }

    func scanPositions(_ body: (String, UInt64) throws -> Bool) throws {
        if !parts.contains(.positions) { try reader.scanPositions(body) }
    }

    func tile(level: UInt8, index: UInt64) throws -> [TreeHash]? {
        parts.contains(.tiles) ? nil : try reader.tile(level: level, index: index)
    }

    func tileCount() throws -> Int { parts.contains(.tiles) ? 0 : try reader.tileCount() }
}
