import DaybookFormat
import SwiftProtobuf

/// How an execution is run, as it was submitted.
struct RecordedTerms: Sendable {
    var retry: RetryPolicy?
    /// Nanoseconds that an attempt may take; 0: as long as it likes.
    var timeout: UInt64 = 0
    /// Nanoseconds before the first attempt.
    var delay: UInt64 = 0
    var labels = Labels()

    /// One attempt, at once, for as long as it likes, without labels: nothing was recorded.
    var isStandard: Bool { retry == nil && timeout == 0 && delay == 0 && labels.isEmpty }

    /// A `daybook.v1.ExecutionTerms`, without its number.
    func write(to writer: inout WireWriter) {
        if let retry { writer.message(retry.proto.encoded(), Wire.ExecutionTerms.retry) }
        writer.varint(timeout, Wire.ExecutionTerms.timeout)
        writer.varint(delay, Wire.ExecutionTerms.delay)
        for label in labels.protos { writer.message(label.encoded(), Wire.ExecutionTerms.labels) }
    }
}

extension ExecutionState {
    /// How often and when it is tried again.
    package var retry: RetryPolicy { rare.terms.retry ?? .none }
    /// How long an attempt may take, waits included; nil: as long as it likes.
    package var timeout: Duration? {
        rare.terms.timeout == 0 ? nil : Duration(nanoseconds: rare.terms.timeout)
    }
    /// How long it is held back before its first attempt.
    package var delay: Duration { Duration(nanoseconds: rare.terms.delay) }
    /// By what it is found.
    package var labels: Labels { rare.terms.labels }
}

extension ExecutionPart {
    /// How an execution is run, and by what it is found: decided when it is submitted, and never
    /// changed.
    static let terms = ExecutionPart(
        name: "terms",
        schema: 3,
        kinds: [.executionSubmitted],
        apply: { state, entry, _ throws(WireError) in
            var reader = WireReader(entry.eventBytes)
            while let field = try reader.field() {
                switch field {
                case Wire.ExecutionSubmitted.retry:
                    let policy = try ProtoRetryPolicy(wire: try reader.bytes())
                    state.rare.terms.retry = RetryPolicy(policy)
                case Wire.ExecutionSubmitted.timeout:
                    state.rare.terms.timeout = try reader.varint()
                case Wire.ExecutionSubmitted.delay: state.rare.terms.delay = try reader.varint()
                case Wire.ExecutionSubmitted.labels:
                    try state.rare.terms.labels.read(try reader.bytes())
                default: try reader.skip(field)
                }
            }
        },
        write: { state, writer, _ in state.rare.terms.write(to: &writer) },
        read: { state, bytes throws(WireError) in
            var reader = WireReader(bytes)
            while let field = try reader.field() {
                switch field {
                case Wire.ExecutionTerms.retry:
                    let policy = try ProtoRetryPolicy(wire: try reader.bytes())
                    state.rare.terms.retry = RetryPolicy(policy)
                case Wire.ExecutionTerms.timeout: state.rare.terms.timeout = try reader.varint()
                case Wire.ExecutionTerms.delay: state.rare.terms.delay = try reader.varint()
                case Wire.ExecutionTerms.labels:
                    try state.rare.terms.labels.read(try reader.bytes())
                default: try reader.skip(field)
                }
            }
        }
    )
}
