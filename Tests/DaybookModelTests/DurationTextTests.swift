import DaybookFormat
import DaybookModel
import FoundationEssentials
import Testing

/// Durations, policies and operations in JSON.
@Suite struct DurationTextTests {
    @Test(arguments: [
        (Duration.zero, "0s"), (.seconds(90), "90s"), (.milliseconds(1_500), "1.5s"),
        (.nanoseconds(1), "0.000000001s"), (.milliseconds(-250), "-0.25s"),
        (.seconds(-3), "-3s"), (.seconds(Int64.max), "9223372036854775807s"),
        (.seconds(Int64.min), "-9223372036854775808s"),
        (Duration(secondsComponent: 7, attosecondsComponent: 1), "7.000000000000000001s"),
    ])
    func aDurationIsReadAsItIsWritten(_ duration: Duration, _ text: String) {
        #expect(DurationText(duration).text == text)
        #expect(DurationText(text: text)?.duration == duration)
    }

    @Test(arguments: [
        "", "s", "1", "-s", ".5s", "1.s", "1.5", "1.5.5s", "+1s", "1 s", "--1s", "1.-5s", "0x1s",
        "1.0000000000000000001s", "9223372036854775808s", "1.5 seconds", "٣s",
    ])
    func whatIsNoDurationIsNone(_ text: String) {
        #expect(DurationText(text: text) == nil)
    }

    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    @Test func aPolicyIsReadAsItIsWritten() throws {
        let policy = RetryPolicy(
            maxAttempts: 5,
            baseDelay: .milliseconds(1_500),
            multiplier: 1.5,
            maxDelay: .seconds(60),
            jitter: 0.25,
            fatalCodes: ["fatal"]
        )
        let text = try json(policy)
        #expect(
            text
                == #"{"baseDelay":"1.5s","fatalCodes":["fatal"],"jitter":0.25,"maxAttempts":5,"maxDelay":"60s","multiplier":1.5}"#
        )
        #expect(try decode(RetryPolicy.self, text) == policy)
        #expect(try decode(RetryPolicy.self, try json(RetryPolicy.none)) == .none)
        // What is left out is as in code.
        #expect(try decode(RetryPolicy.self, #"{"maxAttempts":3}"#) == RetryPolicy(maxAttempts: 3))
        #expect(throws: DecodingError.self) { try decode(RetryPolicy.self, "{}") }
        #expect(throws: DecodingError.self) {
            try decode(RetryPolicy.self, #"{"maxAttempts":3,"baseDelay":"soon"}"#)
        }
    }

    @Test func anOperationIsReadAsItIsWritten() throws {
        let operation = Operation(
            scope: [1, 2],
            position: 3,
            kind: .storeGet,
            name: "key",
            inputDigest: [0, 10, 255]
        )
        let text = try json(operation)
        #expect(
            text
                == #"{"inputDigest":"000aff","kind":"store_get","name":"key","position":3,"scope":[1,2]}"#
        )
        #expect(try decode(Operation.self, text) == operation)
        for digits in ["0", "0g"] {
            #expect(throws: DecodingError.self) {
                try decode(
                    Operation.self,
                    #"{"inputDigest":"\#(digits)","kind":"sleep","name":"a","position":0,"scope":[]}"#
                )
            }
        }
    }

    @Test func aStatusIsItsWord() throws {
        for status in ExecutionStatus.allCases {
            #expect(try json([status]) == "[\"\(status.rawValue)\"]")
            #expect(try decode([ExecutionStatus].self, try json([status])) == [status])
        }
        #expect(throws: DecodingError.self) { try decode([ExecutionStatus].self, "[\"lost\"]") }
    }
}
