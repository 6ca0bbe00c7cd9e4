import DaybookSystem
import Testing

@testable import LMDB

@Suite struct TransactionTests {
    private struct Refused: Error, Equatable {}

    @Test func aWriteThatThrowsKeepsNothing() throws {
        try withDatabase(.integerKeys) { environment, data in
            try environment.put([(1, [1])], in: data)
            let before = try environment.information()
            #expect(throws: Refused.self) {
                try environment.write { transaction in
                    try transaction.put([9], in: data, for: 1)
                    try transaction.put([2], in: data, for: 2)
                    #expect(try transaction.bytes(in: data, for: 1) == [9])
                    throw Refused()
                }
            }
            #expect(try environment.read { try $0.bytes(in: data, for: 1) } == [1])
            #expect(try environment.read { try $0.bytes(in: data, for: 2) } == nil)
            #expect(try environment.information().transaction == before.transaction)
        }
    }

    @Test func aWriteIsOneCommit() throws {
        try withDatabase(.integerKeys) { environment, data in
            let before = try environment.information().transaction
            try environment.put((0..<1_000).map { ($0, [1]) }, in: data)
            #expect(try environment.information().transaction == before + 1)
        }
    }

    @Test func aWriteAnswersWhatItsBodyAnswers() throws {
        try withDatabase(.integerKeys) { environment, data in
            let removed = try environment.write { transaction in
                try transaction.put([1], in: data, for: 5)
                return try (transaction.remove(5, from: data), transaction.remove(5, from: data))
            }
            #expect(removed == (true, false))
        }
    }

    @Test func aReaderSeesTheStateFromWhichItBegan() throws {
        try withDatabase(.integerKeys) { environment, data in
            try environment.put([(1, [1])], in: data)
            try environment.read { transaction in
                try SystemThread.start {
                    do {
                        try environment.put([(1, [2])], in: data)
                    } catch {
                        Issue.record(error)
                    }
                }.join()
                #expect(try transaction.bytes(in: data, for: 1) == [1])
            }
            #expect(try environment.read { try $0.bytes(in: data, for: 1) } == [2])
        }
    }

    @Test func aReaderThatIsRenewedSeesWhatWasWrittenSince() throws {
        try withDatabase(.integerKeys) { environment, data in
            try environment.put([(1, [1])], in: data)
            try environment.read { borrowed in
                var transaction = ReadTransaction(borrowed.handle, environment)
                try environment.put([(1, [2])], in: data)
                #expect(try transaction.bytes(in: data, for: 1) == [1])
                try transaction.renew()
                #expect(try transaction.bytes(in: data, for: 1) == [2])
            }
        }
    }

    @Test func valuesMayLieAnywhereAndAreReadByteForByte() throws {
        // Values of odd lengths push their neighbours to odd addresses.
        try withDatabase([]) { environment, data in
            let names = (0..<200).map { Array("key \($0)".utf8.prefix(1 + $0 % 7)) + [UInt8($0)] }
            try environment.write { transaction in
                for (index, name) in names.enumerated() {
                    try transaction.put(number(index), in: data, for: name)
                }
            }
            var offsets: Set<Int> = []
            try environment.read { transaction in
                for (index, name) in names.enumerated() {
                    #expect(try transaction.bytes(in: data, for: name) == number(index))
                }
                try transaction.withCursor(in: data) { cursor in
                    var more = try cursor.move(.first)
                    while more {
                        cursor.value.withUnsafeBytes { bytes in
                            _ = offsets.insert(Int(bitPattern: bytes.baseAddress) % 8)
                        }
                        more = try cursor.move(.next)
                    }
                }
            }
            #expect(offsets.contains { $0 % 2 == 1 } || offsets.count > 1, "\(offsets)")
        }
    }

    private func number(_ index: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(index) << 32 | 0xABCD) {
            Array($0) + [UInt8](repeating: 1, count: index % 5)
        }
    }

    @Test func setsMayLieAnywhere() throws {
        try withDatabase([.integerKeys, .integerSets]) { environment, data in
            try environment.write { transaction in
                for key in UInt64(1)...9 {
                    for member in UInt64(0)..<key * 30 {
                        try transaction.put(member: member << 33, in: data, for: key)
                    }
                }
            }
            try environment.read { transaction in
                try transaction.withCursor(in: data) { cursor in
                    for key in UInt64(1)...9 {
                        var members: [UInt64] = []
                        var more = try cursor.move(toKey: key)
                        while more, cursor.key.unsafeLoadUnaligned(as: UInt64.self) == key {
                            members.append(cursor.value.unsafeLoadUnaligned(as: UInt64.self))
                            more = try cursor.move(.next)
                        }
                        #expect(members == (0..<key * 30).map { $0 << 33 })
                    }
                }
            }
        }
    }

    @Test(arguments: [1, 2, 255, 510, 511])
    func keysOfUpTo511BytesAreKept(_ length: Int) throws {
        try withDatabase([]) { environment, data in
            let key = [UInt8](repeating: 0x61, count: length)
            try environment.write { try $0.put([1, 2], in: data, for: key) }
            #expect(try environment.read { try $0.bytes(in: data, for: key) } == [1, 2])
        }
    }

    @Test(arguments: [0, 512, 513, 65_536])
    func otherKeysAreRefusedAndTheWriteMayGoOn(_ length: Int) throws {
        try withDatabase([]) { environment, data in
            let key = [UInt8](repeating: 0x61, count: length)
            try environment.write { transaction in
                do throws(LMDBError) {
                    try transaction.put([1], in: data, for: key)
                    Issue.record("a key of \(length) bytes was taken")
                } catch {
                    #expect(error.code == .badValueSize)
                    #expect(error.description.contains("mdb_put in data"))
                }
                try transaction.put([2], in: data, for: [1])
            }
            #expect(try environment.count(in: data) == 1)
        }
    }

    @Test func anEmptyValueIsAValue() throws {
        try withDatabase(.integerKeys) { environment, data in
            try environment.put([(1, [])], in: data)
            #expect(try environment.read { try $0.bytes(in: data, for: 1) } == [])
            #expect(try environment.read { try $0.bytes(in: data, for: 2) } == nil)
        }
    }

    @Test func aLongValueIsKeptWhole() throws {
        try withDatabase(.integerKeys) { environment, data in
            let value = (0..<5_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            try environment.put([(1, value)], in: data)
            #expect(try environment.read { try $0.bytes(in: data, for: 1) } == value)
            let statistics = try environment.read { try $0.statistics(of: data) }
            #expect(statistics.entries == 1)
            #expect(statistics.overflowPages == 1_221)
        }
    }

    @Test func appendingTakesOnlyGreaterKeys() throws {
        try withDatabase(.integerKeys) { environment, data in
            try environment.write { try $0.put([1], in: data, for: 255, .append) }
            // Greater as a number, though less as bytes from the least significant on.
            try environment.write { try $0.put([2], in: data, for: 256, .append) }
            for key: UInt64 in [256, 255, 1] {
                let error = lmdbError {
                    try environment.write { try $0.put([3], in: data, for: key, .append) }
                }
                #expect(error?.code == .keyExists)
            }
            #expect(try environment.read { try $0.bytes(in: data, for: 256) } == [2])
            #expect(try environment.count(in: data) == 2)
        }
    }

    @Test func whatMustBeNewIsNotReplaced() throws {
        try withDatabase([]) { environment, data in
            try environment.write { try $0.put([1], in: data, for: [7], .mustBeNew) }
            let error = lmdbError {
                try environment.write { try $0.put([2], in: data, for: [7], .mustBeNew) }
            }
            #expect(error?.code == .keyExists)
            try environment.write { try $0.put([3], in: data, for: [7]) }
            #expect(try environment.read { try $0.bytes(in: data, for: [7]) } == [3])
        }
    }

    @Test func removingAKeyRemovesItsWholeSet() throws {
        try withDatabase([.integerKeys, .integerSets]) { environment, data in
            try environment.write { transaction in
                for member in UInt64(0)..<500 {
                    try transaction.put(member: member, in: data, for: 1, .appendMember)
                }
                try transaction.put(member: 5, in: data, for: 2)
            }
            #expect(try environment.count(in: data) == 501)
            #expect(try environment.write { try $0.remove(1, from: data) })
            #expect(try environment.count(in: data) == 1)
        }
    }

    @Test func moreReadersThanAllowedAreRefused() throws {
        try withDataFile { path in
            var options = EnvironmentOptions.scratch
            options.maximumReaders = 2
            let environment = try Environment.open(path, options)
            defer { environment.close() }
            let error = lmdbError {
                try environment.read { _ in
                    try environment.read { _ in
                        try environment.read { _ in }
                    }
                }
            }
            #expect(error?.code == .readersFull)
            // The slots were given back.
            try environment.read { _ in try environment.read { _ in } }
        }
    }

    @Test func writersTakeTurns() throws {
        try withDatabase(.integerKeys) { environment, data in
            try environment.put([(0, [0, 0])], in: data)
            let writers = try (0..<4).map { _ in
                try SystemThread.start {
                    do {
                        for _ in 0..<50 {
                            try environment.write { transaction in
                                var value = try transaction.bytes(in: data, for: 0) ?? [0, 0]
                                value[0] &+= 1
                                try transaction.put(value, in: data, for: 0)
                            }
                        }
                    } catch {
                        Issue.record(error)
                    }
                }
            }
            for writer in writers { writer.join() }
            #expect(try environment.read { try $0.bytes(in: data, for: 0) } == [200, 0])
        }
    }
}
