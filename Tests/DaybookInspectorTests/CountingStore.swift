import DaybookJournal
import DaybookSystem

/// A store that counts what is looked up in each of its read transactions.
final class CountingStore: JournalStore {
    private let store: any JournalStore
    private let counts = Locked<[(rows: Int, others: Int, places: Int)]>([])

    init(_ store: any JournalStore) { self.store = store }

    /// How many rows each transaction has looked up.
    var rowsOfReads: [Int] { counts.withLock { $0.map(\.rows) } }
    /// How many rows, streams and entries have been looked up.
    var lookUps: Int { counts.withLock { $0.reduce(0) { $0 + $1.rows + $1.others } } }

    /// How many places on lists have been looked for.
    var places: Int { counts.withLock { $0.reduce(0) { $0 + $1.places } } }

    var location: String { store.location }

    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        try store.read { reader in
            let counting = CountingReader(reader)
            defer {
                counts.withLock { $0.append((counting.rows, counting.others, counting.places)) }
            }
            return try body(counting)
        }
    }

    func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        try store.write(body)
    }

    func reopen() throws { try store.reopen() }
    func close() { store.close() }
}

private final class CountingReader: ForwardingReader {
    let reader: any StoreReader
    private(set) var rows = 0
    /// Entries and streams.
    private(set) var others = 0
    /// Places on lists.
    private(set) var places = 0

    init(_ reader: any StoreReader) { self.reader = reader }

    func withExecutionRow<Result>(
        _ id: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        rows += 1
        return try reader.withExecutionRow(id, body)
    }

    func executionRow(before id: String) throws -> (id: String, row: [UInt8])? {
        rows += 1
        return try reader.executionRow(before: id)
    }

    func scanExecutions(
        after id: String?,
        _ body: (String, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try reader.scanExecutions(after: id) { id, row in
            rows += 1
            return try body(id, row)
        }
    }

    func withEntry<Result>(
        _ sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        others += 1
        return try reader.withEntry(sequence, body)
    }

    func stream(from number: UInt64) throws -> UInt64? {
        others += 1
        return try reader.stream(from: number)
    }

    func stream(before number: UInt64) throws -> UInt64? {
        others += 1
        return try reader.stream(before: number)
    }

    func listed(_ list: [UInt8], atMost number: UInt64) throws -> UInt64? {
        places += 1
        return try reader.listed(list, atMost: number)
    }

    func listed(_ list: [UInt8], atLeast number: UInt64) throws -> UInt64? {
        places += 1
        return try reader.listed(list, atLeast: number)
    }
}
