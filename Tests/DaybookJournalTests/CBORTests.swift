import DaybookFormat
import DaybookSystem
import SeededRandom
import Testing

@testable import DaybookJournal

/// CBOR as receipts need it: one form for each item.
@Suite struct CBORTests {
    /// From appendix A of RFC 8949.
    @Test(arguments: [
        (CBOR.unsigned(0), "00"), (.unsigned(10), "0a"), (.unsigned(23), "17"),
        (.unsigned(24), "1818"), (.unsigned(100), "1864"), (.unsigned(1000), "1903e8"),
        (.unsigned(1_000_000), "1a000f4240"), (.unsigned(1_000_000_000_000), "1b000000e8d4a51000"),
        (.unsigned(.max), "1bffffffffffffffff"), (.negative(magnitude: .max), "3bffffffffffffffff"),
        (CBOR(-1), "20"), (CBOR(-10), "29"), (CBOR(-100), "3863"), (CBOR(-1000), "3903e7"),
        (.bool(false), "f4"), (.bool(true), "f5"), (.null, "f6"), (.bytes([]), "40"),
        (.bytes([1, 2, 3, 4]), "4401020304"), (.text(""), "60"), (.text("IETF"), "6449455446"),
        (.text("\u{fc}"), "62c3bc"), (.text("\u{6c34}"), "63e6b0b4"), (.array([]), "80"),
        (.array([CBOR(1), .array([CBOR(2), CBOR(3)])]), "82018202" + "03"), (.map([:]), "a0"),
        (.map([CBOR(1): CBOR(2), CBOR(3): CBOR(4)]), "a201020304"),
        (
            .map([.text("a"): CBOR(1), .text("b"): .array([CBOR(2), CBOR(3)])]),
            "a26161016162820203"
        ),
        (.tag(1, .unsigned(1_363_896_240)), "c11a514b67b0"),
        (.tag(23, .bytes([1, 2, 3, 4])), "d74401020304"),
        // 4.2.1: the order of keys is that of their bytes.
        (
            .map([
                CBOR(10): .null, CBOR(100): .null, CBOR(-1): .null, .text("z"): .null,
                .text("aa"): .null, .array([CBOR(100)]): .null, .array([CBOR(-1)]): .null,
                .bool(false): .null,
            ]), "a80af61864f620f6617af6626161f6811864f68120f6f4f6"
        ),
    ]) func anItemHasOneForm(_ item: CBOR, _ form: String) throws {
        #expect(item.encoded.hexadecimal == form)
        #expect(try CBOR(decoding: item.encoded) == item)
    }

    @Test(arguments: [
        ("", "nothing"), ("1801", "a number that is too long"), ("190010", "the same in 2 bytes"),
        ("1a0000ffff", "the same in 4"), ("1b00000000ffffffff", "the same in 8"),
        ("5801ff", "a length that is too long"), ("5f4101ff", "bytes without a length"),
        ("9f01ff", "an array without a length"), ("bf0102ff", "a map without a length"),
        ("0000", "something behind it"), ("1c", "a head that nothing has"), ("ff", "an end alone"),
        ("a201020103", "a key twice"), ("a203010102", "keys out of order"), ("61ff", "no UTF-8"),
        ("f90000", "a half"), ("fb3ff199999999999a", "a floating point number"),
        ("f7", "undefined"),
        ("f0", "a simple value"), ("f814", "false in two bytes"), ("44010203", "cut bytes"),
        ("8301", "a cut array"), ("a101", "a cut map"), ("c1", "a tag of nothing"),
        ("5bffffffffffffffff", "more bytes than there can be"),
        ("9bffffffffffffffff", "more items than there can be"),
        ("bbffffffffffffffff", "more pairs than there can be"),
        ("8181818181818181818181818181818181818181", "too deep"),
    ]) func whatHasAnotherFormIsRefused(_ form: String, _ what: String) throws {
        let bytes = try #require([UInt8](hexadecimal: form))
        do throws(ProofError) {
            let item = try CBOR(decoding: bytes)
            Issue.record("\(item) was read from \(what)")
        } catch {
            #expect(error.code == .malformed)
        }
    }

    /// What is read is written again as the same bytes, whoever has made them.
    @Test func whatIsReadHasItsOwnBytes() throws {
        var random = SeededGenerator(seed: 8_949)
        var read = 0
        for _ in 0..<200_000 {
            let bytes = (0..<(1 + random.next(below: 12))).map { _ in
                UInt8(truncatingIfNeeded: random.next(below: 256))
            }
            do throws(ProofError) {
                #expect(try CBOR(decoding: bytes).encoded == bytes)
                read += 1
            } catch {
                #expect(error.code == .malformed)
            }
        }
        #expect(read > 1_000)
    }
}
