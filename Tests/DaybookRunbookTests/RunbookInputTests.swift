#if CLI
import DaybookRunbook
import Testing

@Suite("Runbook: values for inputs")
struct RunbookInputTests {
    static func runbook(_ inputs: String) throws -> Runbook {
        try Runbook(parsing: oneJob(top: "inputs: \(inputs)\n"), file: "f")
    }

    @Test("given values go before defaults; what has no value is left out")
    func resolving() throws {
        let runbook = try Self.runbook(
            "{ a: { required: true }, b: { default: x }, c: { default: y }, d: {} }"
        )
        #expect(try runbook.resolveInputs(["a": "1", "c": ""]) == ["a": "1", "b": "x", "c": ""])
        #expect(try Self.runbook("{}").resolveInputs([:]) == [:])
    }

    @Test("unknown names are refused, with the list of the known ones")
    func unknown() throws {
        let runbook = try Self.runbook("{ name: { required: true }, count: {} }")
        let error = try #require(throws: InputError.self) {
            try runbook.resolveInputs(["zzz": "", "nmae": "x"])
        }
        #expect(error == .unknown(name: "nmae", known: ["name", "count"]))
        #expect(
            error.description == "the runbook has no input \"nmae\"; did you mean \"name\"?"
                + " It has \"name\" and \"count\""
        )
        let other = InputError.unknown(name: "q", known: ["name"])
        #expect(other.description == "the runbook has no input \"q\"; it has \"name\"")
        let none = InputError.unknown(name: "q", known: [])
        #expect(none.description == "the runbook has no input \"q\": it has no inputs at all")
    }

    @Test("all that is missing is named at once")
    func missing() throws {
        let runbook = try Self.runbook(
            "{ b: { required: true }, a: { required: true }, c: { required: true } }"
        )
        let error = try #require(throws: InputError.self) {
            try runbook.resolveInputs(["c": ""])
        }
        #expect(error == .missing(names: ["b", "a"]))
        #expect(
            error.description
                == "the required inputs \"b\" and \"a\" must be given: --input b=… --input a=…"
        )
        #expect(
            InputError.missing(names: ["a"]).description
                == "the required input \"a\" must be given: --input a=…"
        )
    }

    @Test(
        "what is of a type",
        arguments: [
            (.string, ["", "x", "5", "\n"]),
            (.integer, ["0", "-1", "42", "9223372036854775807", "-9223372036854775808"]),
            (.number, ["0", "-1.5", "1e3", "1E-3", "+2", ".5", "5.", "007"]),
            (.boolean, ["true", "false"]),
        ] as [(Runbook.Input.ValueType, [String])]
    )
    func accepted(type: Runbook.Input.ValueType, values: [String]) throws {
        let runbook = try Self.runbook("{ a: { type: \(type.rawValue) } }")
        for value in values {
            #expect(try runbook.resolveInputs(["a": value]) == ["a": value])
        }
    }

    @Test(
        "what is not",
        arguments: [
            (
                .integer,
                [
                    "", "x", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "+5",
                    "007",
                    "-0", " 1", "1 ", "0x10", "1_000", "١",
                ]
            ),
            (
                .number,
                ["", "x", "inf", "nan", "-Infinity", "1e400", "0x1p3", "1,5", " 1", "1 ", "e"]
            ),
            (.boolean, ["", "True", "yes", "1", "true "]),
        ] as [(Runbook.Input.ValueType, [String])]
    )
    func refused(type: Runbook.Input.ValueType, values: [String]) throws {
        let runbook = try Self.runbook("{ a: { type: \(type.rawValue) } }")
        for value in values {
            #expect(throws: InputError.mismatch(name: "a", value: value, type: type)) {
                try runbook.resolveInputs(["a": value])
            }
        }
    }

    @Test("messages")
    func messages() {
        let mismatch = InputError.mismatch(name: "a", value: "x\u{1B}", type: .boolean)
        #expect(
            mismatch.description == "the input \"a\" must be true or false, not \"x\\u{1b}\""
        )
    }

    @Test("a NUL fits no environment variable")
    func null() throws {
        let runbook = try Self.runbook("{ a: {} }")
        let error = try #require(throws: InputError.self) {
            try runbook.resolveInputs(["a": "x\0"])
        }
        #expect(error == .containsNull(name: "a"))
        #expect(error.description.contains("\"a\" contains a NUL"))
    }
}
#endif
