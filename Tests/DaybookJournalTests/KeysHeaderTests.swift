import Crypto
import DaybookFormat
import DaybookSystem
import FoundationEssentials
import Testing

@testable import DaybookJournal

/// The first 128 bytes of the file of keys: what is told of them, and what nobody does where they are none.
@Suite struct KeysHeaderTests {
    private let key = JournalKey([UInt8](repeating: 7, count: 32))!
    private let journal = Identifier([UInt8](repeating: 9, count: 16))!

    private var place: SecretPlace {
        SecretPlace(journal: journal, execution: "deploy-1", name: "A")
    }

    private var header: KeysHeader {
        KeysHeader(journal: journal, salt: [UInt8](repeating: 5, count: 16), key)
    }

    /// Each way in which the header of a file with a key in it is not that of this journal.
    enum Fault: CaseIterable, Sendable {
        case zeros, magic, journal, salt, check, filling, checksum, otherJournal

        func change(_ bytes: [UInt8], _ other: KeysHeader) -> [UInt8] {
            var bytes = bytes
            switch self {
            case .zeros: bytes.replaceSubrange(0..<128, with: repeatElement(0, count: 128))
            case .magic: bytes[0] ^= 1
            case .journal: bytes[16] ^= 1
            case .salt: bytes[32] ^= 1
            case .check: bytes[48] ^= 1
            case .filling: bytes[80] ^= 1
            case .checksum: bytes[127] ^= 1
            case .otherJournal: bytes.replaceSubrange(0..<128, with: other.bytes)
            }
            return bytes
        }
    }

    private func code(_ body: () throws -> Void) -> SecretError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? SecretError)?.code
        }
    }

    @Test func aHeaderIsReadAsItWasWritten() {
        let bytes = header.bytes
        #expect(bytes.count == KeysHeader.size)
        #expect(KeysHeader(bytes) == header)
        #expect(KeysHeader(bytes.dropLast()) == nil)
        #expect(KeysHeader(bytes + [0]) == nil)
    }

    /// The checksum is over all of it.
    @Test func noBitOfItMayChange() {
        let bytes = header.bytes
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 0x80
            #expect(KeysHeader(changed) == nil, "byte \(place)")
        }
    }

    /// Nothing is opened, written, overwritten or taken for left over, and what is kept is not hidden.
    @Test(arguments: Fault.allCases) func aFileWithAnotherHeaderIsLeftAsItIs(_ fault: Fault) throws
    {
        try withTemporaryFolder { folder throws in
            let keys = KeysFile(folder + "/keys", journal: journal)
            let name = try keys.reserve([place], key).keys[0].name
            let other = KeysHeader(
                journal: Identifier([UInt8](repeating: 8, count: 16))!,
                salt: [UInt8](repeating: 5, count: 16),
                key
            )
            let bytes = fault.change(try File.contents(of: keys.path), other)
            try Data(bytes).write(to: URL(filePath: keys.path))
            #expect(code { _ = try keys.dataKey(name, for: place, key) } == .damaged)
            #expect(code { _ = try keys.reserve([place], key) } == .damaged)
            #expect(code { try keys.check(key) } == .damaged)
            #expect(code { _ = try keys.strays(besides: []) } == .damaged)
            #expect(code { _ = try keys.slots() } == .damaged)
            #expect(code { _ = try keys.left(of: [name]) } == .damaged)
            #expect(try keys.standing(of: [name]) == [.damaged])
            #expect(try keys.isInUse())
            #expect(try File.contents(of: keys.path) == bytes)
        }
    }

    /// A header that was cut short belongs to a file that no entry relies on.
    @Test(arguments: [0, 1, 16, 127])
    func oneThatWasCutShortIsWrittenAnew(_ count: Int) throws {
        try withTemporaryFolder { folder throws in
            let keys = KeysFile(folder + "/keys", journal: journal)
            try Data(header.bytes.prefix(count)).write(to: URL(filePath: keys.path))
            #expect(try !keys.isInUse())
            try keys.check(key)
            let name = try keys.reserve([place], key).keys[0].name
            #expect(try keys.standing(of: [name]) == [.held])
        }
    }
}
