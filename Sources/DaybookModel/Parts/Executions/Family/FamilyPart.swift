import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// What an execution has to do with others: its parent, and its children that are open.
    static let family = ExecutionPart(
        name: "family",
        schema: 3,
        kinds: [
            .executionSubmitted, .childEnded, .childrenAwaited, .childrenSettled, .attemptFailed,
            .executionCompleted, .executionFailed, .executionTimedOut, .executionCancelled,
            .executionExpired, .executionContinued, .executionReopened,
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
        case .childEnded: try state.endChild(entry, &change)
        case .childrenAwaited:
            state.rare.family.joined = entry.header.sequence
            state.rare.family.isAllSettled = try entry.flag(Wire.ChildrenAwaited.allSettled)
            state.stopSiblings(&change)
        case .childrenSettled:
            let begun = exchange(&state.rare.family.joined, with: 0)
            state.rare.family.isAllSettled = false
            // Unless nobody waits for them again, all of them are waited for in the next attempt.
            guard !state.rare.family.failed.isEmpty else { return }
            let path = OperationPath(try entry.operation())
            state.progress.fail(path, begun: begun, entry.header.sequence)
        case .attemptFailed:
            state.undoFamily(&change)
            state.beginAttemptOfFamily(&change)
        case .executionReopened:
            // What is parked while it cleans up only goes on with that.
            guard change.beginsAttempt else { return }
            state.undoFamily(&change)
            state.beginAttemptOfFamily(&change)
            guard state.rare.family.parent != 0 else { return }
            state.rare.family.end = 0
            state.rare.family.error = nil
            state.rare.family.runOutput = 0
        default:
            state.undoFamily(&change)
            if state.rare.family.openSpawned > 0 {
                change.stoppedChildren += state.rare.family.stopSpawned(by: entry.header.sequence)
            }
            guard state.rare.family.parent != 0, change.kind != .executionContinued else { return }
            state.rare.family.end = entry.header.sequence
            state.rare.family.error = try entry.endError()
            guard change.kind == .executionCompleted else { return }
            state.rare.family.runOutput = try entry.number(Wire.ExecutionCompleted.runOutput)
        }
    }
}

extension ExecutionState {
    /// A child is closed, or opened again.
    fileprivate mutating func endChild(
        _ entry: EntryView,
        _ change: inout Change
    ) throws(WireError) {
        let event = try ProtoChildEnded(decoding: entry)
        guard var child = rare.family.remove(event.child) else {
            throw WireError("a child ends that is not open")
        }
        if event.reopened {
            child.reopens = 0
            rare.family.insert(child)
        } else if child.isSpawned {
            guard event.hasError else { return }
            child.ending = Family.Ending(
                end: event.end,
                status: ExecutionStatus(event.status) ?? .failed,
                at: entry.header.time
            )
            rare.family.insert(failed: child)
            stopSiblings(&change)
        } else if event.hasError, !event.unheard {
            // Unless its handler deals with that, it is run again.
            let path = OperationPath(child.operation)
            progress.fail(path, begun: child.started, entry.header.sequence)
        }
    }

    /// Once the handler has returned, the first child that fails has the others cancelled.
    fileprivate mutating func stopSiblings(_ change: inout Change) {
        guard rare.family.joined != 0, !rare.family.isAllSettled, !rare.family.failed.isEmpty,
            !status.isFinal
        else { return }
        change.stoppedChildren += rare.family.stopSpawned(by: last)
    }

    /// What was spawned and has failed is wanted again.
    fileprivate mutating func beginAttemptOfFamily(_ change: inout Change) {
        // It waits for them no more if that was undone.
        if rare.family.joined != 0, rare.waits[rare.family.joined] == nil {
            rare.family.joined = 0
            rare.family.isAllSettled = false
        }
        guard !rare.family.isChildless else { return }
        change.stoppedChildren += rare.family.beginAttempt(by: last)
    }

    /// What was spawned by operations that are undone is nobody's.
    fileprivate mutating func undoFamily(_ change: inout Change) {
        guard !change.undone.isEmpty, !rare.family.isChildless else { return }
        let undone = change.undone
        change.stoppedChildren += rare.family.undo(by: last) { path in
            undone.contains { $0 == path || $0.isFollowed(by: path) }
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
            case Wire.ExecutionSubmitted.finalizer:
                rare.family.isFinalizer = try reader.varint() != 0
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
            child.write(to: &nested, &operation)
            writer.bytes(nested.bytes, Wire.ExecutionFamily.children)
        }
        writer.varint(family.end, Wire.ExecutionFamily.end)
        if let error = family.error {
            writer.message(error.proto.encoded(), Wire.ExecutionFamily.error)
        }
        writer.bool(family.isFinalizer, Wire.ExecutionFamily.finalizer)
        writer.varint(family.runOutput, Wire.ExecutionFamily.runOutput)
        for child in family.failedInOrder {
            child.write(to: &nested, &operation)
            writer.bytes(nested.bytes, Wire.ExecutionFamily.failed)
        }
        writer.varint(family.joined, Wire.ExecutionFamily.joined)
        writer.bool(family.isAllSettled, Wire.ExecutionFamily.allSettled)
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
            case Wire.ExecutionFamily.finalizer: read.isFinalizer = try reader.varint() != 0
            case Wire.ExecutionFamily.runOutput: read.runOutput = try reader.varint()
            case Wire.ExecutionFamily.failed:
                read.insert(failed: try Child(snapshot: try reader.bytes()))
            case Wire.ExecutionFamily.joined: read.joined = try reader.varint()
            case Wire.ExecutionFamily.allSettled: read.isAllSettled = try reader.varint() != 0
            default: try reader.skip(field)
            }
        }
        state.rare.family = read
    }
}

extension Family.Child {
    fileprivate func write(to writer: inout WireWriter, _ nested: inout WireWriter) {
        writer.removeAll()
        writer.varint(number, Wire.OpenChild.child)
        writer.string(id.text, Wire.OpenChild.id)
        writer.varint(started, Wire.OpenChild.started)
        nested.removeAll()
        operation.write(to: &nested)
        writer.bytes(nested.bytes, Wire.OpenChild.operation)
        writer.varint(stoppedBy, Wire.OpenChild.stoppedBy)
        writer.varint(reopens, Wire.OpenChild.reopens)
        writer.bool(isSpawned, Wire.OpenChild.spawned)
        writer.varint(wantedBy, Wire.OpenChild.wantedBy)
        guard let ending else { return }
        writer.varint(ending.end, Wire.OpenChild.end)
        writer.varint(UInt64(ending.status.proto.rawValue), Wire.OpenChild.status)
        writer.time(ending.at, Wire.OpenChild.endedAt)
    }

    fileprivate init(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var (number, started, stoppedBy) = (UInt64(0), UInt64(0), UInt64(0))
        var (id, operation): (Name, Operation?) = ("", nil)
        var (reopens, isSpawned, wantedBy) = (UInt64(0), false, UInt64(0))
        var (end, status, endedAt) = (UInt64(0), UInt64(0), Timestamp(rawValue: 0))
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.OpenChild.child: number = try reader.varint()
            case Wire.OpenChild.id: id = Name(try reader.string())
            case Wire.OpenChild.started: started = try reader.varint()
            case Wire.OpenChild.operation: operation = try Operation(reading: try reader.bytes())
            case Wire.OpenChild.stoppedBy: stoppedBy = try reader.varint()
            case Wire.OpenChild.reopens: reopens = try reader.varint()
            case Wire.OpenChild.spawned: isSpawned = try reader.varint() != 0
            case Wire.OpenChild.wantedBy: wantedBy = try reader.varint()
            case Wire.OpenChild.end: end = try reader.varint()
            case Wire.OpenChild.status: status = try reader.varint()
            case Wire.OpenChild.endedAt: endedAt = try reader.time()
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
            reopens: reopens,
            isSpawned: isSpawned,
            wantedBy: wantedBy
        )
        let proto = Int(exactly: status).flatMap { ProtoExecutionSummary.Status(rawValue: $0) }
        guard end != 0, let ended = proto.flatMap({ ExecutionStatus($0) }) else { return }
        ending = Family.Ending(end: end, status: ended, at: endedAt)
    }
}
