import DaybookFormat
import FoundationEssentials
import SwiftProtobuf
import Testing

@Suite struct PayloadTests {
    private let payloads = [
        Payload.json(Array(#"{"a":1}"#.utf8)), .text("größer"),
        Payload([UInt8](repeating: 7, count: 100_000), contentType: "x/y"),
    ]

    /// Salts 1, 2, 3, ...
    private func salts() -> () -> Salt {
        var count: UInt64 = 0
        return {
            count += 1
            return Salt(count, 0)
        }
    }

    // By Python's hmac, under a key of 16 bytes.
    @Test(arguments: [
        (
            "000102030405060708090a0b0c0d0e0f", "",
            "07eff8b326b7798c9ccfcbdbe579489ac785a7995a04618b1a2813c26744777d"
        ),
        (
            "000102030405060708090a0b0c0d0e0f", "Hi There",
            "3afd7fe7437c3ecadb2d089e7a65c8f994a3bff46f9a8eb3d3d453b9fa5acc34"
        ),
        (
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
            "492ce020fe2534a5789dc3848806c78f4f6711397f08e7e7a12ca5a4483c8aa6"
        ),
        (
            "ffffffffffffffff0000000000000001", "größer",
            "e50994fe06276db7bc90e99fe47cdf2948d2abb3ad8079f3bfe251c6528f0698"
        ),
    ])
    func aCommitmentIsAnHMACUnderTheSalt(_ key: String, _ text: String, _ mac: String) throws {
        let salt = try #require([UInt8](hex: key).withUnsafeBytes { Salt($0) })
        #expect(salt.bytes.hex == key)
        #expect(salt.commit(to: Array(text.utf8)).hex == mac)
    }

    @Test func aCommitmentToManyBytes() throws {
        let key = (0..<16).map { UInt8($0) }
        let salt = try #require(key.withUnsafeBytes { Salt($0) })
        #expect(
            salt.commit(to: [UInt8](repeating: 0xDD, count: 100_000)).hex
                == "3d90d27bca6f57f85e120d16baf2adf647e32d6685282615a6904ac23558006b"
        )
    }

    @Test func aSaltHasSixteenBytesAndIsDrawnAnew() throws {
        for count in [0, 15, 17, 32] {
            let bytes = [UInt8](repeating: 1, count: count)
            #expect(bytes.withUnsafeBytes { Salt($0) == nil })
        }
        let drawn = try (0..<100).map { _ in try Salt.random().bytes }
        #expect(Set(drawn).count == 100)
    }

    @Test func theRecordIsThatOfTheGeneratedCode() throws {
        let sealed = try SealedPayloads(payloads, limit: 100_000, salts: salts())
        var expected = ProtoPayloads()
        expected.payloads = payloads.enumerated().map { index, payload in
            var message = ProtoPayload()
            message.salt = .init(Salt(UInt64(index) + 1, 0).bytes)
            message.data = .init(payload.data)
            return message
        }
        #expect(try ProtoPayloads(serializedBytes: sealed.record) == expected)
        #expect(try expected.serializedBytes() == sealed.record)
        #expect(sealed.count == 3)
        #expect(sealed.byteCount == sealed.record.count)
    }

    @Test(arguments: [0, 1, 107, 108, 109, 127, 128, 16_383, 16_384])
    func everyLengthIsReadBack(_ length: Int) throws {
        let data = [UInt8](repeating: 3, count: length)
        let sealed = try SealedPayloads([Payload(data, contentType: "x/y")], limit: .max)
        let proto = try ProtoPayloads(serializedBytes: sealed.record)
        #expect(proto.payloads.map { Array($0.data) } == [data])
        let stored = try read(sealed)
        #expect(stored.map(\.data) == [data])
    }

    @Test func commitmentsAreToSaltSizeAndBytes() throws {
        let sealed = try SealedPayloads(payloads, limit: 100_000)
        let stored = try read(sealed)
        #expect(stored.count == 3)
        #expect(Set(stored.map { $0.salt?.bytes }).count == 3)
        for (index, payload) in stored.enumerated() {
            let commitment = sealed.commitments[index]
            #expect(payload.data == payloads[index].data)
            #expect(!payload.isErased)
            #expect(commitment.mac == payload.salt?.commit(to: payload.data))
            #expect(commitment.size == UInt64(payload.data.count))
            #expect(commitment.contentType == 0)
        }
        #expect(sealed.contentTypes == [ContentTypes.json, ContentTypes.text, "x/y"])
    }

    @Test func contentTypesGetTheirNumbersLater() throws {
        var sealed = try SealedPayloads(payloads, limit: 100_000)
        let macs = sealed.commitments.map(\.mac)
        let numbers: [String: UInt32] = [ContentTypes.json: 1, ContentTypes.text: 2, "x/y": 9]
        sealed.setContentTypeNumbers { numbers[$0] ?? 0 }
        #expect(sealed.commitments.map(\.contentType) == [1, 2, 9])
        #expect(sealed.commitments.map(\.mac) == macs)
    }

    @Test func noPayloadsAreAnEmptyRecord() throws {
        let sealed = try SealedPayloads([], limit: 10)
        #expect(sealed.record.isEmpty)
        #expect(sealed.commitments.isEmpty)
        #expect(try read(sealed).isEmpty)
    }

    @Test func aPayloadOverTheLimitIsRefused() throws {
        let ten = Payload([UInt8](repeating: 1, count: 10), contentType: "x/y")
        let eleven = Payload([UInt8](repeating: 1, count: 11), contentType: "x/y")
        _ = try SealedPayloads([ten, ten], limit: 10)
        let error = #expect(throws: PayloadTooLarge.self) {
            try SealedPayloads([ten, eleven], limit: 10)
        }
        #expect(error == PayloadTooLarge(size: 11, limit: 10))
        #expect(error?.description.hasPrefix("a payload of 11 bytes was given") == true)
        #expect(error?.description.contains("at most 10") == true)
    }

    @Test func erasedPayloadsAreSeenAsErased() throws {
        var record = ProtoPayloads()
        record.payloads = [ProtoPayload(), ProtoPayload()]
        record.payloads[1].salt = .init(Salt(1, 2).bytes)
        let commitments = [
            Commitment(mac: [], size: 7, contentType: 1),
            Commitment(mac: Salt(1, 2).commit(to: [UInt8]()), size: 0, contentType: 1),
        ]
        let stored = try read(record.encoded(), commitments)
        #expect(stored.map(\.isErased) == [true, false])
        #expect(stored.map(\.data) == [[], []])
    }

    @Test func contentTypesOfANewJournalKeepTheirOrder() {
        // Their places are numbers in every journal that there is.
        #expect(
            ContentTypes.initial == [
                "application/json", "text/plain; charset=utf-8", "application/octet-stream",
                "application/x-protobuf; messageType=daybook.v1.LogBatch",
            ]
        )
    }

    /// Skipping what is unknown, a damaged payload could look like an erased one.
    @Test func aFieldThatTheFormatDoesNotHaveIsDamage() throws {
        let erased: [UInt8] = [0x0A, 0x00]
        let commitment = Commitment(mac: [], size: 1, contentType: 1)
        for record in [
            erased + [0x18, 0x01], [0x0A, 0x02, 0x18, 0x01], [0x0A, 0x02, 0x08, 0x10],
        ] {
            #expect(throws: WireError.self) { try read(record, [commitment]) }
        }
        #expect(try read(erased, [commitment]).map(\.isErased) == [true])
    }

    @Test func aChangedBitOfAStoredPayloadIsRefused() throws {
        let sealed = try SealedPayloads([.text("pay 100")], limit: 100)
        for bit in 0..<8 * sealed.record.count {
            var record = sealed.record
            record[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: WireError.self, "bit \(bit)") { try read(record, sealed.commitments) }
        }
    }

    @Test func aCommitmentToSomethingElseIsRefused() throws {
        let sealed = try SealedPayloads([.text("pay 100")], limit: 100)
        let right = sealed.commitments[0]
        var wrong = right
        wrong.size += 1
        #expect(throws: WireError.self) { try read(sealed.record, [wrong]) }
        wrong = right
        wrong.mac[31] ^= 1
        #expect(throws: WireError.self) { try read(sealed.record, [wrong]) }
        #expect(throws: WireError.self) { try read(sealed.record, [right, right]) }
        #expect(throws: WireError.self) { try read(sealed.record, []) }
        let payload = try StoredPayload(salt: nil, data: [], right)
        #expect(payload.isErased)
        #expect(throws: WireError.self) { try StoredPayload(salt: nil, data: [1], right) }
        let salt = try #require(try read(sealed)[0].salt?.bytes)
        #expect(throws: WireError.self) {
            try StoredPayload(salt: salt, data: Array("pay 900".utf8), right)
        }
    }

    private func read(_ sealed: SealedPayloads) throws -> [StoredPayload] {
        try read(sealed.record, sealed.commitments)
    }

    private func read(
        _ record: [UInt8],
        _ commitments: [Commitment]
    ) throws -> [StoredPayload] {
        try record.withUnsafeBytes {
            try PayloadRecord($0).payloads(of: commitments) { _, _ in nil }
        }
    }
}
