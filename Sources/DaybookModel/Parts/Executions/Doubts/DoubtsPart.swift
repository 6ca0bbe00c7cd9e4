import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// What an execution is parked for: operations that may have happened.
    static let doubts = ExecutionPart(
        name: "doubts",
        schema: 1,
        kinds: [.executionParked, .operationResolved, .executionReopened],
        apply: Doubt.apply,
        write: Doubt.write,
        read: Doubt.read
    )
}

extension ExecutionState {
    /// The operations that may have happened, and of which a person is to say whether they did, in
    /// the order in which their bodies began.
    package var doubts: [Doubt] { isParked ? rare.doubts : [] }
}

extension Doubt {
    @Sendable
    fileprivate static func apply(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        switch change.kind {
        case .executionParked:
            var doubts: [Doubt] = []
            var reader = WireReader(entry.eventBytes)
            while let field = try reader.field() {
                if field == Wire.ExecutionParked.doubts {
                    doubts.append(try Doubt(reading: try reader.bytes()))
                } else {
                    try reader.skip(field)
                }
            }
            if !doubts.isEmpty || !state.rare.doubts.isEmpty { state.rare.doubts = doubts }
        case .operationResolved:
            let operation = try entry.operation()
            // A fork may begin with what a person gives in the place of an operation.
            if state.forkPoint != nil, state.status == .submitted { return }
            guard let index = state.rare.doubts.firstIndex(where: { $0.operation == operation })
            else { throw WireError("it resolves an operation that is not in doubt") }
            state.rare.doubts.remove(at: index)
        default:
            if !state.rare.doubts.isEmpty { state.rare.doubts = [] }
        }
    }
}

// MARK: In a snapshot

/// A `daybook.v1.ExecutionDoubts`.
extension Doubt {
    @Sendable
    fileprivate static func write(
        _ state: borrowing ExecutionState,
        to writer: inout WireWriter,
        _ nested: inout WireWriter
    ) {
        guard !state.rare.doubts.isEmpty else { return }
        for doubt in state.rare.doubts {
            var operation = WireWriter()
            doubt.operation.write(to: &operation)
            nested.removeAll()
            nested.bytes(operation.bytes, Wire.Doubt.operation)
            nested.varint(doubt.started, Wire.Doubt.started)
            writer.bytes(nested.bytes, Wire.ExecutionDoubts.doubts)
        }
    }

    @Sendable
    fileprivate static func read(
        _ state: inout ExecutionState,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            if field == Wire.ExecutionDoubts.doubts {
                state.rare.doubts.append(try Doubt(reading: try reader.bytes()))
            } else {
                try reader.skip(field)
            }
        }
    }

    fileprivate init(reading bytes: UnsafeRawBufferPointer) throws(WireError) {
        var operation: Operation?
        var started: UInt64 = 0
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.Doubt.operation: operation = try Operation(reading: try reader.bytes())
            case Wire.Doubt.started: started = try reader.varint()
            default: try reader.skip(field)
            }
        }
        guard let operation else { throw WireError("a doubt names no operation") }
        self.init(operation: operation, started: started)
    }
}
