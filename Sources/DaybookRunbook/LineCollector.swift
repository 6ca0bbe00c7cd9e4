#if CLI
import Daybook
import DaybookSystem

/// Cuts output into lines.
final class LineCollector: Sendable {
    typealias Line = (text: String, source: ChildProcess.Source)

    /// One of the two outputs.
    private struct Output {
        let source: ChildProcess.Source
        /// Keeps secrets out, before anything is cut; nil: there are none.
        var redaction: Redactor.Stream?
        var line: [UInt8] = []
        /// What came before in this line was longer than a line may be, and is in `lines` already.
        var isContinued = false
    }

    private struct State {
        var lines = KeptLines()
        var output: Output
        var errors: Output
    }

    private let state: Locked<State>

    /// - Parameter redactor: keeps secrets out of the lines, also one of several lines; nil: there are
    ///   none.
    init(_ redactor: Redactor? = nil) {
        let redaction = redactor.map { Redactor.Stream($0) }
        state = Locked(
            State(
                output: Output(source: .standardOutput, redaction: redaction),
                errors: Output(source: .standardError, redaction: redaction)
            )
        )
    }

    /// A line that is longer is cut into pieces, between two characters.
    static let limit = 65_536

    func add(_ source: ChildProcess.Source, _ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            switch source {
            case .standardOutput: Self.redact(bytes, &state.output, &state.lines)
            case .standardError: Self.redact(bytes, &state.errors, &state.lines)
            }
        }
    }

    private static func redact(
        _ bytes: UnsafeRawBufferPointer,
        _ output: inout Output,
        _ lines: inout KeptLines
    ) {
        guard let redacted = output.redaction?.feed(Array(bytes)[...]) else {
            return add(bytes, &output, &lines)
        }
        redacted.withUnsafeBytes { add($0, &output, &lines) }
    }

    private static func add(
        _ bytes: UnsafeRawBufferPointer,
        _ output: inout Output,
        _ lines: inout KeptLines
    ) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                end(&output, &lines)
                continue
            }
            output.line.append(byte)
            guard output.line.count == limit else { continue }
            let border = CharacterBorder.last(in: output.line[...], upTo: limit)
            lines.append((String(decoding: output.line[..<border], as: UTF8.self), output.source))
            output.line.removeFirst(border)
            output.isContinued = true
        }
    }

    /// Ends a line. Where it was cut at its very end there is nothing left of it.
    private static func end(_ output: inout Output, _ lines: inout KeptLines) {
        if !output.line.isEmpty || !output.isContinued {
            lines.append((String(decoding: output.line, as: UTF8.self), output.source))
        }
        output.line.removeAll(keepingCapacity: true)
        output.isContinued = false
    }

    /// The lines in the order in which they ended, and what came without a line end: see ``KeptLines``.
    /// What came last may have been cut off in the middle of a secret.
    func finish() -> [Line] {
        state.withLock { state in
            state.output.redaction?.finish(isCut: true).withUnsafeBytes {
                Self.add($0, &state.output, &state.lines)
            }
            state.errors.redaction?.finish(isCut: true).withUnsafeBytes {
                Self.add($0, &state.errors, &state.lines)
            }
            if !state.output.line.isEmpty { Self.end(&state.output, &state.lines) }
            if !state.errors.line.isEmpty { Self.end(&state.errors, &state.lines) }
            return state.lines.all
        }
    }
}
#endif
