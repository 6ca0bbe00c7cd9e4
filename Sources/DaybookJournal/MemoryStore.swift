import DaybookSystem

/// A journal's databases in memory, for tests and simulations. Faults can be injected.
package final class MemoryStore: JournalStore {
    /// A name for messages.
    package let location = "(memory)"
    private let state: Locked<State>
    private let writing = Locked(())
    private let fault = Locked<Fault?>(nil)

    /// Something that goes wrong in the next write.
    package enum Fault: Sendable {
        /// The disk is full when the batch is committed: nothing is written.
        case full
        /// The sync fails and the batch is not on the disk.
        case lostInCommit
        /// The sync fails, yet the batch is on the disk.
        case writtenInCommit
    }

    struct State: Sendable {
        var entries: [[UInt8]] = []
        var payloads: [UInt64: [UInt8]] = [:]
        var histories: [UInt64: [UInt64]] = [:]
        var executions: [[UInt8]: [UInt8]] = [:]
        var lists: [[UInt8]: Set<UInt64>] = [:]
        var positions: [[UInt8]: UInt64] = [:]
        var tiles: [[UInt8]: [UInt8]] = [:]
        var meta: [String: [UInt8]] = [:]
    }

    /// An empty store.
    package init() { state = Locked(State()) }

    /// Lets the next write fail.
    package func inject(_ fault: Fault) {
        self.fault.withLock { $0 = fault }
    }

    /// Runs `body` on the state between two writes.
    package func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        try body(MemoryReader(state: state.withLock { $0 }))
    }

    /// Runs `body` on a copy, which becomes the state when it returns.
    package func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        try writing.withLock { _ in
            let writer = MemoryWriter(state.withLock { $0 })
            let result = try body(writer)
            let fault = fault.withLock { fault in
                defer { fault = nil }
                return fault
            }
            switch fault {
            case nil:
                state.withLock { $0 = writer.state }
            case .full:
                throw JournalError(.full, "there is no room left for the journal \(location)")
            case .lostInCommit:
                throw JournalError(.outcomeUnknown, "the disk failed")
            case .writtenInCommit:
                state.withLock { $0 = writer.state }
                throw JournalError(.outcomeUnknown, "the disk failed")
            }
            return result
        }
    }

    /// Does nothing: memory does not break.
    package func reopen() throws {}

    /// Does nothing.
    package func close() {}

    /// Runs `body` on what is stored, to damage it on purpose.
    func tamper(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
    }
}

private struct MemoryReader: StoreReader {
    let state: MemoryStore.State

    func entryCount() throws -> UInt64 { UInt64(state.entries.count) }

    func withEntry<Result>(
        _ sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        guard sequence < state.entries.count else { return nil }
        return try state.entries[Int(sequence)].withUnsafeBytes(body)
    }

    func scanEntries(
        from sequence: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard sequence < state.entries.count else { return }
        for index in Int(sequence)..<state.entries.count {
            let more = try state.entries[index].withUnsafeBytes { try body(UInt64(index), $0) }
            guard more else { return }
        }
    }

    func withPayloads<Result>(
        of sequence: UInt64,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        try state.payloads[sequence]?.withUnsafeBytes(body)
    }

    func scanPayloads(from sequence: UInt64, _ body: (UInt64) throws -> Bool) throws {
        for key in state.payloads.keys.sorted() where key >= sequence {
            guard try body(key) else { return }
        }
    }

    func scanHistory(
        of stream: UInt64,
        from sequence: UInt64,
        _ body: (UInt64) throws -> Bool
    ) throws {
        for member in state.histories[stream] ?? [] where member >= sequence {
            guard try body(member) else { return }
        }
    }

    func scanHistories(from stream: UInt64, _ body: (UInt64, UInt64) throws -> Bool) throws {
        for key in state.histories.keys.sorted() where key >= stream {
            for member in state.histories[key] ?? [] {
                guard try body(key, member) else { return }
            }
        }
    }

    func stream(from number: UInt64) throws -> UInt64? {
        state.histories.keys.lazy.filter { $0 >= number }.min()
    }

    func stream(before number: UInt64) throws -> UInt64? {
        state.histories.keys.lazy.filter { $0 < number }.max()
    }

    func historyEnd(of stream: UInt64) throws -> HistoryEnd? {
        guard let members = state.histories[stream], let last = members.last else { return nil }
        return HistoryEnd(count: UInt64(members.count), last: last)
    }

    func withExecutionRow<Result>(
        _ id: String,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        try state.executions[Array(id.utf8)]?.withUnsafeBytes(body)
    }

    func executionRow(before id: String) throws -> (id: String, row: [UInt8])? {
        let end = Array(id.utf8)
        let key = state.executions.keys.filter { $0.lexicographicallyPrecedes(end) }
            .max { $0.lexicographicallyPrecedes($1) }
        return key.map { (String(decoding: $0, as: UTF8.self), state.executions[$0] ?? []) }
    }

    func scanExecutions(
        after id: String?,
        _ body: (String, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let first = id.map { Array($0.utf8) }
        for key in state.executions.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            if let first, !first.lexicographicallyPrecedes(key) { continue }
            let row = state.executions[key] ?? []
            let more = try row.withUnsafeBytes {
                try body(String(decoding: key, as: UTF8.self), $0)
            }
            guard more else { return }
        }
    }

    func listed(_ list: [UInt8], atMost number: UInt64) throws -> UInt64? {
        state.lists[list]?.lazy.filter { $0 <= number }.max()
    }

    func listed(_ list: [UInt8], atLeast number: UInt64) throws -> UInt64? {
        state.lists[list]?.lazy.filter { $0 >= number }.min()
    }

    func scanLists(_ body: (UnsafeRawBufferPointer, UInt64) throws -> Bool) throws {
        for key in state.lists.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            for number in (state.lists[key] ?? []).sorted() {
                guard try key.withUnsafeBytes({ try body($0, number) }) else { return }
            }
        }
    }

    func position(_ name: String) throws -> UInt64? { state.positions[Array(name.utf8)] }

    func scanPositions(_ body: (String, UInt64) throws -> Bool) throws {
        for key in state.positions.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let name = String(decoding: key, as: UTF8.self)
            guard try body(name, state.positions[key] ?? 0) else { return }
        }
    }

    func tile(level: UInt8, index: UInt64) throws -> [TreeHash]? {
        state.tiles[tileKey(level, index)].map(TreeHash.all)
    }

    func tileCount() throws -> Int { state.tiles.count }

    func meta(_ key: String) throws -> [UInt8]? { state.meta[key] }
}

private final class MemoryWriter: StoreWriter {
    var state: MemoryStore.State

    init(_ state: MemoryStore.State) { self.state = state }

    var reader: any StoreReader { MemoryReader(state: state) }

    func append(entry: UnsafeRawBufferPointer, at sequence: UInt64) throws {
        precondition(sequence == state.entries.count, "entries are appended densely")
        state.entries.append(Array(entry))
    }

    func put(payloads: UnsafeRawBufferPointer, of sequence: UInt64) throws {
        state.payloads[sequence] = Array(payloads)
    }

    func append(toHistoryOf stream: UInt64, _ sequence: UInt64) throws {
        state.histories[stream, default: []].append(sequence)
    }

    func put(executionRow: UnsafeRawBufferPointer, for id: String) throws {
        state.executions[Array(id.utf8)] = Array(executionRow)
    }

    func put(_ number: UInt64, onList list: [UInt8]) throws {
        state.lists[list, default: []].insert(number)
    }

    func remove(_ number: UInt64, fromList list: [UInt8]) throws {
        state.lists[list]?.remove(number)
    }

    func put(position: UInt64, of name: String) throws {
        state.positions[Array(name.utf8)] = position
    }

    func removePosition(_ name: String) throws { state.positions[Array(name.utf8)] = nil }

    func put(tile: UnsafeRawBufferPointer, level: UInt8, index: UInt64) throws {
        state.tiles[tileKey(level, index)] = Array(tile)
    }

    func put(meta: UnsafeRawBufferPointer, for key: String) throws {
        state.meta[key] = Array(meta)
    }
}
