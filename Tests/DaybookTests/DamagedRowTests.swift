import Daybook
import DaybookTestKit
import FoundationEssentials
import Testing

/// A bit of the index on the disk has flipped: it is no leaf of the Merkle tree, and it says which
/// ids are taken.
@Suite struct DamagedRowTests {
    private static let id = "order-8841"
    private static let code: Scripted.Code = { _, context in
        try await context.checkpoint("pay") { _ in "paid" }
    }

    /// Where the key of the row lies in the data file: LMDB's size of it, and its bytes. Pages that
    /// are free may have copies.
    private static func places(_ bytes: [UInt8]) -> [Int] {
        let key = [UInt8(id.utf8.count), 0] + Array(id.utf8)
        return bytes.indices.dropLast(key.count).filter {
            bytes[$0..<$0 + key.count].elementsEqual(key)
        }
    }

    /// Runs `body` with the bytes of a journal in which the id, between others, is completed.
    private func withCompleted(
        _ body: (_ path: String, _ bytes: [UInt8]) async throws -> Void
    ) async throws {
        try await withJournal { path in
            try await withEngine(path, code: Self.code) { engine in
                for id in ["order-1", Self.id, "order-9", "zebra"] {
                    try await engine.start(Scripted.self, id: id, input: 1)
                    _ = try await engine.waitForEnd(of: id)
                }
            }
            let data = try Data(contentsOf: URL(filePath: path + "/journal.mdb"))
            try await body(path, [UInt8](data))
        }
    }

    private func write(_ bytes: [UInt8], _ path: String) throws {
        try Data(bytes).write(to: URL(filePath: path + "/journal.mdb"))
    }

    @Test(arguments: 0..<10)
    func anIdWhoseKeyIsDamagedIsNotFree(_ offset: Int) async throws {
        try await withCompleted { path, whole in
            let places = Self.places(whole)
            try #require(!places.isEmpty)
            var bytes = whole
            for place in places { bytes[place + 2 + offset] ^= 1 << UInt8(offset % 7) }
            try write(bytes, path)
            let log = CallLog()
            try await withEngine(
                path,
                code: { _, context in
                    try await context.checkpoint("pay") { _ in
                        log.add("paid again")
                        return "paid again"
                    }
                }
            ) { engine in
                let error = await #expect(throws: JournalError.self) {
                    try await engine.start(Scripted.self, id: Self.id, input: 1)
                }
                #expect(error?.code == .integrity, "\(String(describing: error))")
            }
            #expect(log.lines == [])
        }
    }

    /// Whoever looks at what is closed sees its row alone.
    ///
    /// Behind the key are the number, the summary with its length, and the check.
    @Test(arguments: [1, 4, 8, 20, 40])
    func aRowThatIsDamagedIsNotBelieved(_ offset: Int) async throws {
        try await withCompleted { path, whole in
            var bytes = whole
            for place in Self.places(whole) {
                bytes[place + 2 + Self.id.utf8.count + offset] ^= 4
            }
            try write(bytes, path)
            try await withEngine(path, code: Self.code) { engine in
                #expect(throws: JournalError.self) { try engine.record(of: Self.id) }
                await #expect(throws: JournalError.self) {
                    try await engine.start(Scripted.self, id: Self.id, input: 1)
                }
            }
        }
    }
}
