import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// What is to be done should an execution be ended from outside, and how far that has come.
    static let cleaning = ExecutionPart(
        name: "cleaning",
        schema: 1,
        kinds: [
            .operationRecorded, .branchSettled, .executionClaimed, .attemptFailed,
            .executionCompleted, .executionFailed, .executionTimedOut, .executionCancelled,
            .executionContinued, .executionReopened, .cleaningEnded, .cleaningSkipped,
        ],
        apply: Cleaning.apply,
        write: Cleaning.write,
        read: Cleaning.read
    )
}

extension Cleaning {
    @Sendable
    static func apply(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        switch change.kind {
        case .operationRecorded: try state.register(entry)
        case .executionClaimed: if change.wasFinal { state.rare.cleaning.isClaimed = true }
        case .executionReopened: state.reopenCleaning(change)
        case .branchSettled:
            guard !state.rare.cleaning.registrations.isEmpty else { return }
            let event = try ProtoBranchSettled(decoding: entry)
            // Of what is gathered several count, and nobody can say later which did not.
            guard !event.failed, event.counted.isEmpty else { return }
            state.rare.cleaning.lose(OperationPath(event.operation), except: event.branch)
        case .cleaningEnded:
            let path = OperationPath(try entry.operation())
            guard let index = state.rare.cleaning.registrations.lastIndex(where: { $0.stands }),
                state.rare.cleaning.registrations[index].path == path
            else { throw WireError("it ends a cleaning that is not the next one") }
            state.rare.cleaning.registrations[index].hasEnded = true
        case .cleaningSkipped:
            state.rare.cleaning.isSkipped = true
            // Nobody knows how far the one came that was under way.
            guard state.isClaimedForCleaning,
                let index = state.rare.cleaning.registrations.lastIndex(where: { $0.stands })
            else { return }
            state.rare.cleaning.registrations[index].hasEnded = true
        default:
            guard !state.rare.cleaning.registrations.isEmpty else { return }
            for path in change.undone { state.rare.cleaning.undo(path) }
            // Of what ends by itself nothing runs.
            if change.closed { state.rare.cleaning.isSkipped = true }
        }
    }

    /// The branches of an operation have lost, but for one.
    private mutating func lose(_ path: OperationPath, except branch: UInt32) {
        let own = path.scope + [path.position, branch]
        for index in registrations.indices {
            let inner = registrations[index].path
            if inner.isInside(path), !inner.scope.starts(with: own) {
                registrations[index].isLost = true
            }
        }
    }

    /// From an operation on everything is undone.
    fileprivate mutating func undo(_ path: OperationPath) {
        registrations.removeAll { path.isUndone($0.path) }
        for index in registrations.indices {
            if let by = registrations[index].finishedBy, path.isUndone(by) {
                registrations[index].finishedBy = nil
            }
        }
    }
}

extension OperationPath {
    /// Whether another operation is undone with this one, that is no split which keeps its branches.
    fileprivate func isUndone(_ other: OperationPath) -> Bool {
        self == other || isFollowed(by: other)
    }
}

extension ExecutionState {
    fileprivate mutating func register(_ entry: EntryView) throws(WireError) {
        let operation = try entry.operation()
        switch operation.kind {
        case .onUnfinished:
            rare.cleaning.registrations.append(
                Cleaning.Registration(
                    sequence: entry.header.sequence,
                    path: OperationPath(operation),
                    name: operation.name
                )
            )
        case .finished:
            let source = try entry.number(Wire.OperationRecorded.source)
            let index = rare.cleaning.registrations.firstIndex { $0.sequence == source }
            guard let index else { throw WireError("it withdraws what is not registered") }
            rare.cleaning.registrations[index].finishedBy = OperationPath(operation)
        default: break
        }
    }

    fileprivate mutating func reopenCleaning(_ change: Change) {
        // What is parked before it has ended goes on as it was, and so does a cleaning.
        guard change.wasFinal, change.beginsAttempt else { return }
        rare.cleaning.reopenings += 1
        rare.cleaning.isSkipped = false
        rare.cleaning.isClaimed = false
        for path in change.undone {
            rare.cleaning.registrations.removeAll {
                path.isUndone($0.path) || $0.path.isInside(path)
            }
            rare.cleaning.undo(path)
        }
    }
}

extension Cleaning {
    /// The operations from which on everything is undone when the execution is opened again: what
    /// was registered by them has run.
    var undone: [OperationPath] {
        registrations.reversed().filter { $0.hasEnded && !$0.isLost }.map(\.path)
    }
}

// MARK: In a snapshot

/// A `daybook.v1.ExecutionCleaning`.
extension Cleaning {
    @Sendable
    fileprivate static func write(
        _ state: borrowing ExecutionState,
        to writer: inout WireWriter,
        _ nested: inout WireWriter
    ) {
        guard !state.rare.cleaning.isEmpty else { return }
        for registration in state.rare.cleaning.registrations {
            nested.removeAll()
            registration.write(to: &nested)
            writer.bytes(nested.bytes, Wire.ExecutionCleaning.registrations)
        }
        writer.varint(UInt64(state.rare.cleaning.reopenings), Wire.ExecutionCleaning.reopenings)
        writer.bool(state.rare.cleaning.isSkipped, Wire.ExecutionCleaning.skipped)
        writer.bool(state.rare.cleaning.isClaimed, Wire.ExecutionCleaning.claimed)
    }

    @Sendable
    fileprivate static func read(
        _ state: inout ExecutionState,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        var reader = WireReader(bytes)
        var read = Cleaning()
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionCleaning.registrations:
                read.registrations.append(try Registration(snapshot: try reader.bytes()))
            case Wire.ExecutionCleaning.reopenings:
                read.reopenings = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.ExecutionCleaning.skipped: read.isSkipped = try reader.varint() != 0
            case Wire.ExecutionCleaning.claimed: read.isClaimed = try reader.varint() != 0
            default: try reader.skip(field)
            }
        }
        state.rare.cleaning = read
    }
}

extension Cleaning.Registration {
    fileprivate func write(to writer: inout WireWriter) {
        var place = WireWriter()
        writer.varint(sequence, Wire.Registration.sequence)
        path.write(to: &place)
        writer.bytes(place.bytes, Wire.Registration.operation)
        writer.string(name.text, Wire.Registration.name)
        if let finishedBy {
            place.removeAll()
            finishedBy.write(to: &place)
            writer.bytes(place.bytes, Wire.Registration.finished)
        }
        writer.bool(hasEnded, Wire.Registration.ended)
        writer.bool(isLost, Wire.Registration.lost)
    }

    fileprivate init(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var sequence: UInt64 = 0
        var path: OperationPath?
        var name: Name = ""
        var finishedBy: OperationPath?
        var (hasEnded, isLost) = (false, false)
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.Registration.sequence: sequence = try reader.varint()
            case Wire.Registration.operation: path = try OperationPath(reading: try reader.bytes())
            case Wire.Registration.name: name = Name(try reader.string())
            case Wire.Registration.finished:
                finishedBy = try OperationPath(reading: try reader.bytes())
            case Wire.Registration.ended: hasEnded = try reader.varint() != 0
            case Wire.Registration.lost: isLost = try reader.varint() != 0
            default: try reader.skip(field)
            }
        }
        guard let path else { throw WireError("nothing is registered") }
        self.init(
            sequence: sequence,
            path: path,
            name: name,
            finishedBy: finishedBy,
            hasEnded: hasEnded,
            isLost: isLost
        )
    }
}

extension OperationPath {
    fileprivate func write(to writer: inout WireWriter) {
        writer.packed(scope.lazy.map(UInt64.init), Wire.OperationPath.scope)
        writer.varint(UInt64(position), Wire.OperationPath.position)
    }

    fileprivate init(reading bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init(try ProtoOperationPath(wire: bytes))
    }
}
