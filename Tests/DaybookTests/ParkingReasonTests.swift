import Daybook
import DaybookFormat
import DaybookModel
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Testing

/// Why an execution is parked, as a program learns it, and what it is advised to do.
@Suite struct ParkingReasonTests {
    private static let renamed: Scripted.Code = { _, context in
        try await context.checkpoint("renamed") { _ in "" }
    }

    /// Runs one code up to a body that blocks, then another one.
    private func parked(
        _ path: String,
        revisions: (String?, String?) = (nil, nil),
        codecs: (any PayloadCodec, any PayloadCodec) = (JSONPayloadCodec(), JSONPayloadCodec()),
        first: @escaping Scripted.Code = { _, context in
            try await context.checkpoint("first") { _ in "" }
        },
        then second: @escaping Scripted.Code = renamed
    ) async throws -> RecordedError {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        var options = EngineOptions()
        options.revision = revisions.0
        options.codec = codecs.0
        try await withEngine(
            path,
            options,
            code: { input, context in
                _ = try await first(input, context)
                try await context.checkpoint("blocks") { _ in
                    signal.yield()
                    try await untilCancelled()
                }
                return ""
            }
        ) { engine in
            try await engine.start()
            for await _ in reached { break }
        }
        options.revision = revisions.1
        options.codec = codecs.1
        return try await withEngine(path, options, code: second) { engine in
            let record = try await engine.waitForEnd(of: "a")
            #expect(record.isParked)
            let reason = try #require(record.parkingReason)
            let handle = engine.handle(Scripted.self, id: "a")
            let error = await #expect(throws: ExecutionParked.self) {
                _ = try await handle.result()
            }
            #expect(error == ExecutionParked(id: "a", reason: reason))
            #expect("\(try #require(error))".contains(try #require(reason.message)))
            let data = try JSONEncoder().encode(record)
            #expect(try JSONDecoder().decode(ExecutionRecord.self, from: data) == record)
            return reason
        }
    }

    @Test func aProgramLearnsWhy() async throws {
        try await withJournal { path in
            let reason = try await parked(path)
            #expect(reason.code == "divergence")
            #expect(try #require(reason.message).contains("the checkpoint \"renamed\""))
            // A person has seen to it: the reason is gone with the parking.
            let code: Scripted.Code = { _, context in
                let text = try await context.checkpoint("first") { _ in "" }
                try await context.checkpoint("blocks") { _ in }
                return text
            }
            try await withEngine(path, code: code) { engine in
                try await engine.retry("a")
                let record = try await engine.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(record.parkingReason == nil)
            }
        }
    }

    @Test(arguments: [("1", "1", true), ("1", "2", false)])
    func theSameRevisionIsToldThatItIsNotDeterministic(
        _ first: String,
        _ second: String,
        _ isSame: Bool
    ) async throws {
        try await withJournal { path in
            let message = try #require(
                try await parked(path, revisions: (first, second)).message
            )
            #expect(message.contains("the code is not deterministic") == isSame, "\(message)")
            #expect(message.contains("context.version") == !isSame, "\(message)")
        }
    }

    /// JSON from the back to the front.
    private struct Backwards: PayloadCodec {
        let contentType = "application/x-backwards"

        func encode(_ value: some Encodable) throws -> [UInt8] {
            try JSONPayloadCodec().encode(value).reversed()
        }

        func decode<Value: Decodable>(_ type: Value.Type, from data: [UInt8]) throws -> Value {
            try JSONPayloadCodec().decode(type, from: data.reversed())
        }
    }

    @Test func anotherCodecIsNamedBesideTheRecordedOne() async throws {
        struct Pair: Codable { var left = 1 }
        try await withJournal { path in
            let code: Scripted.Code = { _, context in
                "\(try await context.checkpoint("first") { _ in Pair() }.left)"
            }
            let reason = try await parked(
                path,
                codecs: (JSONPayloadCodec(), Backwards()),
                first: code,
                then: code
            )
            let message = try #require(reason.message)
            #expect(message.contains("it is recorded as application/json"), "\(message)")
            #expect(message.contains("codec is for application/x-backwards"), "\(message)")
            #expect(message.contains("open the journal with the codec that recorded it"))
            #expect(!message.contains("upcaster"), "\(message)")
        }
    }
}
