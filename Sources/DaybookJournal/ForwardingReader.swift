/// A reader that hands on what it is asked to another one, but for what it does itself.
package protocol ForwardingReader: StoreReader {
    /// Who is asked.
    var reader: any StoreReader { get }
}

extension ForwardingReader {
    package func withEntry<Result>(
        _ sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? { try reader.withEntry(sequence, body) }

    package func scanEntries(
        from sequence: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws { try reader.scanEntries(from: sequence, body) }

    package func commitNumber() -> UInt64? { reader.commitNumber() }
    package func entryCount() throws -> UInt64 { try reader.entryCount() }

    package func withPayloads<Result>(
        of sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? { try reader.withPayloads(of: sequence, body) }

    package func scanPayloads(from sequence: UInt64, _ body: (UInt64) throws -> Bool) throws {
        try reader.scanPayloads(from: sequence, body)
    }

    package func scanHistory(
        of stream: UInt64,
        from sequence: UInt64,
        _ body: (UInt64) throws -> Bool
    ) throws { try reader.scanHistory(of: stream, from: sequence, body) }

    package func scanHistories(from stream: UInt64, _ body: (UInt64, UInt64) throws -> Bool) throws
    {
        try reader.scanHistories(from: stream, body)
    }

    package func stream(from number: UInt64) throws -> UInt64? { try reader.stream(from: number) }
    package func stream(before number: UInt64) throws -> UInt64? {
        try reader.stream(before: number)
    }
    package func historyEnd(of stream: UInt64) throws -> HistoryEnd? {
        try reader.historyEnd(of: stream)
    }

    package func withExecutionRow<Result>(
        _ id: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? { try reader.withExecutionRow(id, body) }

    package func executionRow(before id: String) throws -> (id: String, row: [UInt8])? {
        try reader.executionRow(before: id)
    }

    package func scanExecutions(
        after id: String?,
        _ body: (String, UnsafeRawBufferPointer) throws -> Bool
    ) throws { try reader.scanExecutions(after: id, body) }

    package func listed(_ list: [UInt8], atMost number: UInt64) throws -> UInt64? {
        try reader.listed(list, atMost: number)
    }

    package func listed(_ list: [UInt8], atLeast number: UInt64) throws -> UInt64? {
        try reader.listed(list, atLeast: number)
    }

    package func scanLists(_ body: (UnsafeRawBufferPointer, UInt64) throws -> Bool) throws {
        try reader.scanLists(body)
    }

    package func position(_ name: String) throws -> UInt64? { try reader.position(name) }

    package func scanPositions(_ body: (String, UInt64) throws -> Bool) throws {
        try reader.scanPositions(body)
    }

    package func tile(level: UInt8, index: UInt64) throws -> [TreeHash]? {
        try reader.tile(level: level, index: index)
    }

    package func tileCount() throws -> Int { try reader.tileCount() }
    package func meta(_ key: String) throws -> [UInt8]? { try reader.meta(key) }
    package func tombstone(of id: String) throws -> UInt64? { try reader.tombstone(of: id) }
    package func scanTombstones(_ body: (UInt64, [UInt8]) throws -> Bool) throws {
        try reader.scanTombstones(body)
    }
}
