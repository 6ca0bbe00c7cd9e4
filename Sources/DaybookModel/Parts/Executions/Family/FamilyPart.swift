import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// What an execution has to do with others: its parent, and its children that are open.
    static let family = ExecutionPart(
        name: "family",
        schema: 1,
        kinds: [
            .executionSubmitted, .childEnded, .executionCompleted, .executionFailed,
            .executionTimedOut, .executionCancelled, .executionExpired, .executionReopened,
        ],
        apply: Family.apply,
        write: Family.write,
        read: Family.read
    )
}

extension Family {
    @Sendable
    fileprivate static func apply(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        switch change.kind {
        case .executionSubmitted: try state.joinFamily(entry)
        case .childEnded:
            let event = try ProtoChildEnded(decoding: entry)
            guard let child = state.rare.family.remove(event.child) else {
                throw WireError("a child ends that is not open")
            }
            if event.reopened {
                state.rare.family.insert(child)
                state.rare.family.reopen(event.child)
            } else if event.hasError, !event.unheard {
                // Unless its handler deals with that, it is run again.
                let path = OperationPath(child.operation)
                state.progress.fail(path, begun: child.started, entry.header.sequence)
            }
        case .executionReopened:
            // What is parked while it cleans up only goes on with that.
            guard state.rare.family.parent != 0, change.beginsAttempt else { return }
            state.rare.family.end = 0
            state.rare.family.error = nil
        default:
            guard state.rare.family.parent != 0 else { return }
            state.rare.family.end = entry.header.sequence
            state.rare.family.error = try entry.endError()
        }
    }
}

extension ExecutionState {
    fileprivate mutating func joinFamily(_ entry: EntryView) throws(WireError) {
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionSubmitted.parent:
                rare.family.parent = try reader.varint()
                rare.family.root = entry.header.correlation
            case Wire.ExecutionSubmitted.parentOperation:
                rare.family.parentPath = try OperationPath(snapshot: try reader.bytes())
            case Wire.ExecutionSubmitted.depth:
                rare.family.depth = UInt32(truncatingIfNeeded: try reader.varint())
            default: try reader.skip(field)
            }
        }
    }
}

extension EntryView {
    /// The error that an execution ends with; all final events have it in the same field.
    fileprivate func endError() throws(WireError) -> ErrorFacts? {
        var reader = WireReader(eventBytes)
        while let field = try reader.field() {
            // Of one that completes that field is another one.
            guard event != EventKind.executionCompleted.rawValue,
                field == Wire.ExecutionFailed.error
            else {
                try reader.skip(field)
                continue
            }
            return try ErrorFacts(ProtoError(wire: try reader.bytes()))
        }
        return nil
    }
}

extension OperationPath {
    fileprivate init(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init(try ProtoOperationPath(wire: bytes))
    }
}

// MARK: In a snapshot

/// A `daybook.v1.ExecutionFamily`.
extension Family {
    @Sendable
    fileprivate static func write(
        _ state: borrowing ExecutionState,
        to writer: inout WireWriter,
        _ nested: inout WireWriter
    ) {
        let family = state.rare.family
        guard !family.isEmpty else { return }
        writer.varint(family.parent, Wire.ExecutionFamily.parent)
        if let path = family.parentPath {
            writer.message(path.proto.encoded(), Wire.ExecutionFamily.parentOperation)
        }
        writer.varint(UInt64(family.depth), Wire.ExecutionFamily.depth)
        writer.varint(family.root, Wire.ExecutionFamily.root)
        var operation = WireWriter()
        for child in family.inOrder {
            nested.removeAll()
            nested.varint(child.number, Wire.OpenChild.child)
            nested.string(child.id.text, Wire.OpenChild.id)
            nested.varint(child.started, Wire.OpenChild.started)
            operation.removeAll()
            child.operation.write(to: &operation)
            nested.bytes(operation.bytes, Wire.OpenChild.operation)
            nested.varint(child.stoppedBy, Wire.OpenChild.stoppedBy)
            nested.bool(child.reopens, Wire.OpenChild.reopens)
            writer.bytes(nested.bytes, Wire.ExecutionFamily.children)
        }
        writer.varint(family.end, Wire.ExecutionFamily.end)
        if let error = family.error {
            writer.message(error.proto.encoded(), Wire.ExecutionFamily.error)
        }
    }

    @Sendable
    fileprivate static func read(
        _ state: inout ExecutionState,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        var reader = WireReader(bytes)
        var read = Family()
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionFamily.parent: read.parent = try reader.varint()
            case Wire.ExecutionFamily.parentOperation:
                read.parentPath = try OperationPath(snapshot: try reader.bytes())
            case Wire.ExecutionFamily.depth:
                read.depth = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.ExecutionFamily.root: read.root = try reader.varint()
            case Wire.ExecutionFamily.children: read.insert(try Child(snapshot: try reader.bytes()))
            case Wire.ExecutionFamily.end: read.end = try reader.varint()
            case Wire.ExecutionFamily.error:
                read.error = try ErrorFacts(ProtoError(wire: try reader.bytes()))
            default: try reader.skip(field)
            }
        }
        state.rare.family = read
    }
}

extension Family.Child {
    fileprivate init(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var (number, started, stoppedBy) = (UInt64(0), UInt64(0), UInt64(0))
        var id: Name = ""
        var operation: Operation?
        var reopens = false
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.OpenChild.child: number = try reader.varint()
            case Wire.OpenChild.id: id = Name(try reader.string())
            case Wire.OpenChild.started: started = try reader.varint()
            case Wire.OpenChild.operation: operation = try Operation(reading: try reader.bytes())
            case Wire.OpenChild.stoppedBy: stoppedBy = try reader.varint()
            case Wire.OpenChild.reopens: reopens = try reader.varint() != 0
            default: try reader.skip(field)
            }
        }
        guard let operation else { throw WireError("a child was begun by no operation") }
        self.init(
            number: number,
            id: id,
            started: started,
            operation: operation,
            stoppedBy: stoppedBy,
            reopens: reopens
        )
    }
}
