import DaybookFormat
import DaybookSystem
import SeededRandom
import Testing

@testable import DaybookJournal

/// Large payloads are stored without what an earlier one of their stream has, and read as they were given.
@Suite struct ChunkTests {
    /// A language model is asked 100 times; each question repeats all that came before it. Another engine
    /// stored 50 MB of such a conversation, and failed at its 53rd call.
    @Test func aConversationTakesWhatIsNewInIt() throws {
        try withTemporaryFolder { folder in
            let store = try LMDBStore.open(folder, .scratch)
            defer { store.close() }
            let journal = try Journal.create(in: store, event: Drafts.created)
            var random = SeededGenerator(seed: 1)
            var conversation: [UInt8] = []
            var inputs: [[UInt8]] = []
            var given = 0
            for call in 0..<100 {
                conversation += text(8_400, &random)
                let answer = text(5_600, &random)
                inputs.append(
                    Array("{\"call\":\(call),\"messages\":[".utf8) + conversation + Array("]}".utf8)
                )
                try journal.append([entry(1, [inputs[call]]), entry(1, [answer])])
                conversation += answer
                given += inputs[call].count + answer.count
            }
            let distinct = conversation.count
            #expect((1_390_000...1_410_000).contains(distinct))
            #expect(given > 70_000_000)
            let size = try #require(try FileStatus.of(folder + "/journal.mdb")).size
            #expect(size <= 2_500_000, "the file has \(size) bytes")
            for (call, input) in inputs.enumerated() {
                let payloads = try store.read { try $0.payloads(of: UInt64(1 + 2 * call)) }
                #expect(payloads.map(\.data) == [input])
            }
        }
    }

    /// Random edits of random payloads of three streams, by two writers, over closing and opening.
    @Test(arguments: StoreKind.allCases, 1...4)
    func whatIsReadIsWhatWasGiven(_ kind: StoreKind, _ seed: UInt64) throws {
        try kind.withStore { (store: any JournalStore) throws in
            var writers = [
                try Journal.create(in: store, event: Drafts.created), try Journal.open(store),
            ]
            var random = SeededGenerator(seed: seed)
            var texts = (0..<3).map { _ in text(40_000, &random) }
            var given: [[[UInt8]]] = []
            for _ in 0..<60 {
                let stream = Int.random(in: 0..<3, using: &random)
                edit(&texts[stream], &random)
                let payloads =
                    Bool.random(using: &random)
                    ? [texts[stream]] : [texts[stream], Array("small".utf8), texts[stream] + [1]]
                given.append(payloads)
                let writer = Int.random(in: 0..<2, using: &random)
                _ = try writers[writer].catchUp { _, _ in }
                try writers[writer].append([entry(UInt64(stream + 1), payloads)])
                if Int.random(in: 0..<8, using: &random) == 0 {
                    writers[writer] = try Journal.open(store)
                }
            }
            for (index, payloads) in given.enumerated() {
                let found = try store.read { try $0.payloads(of: UInt64(index + 1)) }
                #expect(found.map(\.data) == payloads, "seed \(seed), entry \(index + 1)")
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aStreamSharesNothingWithAnotherOne(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            let journal = try Journal.create(in: store, event: Drafts.created)
            var random = SeededGenerator(seed: 5)
            let data = text(100_000, &random)
            try journal.append([
                entry(1, [data]), entry(1, [data]), entry(2, [data]), entry(2, [data]),
            ])
            let sizes = try (1...4).map { try recordSize($0, store) }
            #expect(sizes[0] > 100_000 && sizes[2] > 100_000)
            #expect(sizes[1] < 100 && sizes[3] < 100, "\(sizes)")
        }
    }

    @Test(arguments: StoreKind.allCases)
    func whatAnotherProcessStoredIsFoundAgain(_ kind: StoreKind) throws {
        try kind.withStore { (store: any JournalStore) throws in
            let journal = try Journal.create(in: store, event: Drafts.created)
            var random = SeededGenerator(seed: 6)
            var data = text(100_000, &random)
            try journal.append([entry(1, [data])])
            data += text(20_000, &random)
            try Journal.open(store).append([entry(1, [data])])
            #expect((20_000..<30_000).contains(try recordSize(2, store)))
            data += text(20_000, &random)
            // It knew the stream before the other one wrote into it.
            try journal.append([entry(1, [data])])
            #expect((20_000..<30_000).contains(try recordSize(3, store)))
        }
    }

    @Test func bytesThatRepeatInsideOfOnePayloadAreStoredOnce() throws {
        let store = MemoryStore()
        let journal = try Journal.create(in: store, event: Drafts.created)
        let data = [UInt8](repeating: 0, count: 1_000_000)
        try journal.append([entry(1, [data])])
        #expect(try recordSize(1, store) < 20_000)
        #expect(try store.read { try $0.payloads(of: 1) }.map(\.data) == [data])
    }

    @Test(arguments: StoreKind.allCases)
    func aBatchThatWasNotWrittenLeavesNothingToRelyOn(_ kind: StoreKind) throws {
        struct Given: Error {}
        try kind.withStore { (store: any JournalStore) throws in
            let journal = try Journal.create(in: store, event: Drafts.created)
            var random = SeededGenerator(seed: 7)
            let (first, second) = (text(50_000, &random), text(50_000, &random))
            #expect(throws: Given.self) {
                try journal.write { batch in
                    try batch.append(entry(1, [first])) { _ in }
                    throw Given()
                }
            }
            try journal.append([entry(1, [second]), entry(1, [first]), entry(1, [first + second])])
            for (sequence, data) in [(1, second), (2, first), (3, first + second)] {
                let found = try store.read { try $0.payloads(of: UInt64(sequence)) }
                #expect(found.map(\.data) == [data])
            }
        }
    }

    @Test func whatIsDamagedIsNotReliedOn() throws {
        let store = MemoryStore()
        let journal = try Journal.create(in: store, event: Drafts.created)
        var random = SeededGenerator(seed: 8)
        let data = text(50_000, &random)
        try journal.append([entry(1, [data])])
        store.tamper { $0.payloads[1]![30_000] ^= 1 }
        try journal.append([entry(1, [data])])
        #expect(try store.read { try $0.payloads(of: 2) }.map(\.data) == [data])
        #expect(throws: JournalError.self) { try store.read { try $0.payloads(of: 1) } }
        store.tamper { $0.payloads[1] = [0xFF, 0xFF] }
        try Journal.open(store).append([entry(1, [data])])
        #expect(try store.read { try $0.payloads(of: 3) }.map(\.data) == [data])
    }

    /// Each byte of a record of slices is changed: what is read is right, or refused.
    @Test func aDamagedRecordOfSlicesIsRefused() throws {
        let store = MemoryStore()
        let journal = try Journal.create(in: store, event: Drafts.created)
        var random = SeededGenerator(seed: 9)
        let data = text(50_000, &random)
        let changed = Array(data[..<20_000]) + text(600, &random) + Array(data[20_000...])
        try journal.append([entry(1, [data]), entry(1, [changed])])
        let record = try #require(try store.read { try $0.withPayloads(of: 2) { Array($0) } })
        #expect(record.count < 10_000)
        for place in record.indices {
            for bit in [UInt8(1), 0x80] {
                store.tamper { $0.payloads[2]![place] ^= bit }
                do {
                    let found = try store.read { try $0.payloads(of: 2) }
                    #expect(found.map(\.data) == [changed], "byte \(place)")
                } catch is JournalError {}
                store.tamper { $0.payloads[2] = record }
            }
        }
        store.tamper { $0.payloads[1] = nil }
        let error = #expect(throws: JournalError.self) { try store.read { try $0.payloads(of: 2) } }
        #expect(error?.description.contains("bytes of entry 1, which has no payloads") == true)
    }

    @Test func asManyBytesAsTheSettingSaysAreStoredWhole() throws {
        let store = MemoryStore()
        let journal = try Journal.create(in: store, event: Drafts.created)
        var random = SeededGenerator(seed: 10)
        let data = text(50_000, &random)
        journal.setChunkedPayloadSize(.max)
        try journal.append([entry(1, [data]), entry(1, [data])])
        #expect(try recordSize(2, store) > 50_000)
        journal.setChunkedPayloadSize(50_000)
        try journal.append([
            entry(1, [data]), entry(1, [data]), entry(1, [Array(data.dropLast(200))]),
        ])
        #expect(try recordSize(4, store) < 100)
        #expect(try recordSize(5, store) > 49_000)
    }

    // MARK: Means

    private func entry(_ stream: UInt64, _ payloads: [[UInt8]]) throws -> EntryDraft {
        EntryDraft(
            stream: StreamID(stream),
            event: Drafts.entry(stream).event,
            session: 1,
            payloads: try SealedPayloads(
                payloads.map { Payload($0, contentType: ContentTypes.bytes) },
                limit: 16 << 20
            )
        )
    }

    private func text(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        let letters = Array("abcdefghijklmnopqrstuvwxyz ,.{}:\"0123456789".utf8)
        return (0..<count).map { _ in letters.randomElement(using: &random)! }
    }

    private func edit(_ text: inout [UInt8], _ random: inout SeededGenerator) {
        let place = Int.random(in: 0..<text.count, using: &random)
        let some = self.text(Int.random(in: 1...5_000, using: &random), &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text.insert(contentsOf: some, at: place)
        case 1: text.removeSubrange(place..<min(text.count, place + some.count))
        case 2: text += text.prefix(place / 4)
        default: text.append(contentsOf: some)
        }
        if text.count < 20_000 { text += self.text(20_000, &random) }
    }

    private func recordSize(_ sequence: UInt64, _ store: any JournalStore) throws -> Int {
        try #require(try store.read { try $0.withPayloads(of: sequence) { $0.count } })
    }
}
