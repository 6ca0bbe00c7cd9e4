import DaybookFormat
import DaybookSystem
import Testing

@testable import DaybookJournal

/// Both stores must do the same: what is tested over memory then holds over LMDB.
@Suite struct JournalStoreTests {
    private struct Refused: Error {}

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// A row that ends with its check.
    private func row(_ id: String, _ text: String) -> [UInt8] {
        ExecutionRowCheck.sealed(bytes(text), of: id)
    }

    /// Entries 0 to 9, payloads of the even ones, histories of three executions, five rows.
    private func fill(_ store: any JournalStore) throws {
        try store.write { writer in
            for sequence in UInt64(0)..<10 {
                try bytes("entry \(sequence)").withUnsafeBytes {
                    try writer.append(entry: $0, at: sequence)
                }
                if sequence % 2 == 0 {
                    try bytes("payload \(sequence)").withUnsafeBytes {
                        try writer.put(payloads: $0, of: sequence)
                    }
                }
                try writer.append(toHistoryOf: [1, 256, 3][Int(sequence % 3)], sequence)
            }
            for id in ["b", "a", "é", "aa", "Z"] {
                try row(id, "row \(id)").withUnsafeBytes {
                    try writer.put(executionRow: $0, for: id)
                }
            }
            for index in [UInt64(0), 1, 300] {
                try leafHashes(Int(index % 3) + 2).withUnsafeBytes {
                    try writer.put(tile: $0, level: 0, index: index)
                }
            }
            try leafHashes(1).withUnsafeBytes { try writer.put(tile: $0, level: 1, index: 0) }
            try bytes("value").withUnsafeBytes { try writer.put(meta: $0, for: "key") }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func anEmptyStoreHasNothing(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            try store.read { reader throws in
                #expect(try reader.entryCount() == 0)
                #expect(try reader.withEntry(0) { $0.count } == nil)
                #expect(try reader.withPayloads(of: 0) { $0.count } == nil)
                #expect(try reader.historyEnd(of: 1) == nil)
                #expect(try reader.executionRow("a") == nil)
                #expect(try reader.tile(level: 0, index: 0) == nil)
                #expect(try reader.tileCount() == 0)
                #expect(try reader.meta("key") == nil)
                try reader.scanEntries(from: 0) { _, _ in throw Refused() }
                try reader.scanPayloads(from: 0) { _ in throw Refused() }
                try reader.scanHistory(of: 1, from: 0) { _ in throw Refused() }
                try reader.scanHistories(from: 0) { _, _ in throw Refused() }
                try reader.scanExecutions(after: nil) { _, _ in throw Refused() }
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func entriesAndPayloadsAreReadBack(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            try fill(store)
            try store.read { reader throws in
                #expect(try reader.entryCount() == 10)
                #expect(try reader.withEntry(7) { Array($0) } == bytes("entry 7"))
                #expect(try reader.withEntry(10) { Array($0) } == nil)
                #expect(try reader.withPayloads(of: 6) { Array($0) } == bytes("payload 6"))
                #expect(try reader.withPayloads(of: 7) { Array($0) } == nil)
                var entries: [String] = []
                try reader.scanEntries(from: 8) { sequence, entry in
                    entries.append("\(sequence): \(String(decoding: entry, as: UTF8.self))")
                    return true
                }
                #expect(entries == ["8: entry 8", "9: entry 9"])
                var payloads: [UInt64] = []
                try reader.scanPayloads(from: 3) { sequence in
                    payloads.append(sequence)
                    return sequence < 6
                }
                #expect(payloads == [4, 6])
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func historiesAreReadBack(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            try fill(store)
            try store.read { reader throws in
                #expect(try reader.historyEnd(of: 1) == HistoryEnd(count: 4, last: 9))
                #expect(try reader.historyEnd(of: 256) == HistoryEnd(count: 3, last: 7))
                #expect(try reader.historyEnd(of: 2) == nil)
                var pairs: [[UInt64]] = []
                try reader.scanHistories(from: 3) { execution, sequence in
                    pairs.append([execution, sequence])
                    return pairs.count < 5
                }
                #expect(pairs == [[3, 2], [3, 5], [3, 8], [256, 1], [256, 4]])
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aHistoryIsReadFromAnyPlace(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            try fill(store)
            try store.read { reader throws in
                for (execution, start, expected) in [
                    (1, 0, [0, 3, 6, 9]), (1, 3, [3, 6, 9]), (1, 4, [6, 9]), (1, 10, []),
                    (3, 0, [2, 5, 8]), (3, 8, [8]), (256, 2, [4, 7]), (2, 0, []), (300, 0, []),
                ] as [(UInt64, UInt64, [UInt64])] {
                    var found: [UInt64] = []
                    try reader.scanHistory(of: execution, from: start) { sequence in
                        found.append(sequence)
                        return true
                    }
                    #expect(found == expected, "\(execution) from \(start)")
                }
                var found: [UInt64] = []
                try reader.scanHistory(of: 1, from: 0) { sequence in
                    found.append(sequence)
                    return found.count < 2
                }
                #expect(found == [0, 3])
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func executionsAreInTheOrderOfTheirBytes(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            try fill(store)
            try store.read { reader throws in
                #expect(try reader.executionRow("é") == row("é", "row é"))
                #expect(try reader.executionRow("e") == nil)
                for (start, expected) in [
                    (nil, ["Z", "a", "aa", "b", "é"]), ("a", ["aa", "b", "é"]),
                    ("ab", ["b", "é"]), ("é", []), ("", ["Z", "a", "aa", "b", "é"]),
                ] as [(String?, [String])] {
                    if start == "", kind == .lmdb { continue }
                    var found: [String] = []
                    try reader.scanExecutions(after: start) {
                        #expect(Array($1) == row($0, "row \($0)"))
                        found.append($0)
                        return true
                    }
                    #expect(found == expected, "after \(start ?? "nothing")")
                }
                var found: [String] = []
                try reader.scanExecutions(after: nil) { id, _ in
                    found.append(id)
                    return id != "aa"
                }
                #expect(found == ["Z", "a", "aa"])
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func rowsTilesAndMetaAreReadBackAndReplaced(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            try fill(store)
            try store.write { writer in
                try bytes("other").withUnsafeBytes { try writer.put(meta: $0, for: "key") }
                try row("a", "closed").withUnsafeBytes {
                    try writer.put(executionRow: $0, for: "a")
                }
            }
            try store.read { reader throws in
                #expect(try reader.tileCount() == 4)
                #expect(try reader.tile(level: 0, index: 300) == leafHashes(2))
                #expect(try reader.tile(level: 0, index: 1) == leafHashes(3))
                #expect(try reader.tile(level: 1, index: 0) == leafHashes(1))
                #expect(try reader.tile(level: 1, index: 1) == nil)
                #expect(try reader.meta("key") == bytes("other"))
                #expect(try reader.executionRow("a") == row("a", "closed"))
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aWriteSeesItselfAndIsAllOrNothing(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            try fill(store)
            #expect(throws: Refused.self) {
                try store.write { writer in
                    try bytes("x").withUnsafeBytes { try writer.append(entry: $0, at: 10) }
                    try writer.append(toHistoryOf: 1, 10)
                    try bytes("x").withUnsafeBytes { try writer.put(meta: $0, for: "key") }
                    #expect(try writer.reader.entryCount() == 11)
                    #expect(try writer.reader.historyEnd(of: 1)?.last == 10)
                    #expect(try writer.reader.meta("key") == bytes("x"))
                    throw Refused()
                }
            }
            try store.read { reader throws in
                #expect(try reader.entryCount() == 10)
                #expect(try reader.historyEnd(of: 1)?.last == 9)
                #expect(try reader.meta("key") == bytes("value"))
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func openingAgainKeepsWhatIsWritten(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            try fill(store)
            try store.reopen()
            #expect(try store.read { try $0.entryCount() } == 10)
        }
    }

    /// The batch is on the disk: that somebody closes the store meanwhile is no reason to say
    /// something else.
    @Test func aStoreThatIsClosedWhileItWritesAnswersThatItHasWritten() throws {
        try withTemporaryFolder { folder in
            let store = try LMDBStore.open(folder, .scratch)
            let isInside = Locked(false)
            let closing = try SystemThread.start {
                isInside.wait(until: { $0 }) { _ in }
                store.close()
            }
            try store.write { writer in
                try [UInt8](repeating: 1, count: 16).withUnsafeBytes { bytes in
                    try writer.put(meta: bytes, for: "test")
                }
                isInside.withLock { $0 = true }
                isInside.wakeAll()
            }
            closing.join()
            let again = try LMDBStore.open(folder, .scratch)
            defer { again.close() }
            let count = try again.read { try $0.meta("test")?.count }
            #expect(count == 16)
        }
    }
}
