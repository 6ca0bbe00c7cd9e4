#if CLI
import DaybookSystem

/// Cuts output into lines.
final class LineCollector: Sendable {
    typealias Line = (text: String, source: ChildProcess.Source)

    /// One of the two outputs.
    private struct Output {
        let source: ChildProcess.Source
        var line: [UInt8] = []
        /// What came before in this line was longer than a line may be, and is in `lines` already.
        var isContinued = false
    }

    private struct State {
        var lines = KeptLines()
        var output = Output(source: .standardOutput)
        var errors = Output(source: .standardError)
    }

    private let state = Locked(State())

    /// A line that is longer is cut into pieces, between two characters.
    static let limit = 65_536

    func add(_ source: ChildProcess.Source, _ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            switch source {
            case .standardOutput: Self.add(bytes, &state.output, &state.lines)
            case .standardError: Self.add(bytes, &state.errors, &state.lines)
            }
        }
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
    func finish() -> [Line] {
        state.withLock { state in
            if !state.output.line.isEmpty { Self.end(&state.output, &state.lines) }
            if !state.errors.line.isEmpty { Self.end(&state.errors, &state.lines) }
            return state.lines.all
        }
    }
}
#endif
