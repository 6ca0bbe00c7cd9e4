import Crypto
import DaybookFormat
import DaybookSystem
import FoundationEssentials
import Glibc
import Testing

@testable import DaybookJournal

/// The file of keys: what is stored opens, what is destroyed is gone, and each way to be wrong has its
/// own error.
@Suite struct KeysFileTests {
    private let key = JournalKey([UInt8](repeating: 7, count: 32))!
    private let journal = Identifier([UInt8](repeating: 9, count: 16))!

    private func place(_ name: Name, of execution: Name = "deploy-1") -> SecretPlace {
        SecretPlace(journal: journal, execution: execution, name: name)
    }

    private func withKeys(_ body: (KeysFile) throws -> Void) throws {
        try withTemporaryFolder { try body(KeysFile($0 + "/keys", journal: journal)) }
    }

    private func error(_ body: () throws -> Void) -> SecretError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? SecretError)?.code
        }
    }

    @Test func aStoredKeyOpensWhatItSealed() throws {
        try withKeys { keys throws in
            let reservation = try keys.reserve([place("A"), place("B")], key)
            #expect(reservation.keys.map(\.name.slot) == [0, 1])
            let sealed = try reservation.keys[1].dataKey.seal(
                Array("hunter2".utf8),
                for: place("B")
            )
            let found = try keys.dataKey(reservation.keys[1].name, for: place("B"), key)
            #expect(found.open(sealed, for: place("B")) == Array("hunter2".utf8))
            #expect(found.open(sealed, for: place("A")) == nil)
            #expect(found.open(sealed, for: place("B", of: "deploy-2")) == nil)
        }
    }

    /// A file that was put into the folder of another journal holds keys that nobody there can name.
    @Test func theKeysOfAnotherJournalAreNotOverwritten() throws {
        try withTemporaryFolder { folder in
            let name = try KeysFile(folder + "/keys", journal: journal)
                .reserve([place("A")], key).keys[0].name
            let before = try File.contents(of: folder + "/keys")
            let other = KeysFile(
                folder + "/keys",
                journal: Identifier([UInt8](repeating: 8, count: 16))!
            )
            #expect(error { try other.strays(besides: [])?.destroy(besides: []) } == .damaged)
            #expect(try File.contents(of: folder + "/keys") == before)
            let keys = KeysFile(folder + "/keys", journal: journal)
            _ = try keys.dataKey(name, for: place("A"), key)
        }
    }

    @Test(arguments: [0, 1, 251, 252, 253, 508, 509, 60_000])
    func theSizeOfWhatIsSealedTellsLittle(_ size: Int) throws {
        let secret = [UInt8](repeating: 0x41, count: size)
        let dataKey = DataKey.random()
        let sealed = try dataKey.seal(secret, for: place("A"))
        #expect((sealed.count - 28) % 256 == 0)
        #expect(dataKey.open(sealed, for: place("A")) == secret)
        #expect(try dataKey.seal(secret, for: place("A")) != sealed)
    }

    @Test func theFileIsItsOwnersAlone() throws {
        try withKeys { keys throws in
            _ = try keys.reserve([place("A")], key)
            #expect(try FileStatus.of(keys.path)?.isOpenToOthers == false)
        }
    }

    @Test func aDestroyedKeyLeavesNoByte() throws {
        try withKeys { keys throws in
            let reservation = try keys.reserve([place("A"), place("B")], key)
            try keys.destroy([reservation.keys[0].name])
            let slots = try keys.slots()
            #expect(slots[0] == .empty)
            #expect(slots[1] != .empty)
            let bytes = try File.contents(of: keys.path)
            #expect(bytes[KeySlot.range(0)].allSatisfy { $0 == 0 })
            // Once more does nothing.
            try keys.destroy([reservation.keys[0].name])
            #expect(try keys.slots() == slots)
        }
    }

    @Test func aSlotIsUsedAgainAndItsOldNameDestroysNothing() throws {
        try withKeys { keys throws in
            let old: KeyName
            do {
                let reservation = try keys.reserve([place("A")], key)
                old = reservation.keys[0].name
                try keys.destroy([old])
            }
            let next = try keys.reserve([place("B")], key)
            #expect(next.keys[0].name.slot == old.slot)
            try keys.destroy([old])
            _ = try keys.dataKey(next.keys[0].name, for: place("B"), key)
            #expect(error { _ = try keys.dataKey(old, for: place("A"), key) } == .damaged)
        }
    }

    @Test func aReservationIsNobodysStray() throws {
        try withKeys { keys throws in
            let reservation = try keys.reserve([place("A")], key)
            #expect(try keys.strays(besides: []) == nil)
            // Its own process may come to destroy it.
            try reservation.discard()
            #expect(try keys.slots() == [.empty])
        }
    }

    /// What a process that was killed has left behind.
    private func orphan(_ keys: KeysFile, _ name: Name) throws -> KeyName {
        try keys.reserve([place(name)], key).keys[0].name
    }

    @Test func whatNoEntryNamesIsCollected() throws {
        try withKeys { keys throws in
            let (lost, kept) = (try orphan(keys, "A"), try orphan(keys, "B"))
            // It locks what it cannot place, and is told of an entry only then.
            let strays = try #require(try keys.strays(besides: []))
            #expect(try strays.destroy(besides: [kept]) == 1)
            #expect(try keys.slots()[Int(lost.slot)] == .empty)
            _ = try keys.dataKey(kept, for: place("B"), key)
        }
    }

    @Test func noSlotOfAStrayIsGivenOut() throws {
        try withKeys { keys throws in
            let lost = try orphan(keys, "A")
            let strays = try #require(try keys.strays(besides: []))
            try keys.destroy([lost])
            let next = try keys.reserve([place("B")], key)
            #expect(next.keys[0].name.slot != lost.slot)
            try strays.destroy(besides: [])
            _ = try keys.dataKey(next.keys[0].name, for: place("B"), key)
        }
    }

    @Test func aTornSlotIsDamageAndAnEmptyOneIsNot() throws {
        try withKeys { keys throws in
            let name = try orphan(keys, "A")
            let file = try File.open(keys.path, .existing)
            try [UInt8](repeating: 0, count: 64).withUnsafeBytes {
                try file.overwrite($0, at: KeySlot.range(0).lowerBound)
            }
            #expect(try keys.slots() == [.damaged])
            #expect(error { _ = try keys.dataKey(name, for: place("A"), key) } == .damaged)
            // It may be that of an entry: a person looks first.
            #expect(try keys.strays(besides: [name]) == nil)
            // And when no entry names it, it is what a crash cut short.
            let strays = try #require(try keys.strays(besides: []))
            try strays.destroy(besides: [])
            #expect(try keys.slots() == [.empty])
        }
    }

    @Test func aWrongKeyIsToldFromDamage() throws {
        try withKeys { keys throws in
            let name = try orphan(keys, "A")
            let other = try #require(JournalKey([UInt8](repeating: 8, count: 32)))
            #expect(error { _ = try keys.dataKey(name, for: place("A"), other) } == .wrongKey)
            #expect(error { _ = try keys.reserve([place("B")], other) } == .wrongKey)
            let file = try File.open(keys.path, .existing)
            try [UInt8(1)].withUnsafeBytes { try file.overwrite($0, at: 50) }
            #expect(error { _ = try keys.dataKey(name, for: place("A"), key) } == .damaged)
            #expect(error { _ = try keys.slots() } == .damaged)
        }
    }

    @Test func aChangedKeyIsDamage() throws {
        try withKeys { keys throws in
            let name = try orphan(keys, "A")
            guard case .held(let held) = try keys.slots()[0] else { return }
            // Whoever changes a byte makes the checksum anew as well.
            let forged = KeySlot.Held(
                id: held.id,
                execution: held.execution,
                wrapped: held.wrapped.dropLast() + [held.wrapped.last! ^ 1]
            )
            let file = try File.open(keys.path, .existing)
            try KeySlot.bytes(forged, in: 0).withUnsafeBytes {
                try file.overwrite($0, at: KeySlot.range(0).lowerBound)
            }
            #expect(error { _ = try keys.dataKey(name, for: place("A"), key) } == .damaged)
        }
    }

    @Test func withoutAFileThereAreNoKeys() throws {
        try withKeys { keys throws in
            #expect(try keys.slots() == [])
            #expect(try keys.strays(besides: []) == nil)
            try keys.destroy([KeyName(slot: 3, id: [])])
            #expect(
                error { _ = try keys.dataKey(KeyName(slot: 0, id: []), for: place("A"), key) }
                    == .damaged
            )
        }
    }

    @Test func aHeaderThatWasCutShortIsWrittenAnew() throws {
        try withKeys { keys throws in
            try File.open(keys.path, .create).append(Array("DAYBOOK".utf8))
            let name = try orphan(keys, "A")
            _ = try keys.dataKey(name, for: place("A"), key)
        }
    }

    // MARK: The journal key

    @Test func aKeyIsReadInEitherForm() throws {
        let digits = String(repeating: "07", count: 32)
        let base64 = Data([UInt8](repeating: 7, count: 32)).base64EncodedString()
        try withKeys { keys throws in
            let name = try orphan(keys, "A")
            for text in [digits, digits + "\n", " \(base64)\r\n"] {
                let read = try JournalKey(text: Array(text.utf8), from: "a test")
                _ = try keys.dataKey(name, for: place("A"), read)
            }
        }
        for text in ["", "07", digits + "0", String(repeating: "0g", count: 32), "****"] {
            #expect(throws: SecretError.self) {
                _ = try JournalKey(text: Array(text.utf8), from: "a test")
            }
        }
    }

    @Test func aKeyFileThatOthersMayReadIsRefused() throws {
        try withTemporaryFolder { folder throws in
            let path = folder + "/key"
            let digits = Array(String(repeating: "07", count: 32).utf8)
            try File.open(path, .create).append(digits)
            _ = try JournalKey(file: path)
            chmod(path, 0o640)
            #expect(error { _ = try JournalKey(file: path) } == .badKey)
            #expect(error { _ = try JournalKey(file: folder + "/none") } == .badKey)
            #expect(error { _ = try JournalKey(file: folder) } == .badKey)
        }
    }
}
