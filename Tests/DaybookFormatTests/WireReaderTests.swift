import DaybookFormat
import Testing

@Suite struct WireReaderTests {
    @Test(arguments: [
        (UInt64(0), "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"),
        (16_383, "ff7f"), (16_384, "808001"), (UInt64(UInt32.max), "ffffffff0f"),
        (1 << 63, "80808080808080808001"), (.max, "ffffffffffffffffff01"),
    ])
    func numbersAreWrittenAndReadInBase128(_ number: UInt64, _ hex: String) throws {
        var writer = WireWriter()
        writer.varint(number)
        #expect(Array(writer.bytes).hex == hex)
        #expect(WireWriter.size(number) == hex.utf8.count / 2)
        let (read, isAtEnd) = try withReader([UInt8](hex: hex)) { reader in
            (try reader.varint(), reader.isAtEnd)
        }
        #expect(read == number)
        #expect(isAtEnd)
    }

    @Test func theSizeOfANumberIsWhatItTakes() {
        var writer = WireWriter()
        for bits in 0..<64 {
            for number in [UInt64(1) << bits, (UInt64(1) << bits) - 1] {
                writer.removeAll()
                writer.varint(number)
                #expect(WireWriter.size(number) == writer.count, "\(number)")
            }
        }
    }

    @Test(arguments: [("8000", UInt64(0)), ("818000", 1), ("ff808080808080808000", 127)])
    func numbersMayBeLongerThanNeeded(_ hex: String, _ number: UInt64) throws {
        #expect(try withReader([UInt8](hex: hex)) { try $0.varint() } == number)
    }

    @Test(arguments: [
        "", "80", "ffff", "ffffffffffffffffff", "ffffffffffffffffff02", "ffffffffffffffffff7f",
        "80808080808080808080", "8080808080808080808001", "ffffffffffffffffffff01",
    ])
    func numbersThatEndTooEarlyOrTooLateAreErrors(_ hex: String) throws {
        #expect(throws: WireError.self) {
            try withReader([UInt8](hex: hex)) { try $0.varint() }
        }
    }

    @Test func fieldsAreReadInTheOrderTheyWereWritten() throws {
        var writer = WireWriter()
        writer.varint(5, WireField(1, .varint))
        writer.fixed64(0x0102_0304_0506_0708, WireField(2, .fixed64))
        Array("text".utf8).withUnsafeBytes {
            writer.bytes($0, WireField(536_870_911, .lengthDelimited))
        }
        #expect(
            Array(writer.bytes).hex == "0805" + "110807060504030201" + "faffffff0f04" + "74657874"
        )
        try withReader(Array(writer.bytes)) { reader in
            var field = try #require(try reader.field())
            #expect(field.number == 1 && field.kind == .varint)
            #expect(try reader.varint() == 5)
            field = try #require(try reader.field())
            #expect(field.number == 2 && field.kind == .fixed64)
            #expect(try reader.fixed64() == 0x0102_0304_0506_0708)
            field = try #require(try reader.field())
            #expect(field.number == 536_870_911 && field.kind == .lengthDelimited)
            #expect(try reader.string() == "text")
            #expect(try reader.field() == nil)
            #expect(reader.isAtEnd)
        }
    }

    @Test func zerosAreNotWrittenAndEmptyBytesAre() {
        var writer = WireWriter()
        writer.varint(0, WireField(1, .varint))
        writer.fixed64(0, WireField(2, .fixed64))
        #expect(writer.count == 0)
        writer.bytes(UnsafeRawBufferPointer(start: nil, count: 0), WireField(3, .lengthDelimited))
        #expect(Array(writer.bytes) == [0x1A, 0])
    }

    @Test func eightBytesAreReadFromAnyAddress() throws {
        for offset in 0..<8 {
            let bytes = [UInt8](repeating: 0, count: offset) + [1, 2, 3, 4, 5, 6, 7, 8]
            let number = try bytes.withUnsafeBytes { buffer in
                var reader = WireReader(UnsafeRawBufferPointer(rebasing: buffer[offset...]))
                return try reader.fixed64()
            }
            #expect(number == 0x0807_0605_0403_0201)
        }
    }

    @Test func textThatIsNotUTF8IsAnError() throws {
        #expect(try withReader([2, 0xC3, 0xA9]) { try $0.string() } == "é")
        #expect(try withReader([0]) { try $0.string() } == "")
        for bytes: [UInt8] in [[1, 0xC3], [1, 0xFF], [2, 0xC0, 0x80], [3, 0xED, 0xA0, 0x80]] {
            #expect(throws: WireError("a string is not UTF-8")) {
                try withReader(bytes) { try $0.string() }
            }
        }
    }

    @Test func everyWireTypeIsPassedOver() throws {
        let hex = "08ff01" + "110102030405060708" + "1a026162" + "2501020304" + "3007"
        let numbers = try withReader([UInt8](hex: hex)) { reader in
            var numbers: [UInt32] = []
            while let field = try reader.field() {
                numbers.append(field.number)
                try reader.skip(field)
            }
            return numbers
        }
        #expect(numbers == [1, 2, 3, 4, 6])
    }

    @Test(arguments: [3, 4, 6, 7] as [UInt8])
    func otherWireTypesAreErrors(_ wireType: UInt8) throws {
        let error = #expect(throws: WireError.self) {
            try withReader([9 << 3 | wireType, 0]) { reader in
                let field = try #require(try reader.field())
                try reader.skip(field)
            }
        }
        #expect(error?.description == "field 9 has the wire type \(wireType)")
    }

    @Test func nothingIsAnEmptyMessage() throws {
        var reader = WireReader(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(reader.isAtEnd)
        #expect(try reader.field() == nil)
        #expect(throws: WireError.self) { try reader.varint() }
        #expect(throws: WireError.self) { try reader.fixed64() }
        #expect(throws: WireError.self) { try reader.bytes() }
    }

    @Test func aWriterGrowsAndKeepsWhatItHas() {
        var writer = WireWriter(capacity: 1)
        var expected: [UInt8] = []
        for round in 0..<200 {
            let piece = [UInt8](repeating: UInt8(round), count: round * 3)
            piece.withUnsafeBytes { writer.raw($0) }
            writer.byte(0xEE)
            expected += piece + [0xEE]
        }
        #expect(Array(writer.bytes) == expected)
        writer.removeAll()
        #expect(writer.bytes.isEmpty)
        writer.byte(1)
        #expect(Array(writer.bytes) == [1])
    }
}
