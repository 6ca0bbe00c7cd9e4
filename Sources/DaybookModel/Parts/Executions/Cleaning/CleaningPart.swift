import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// What is to be done should an execution end badly, and how far that has come.
    static let cleaning = ExecutionPart(
        name: "cleaning",
        schema: 4,
        kinds: [
            .checkpointSucceeded, .checkpointFailed, .operationStarted, .operationRetried,
            .operationResolved, .operationRecorded, .branchSettled, .executionClaimed,
            .attemptFailed,
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
        case .checkpointSucceeded:
            let marks = try CheckpointMarks(entry)
            try applyCheckpoint(&state, entry, compensates: marks.compensates)
        case .checkpointFailed:
            let isUncertain = try entry.flag(Wire.CheckpointFailed.compensates)
            if isUncertain || state.rare.cleaning.unsettled > 0 {
                try state.rare.cleaning.fail(entry, isUncertain: isUncertain)
            }
        case .operationRetried:
            let isUncertain = try entry.flag(Wire.OperationRetried.compensates)
            if isUncertain || state.rare.cleaning.unsettled > 0 {
                try state.rare.cleaning.fail(entry, isUncertain: isUncertain)
            }
        case .operationStarted:
            if try entry.flag(Wire.OperationStarted.compensates) {
                try state.rare.cleaning.start(entry)
            }
        case .operationResolved:
            if state.rare.cleaning.unsettled > 0 { try state.rare.cleaning.resolve(entry) }
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
            guard let index = state.rare.cleaning.next,
                state.rare.cleaning.registrations[index].path == path
            else { throw WireError("it ends a cleaning that is not the next one") }
            state.rare.cleaning.registrations[index].hasEnded = true
            let hasFailed = try entry.has(Wire.CleaningEnded.error)
            state.rare.cleaning.registrations[index].hasFailed = hasFailed
        case .cleaningSkipped:
            let heir = try entry.number(Wire.CleaningSkipped.heir)
            if heir != 0 {
                let event = try ProtoCleaningSkipped(decoding: entry)
                return try state.rare.cleaning.handOn(
                    to: heir,
                    before: event.before,
                    or: event.hasGiven ? OperationPath(event.given) : nil
                )
            }
            if try entry.flag(Wire.CleaningSkipped.keepsCompensations) {
                state.rare.cleaning.compensatesOnly = true
                return
            }
            let next = state.isClaimedForCleaning ? state.rare.cleaning.next : nil
            state.rare.cleaning.isSkipped = true
            // Nobody knows how far the one came that was under way.
            guard let next else { return }
            state.rare.cleaning.registrations[next].hasEnded = true
            state.rare.cleaning.registrations[next].hasFailed = true
        default:
            guard !state.rare.cleaning.registrations.isEmpty else { return }
            if change.kind != .attemptFailed, state.rare.cleaning.compensates {
                // It is taken back once the execution is opened again.
                state.rare.cleaning.endedBy = try entry.failedOperation(change.kind)
            }
            for path in change.undone { state.rare.cleaning.undo(path) }
            // Of what has ended well, or left nothing to undo, nothing runs.
            if change.closed { state.rare.cleaning.isSkipped = true }
        }
    }

    /// The branches of an operation have lost, but for one.
    private mutating func lose(_ path: OperationPath, except branch: UInt32) {
        let own = path.scope + [path.position, branch]
        func isLost(_ inner: OperationPath) -> Bool {
            inner.isInside(path) && !inner.scope.starts(with: own)
        }
        for index in registrations.indices where isLost(registrations[index].path) {
            registrations[index].isLost = true
        }
        values.removeAll(where: isLost)
    }

    /// From an operation on everything is undone.
    fileprivate mutating func undo(_ path: OperationPath) {
        registrations.removeAll { registration in
            registration.undoes == nil
                ? path.isUndone(registration.path) : registration.isTakenBack(with: path)
        }
        values.removeAll { path.isUndone($0) }
        countUnsettled()
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
        case _ where operation.kind.isOfValues:
            // What cleans up is not undone.
            if !status.isFinal { rare.cleaning.note(value: OperationPath(operation)) }
        default: break
        }
    }

    fileprivate mutating func reopenCleaning(_ change: Change) {
        // What is parked before it has ended goes on as it was, and so does a cleaning.
        guard change.wasFinal, change.beginsAttempt else { return }
        let endedBy = rare.cleaning.endedBy
        rare.cleaning.reopenings += 1
        rare.cleaning.isSkipped = false
        rare.cleaning.isClaimed = false
        rare.cleaning.compensatesOnly = false
        rare.cleaning.endedBy = nil
        let renewed = Set(
            rare.cleaning.valuesRenewed(endedBy, change.undone.filter { $0 != endedBy })
        )
        rare.cleaning.values.removeAll { renewed.contains($0) }
        for path in change.undone {
            // What only failed keeps its branches.
            if path != endedBy {
                rare.cleaning.registrations.removeAll {
                    path.isUndone($0.path) || $0.path.isInside(path)
                }
                rare.cleaning.values.removeAll { path.isUndone($0) || $0.isInside(path) }
            }
            rare.cleaning.undo(path)
        }
        rare.cleaning.reopenCompensations()
    }
}

extension Cleaning {
    /// The operations from which on everything is undone when the execution is opened again: what
    /// was registered by them has run.
    var undone: [OperationPath] {
        registrations.reversed().filter { $0.undoes == nil && $0.hasEnded && !$0.isLost }.map(
            \.path
        )
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
        writer.bool(state.rare.cleaning.compensatesOnly, Wire.ExecutionCleaning.compensatesOnly)
        if let endedBy = state.rare.cleaning.endedBy {
            nested.removeAll()
            endedBy.write(to: &nested)
            writer.bytes(nested.bytes, Wire.ExecutionCleaning.endedBy)
        }
        for path in state.rare.cleaning.values {
            nested.removeAll()
            path.write(to: &nested)
            writer.bytes(nested.bytes, Wire.ExecutionCleaning.values)
        }
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
            case Wire.ExecutionCleaning.compensatesOnly:
                read.compensatesOnly = try reader.varint() != 0
            case Wire.ExecutionCleaning.endedBy:
                read.endedBy = try OperationPath(reading: try reader.bytes())
            case Wire.ExecutionCleaning.values:
                read.values.append(try OperationPath(reading: try reader.bytes()))
            default: try reader.skip(field)
            }
        }
        read.countUnsettled()
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
        writer.varint(UInt64(undoes?.proto.rawValue ?? 0), Wire.Registration.undoes)
        writer.bool(hasFailed, Wire.Registration.failed)
        writer.varint(begun, Wire.Registration.begun)
        writer.varint(heir, Wire.Registration.heir)
    }

    fileprivate init(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var sequence: UInt64 = 0
        var path: OperationPath?
        var name: Name = ""
        var finishedBy: OperationPath?
        var (hasEnded, isLost, hasFailed) = (false, false, false)
        var undoes: Cleaning.Undoes?
        var (begun, heir): (UInt64, UInt64) = (0, 0)
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
            case Wire.Registration.undoes: undoes = Cleaning.Undoes(try reader.varint())
            case Wire.Registration.failed: hasFailed = try reader.varint() != 0
            case Wire.Registration.begun: begun = try reader.varint()
            case Wire.Registration.heir: heir = try reader.varint()
            default: try reader.skip(field)
            }
        }
        guard let path else { throw WireError("nothing is registered") }
        self.init(
            sequence: sequence,
            path: path,
            name: name,
            undoes: undoes,
            finishedBy: finishedBy,
            hasEnded: hasEnded,
            hasFailed: hasFailed,
            isLost: isLost,
            begun: begun,
            heir: heir
        )
    }
}

extension Cleaning.Undoes {
    fileprivate var proto: ProtoRegistration.Undoes {
        switch self {
        case .started: .started
        case .uncertain: .uncertain
        case .success: .success
        }
    }

    fileprivate init?(_ number: UInt64) {
        switch ProtoRegistration.Undoes(rawValue: Int(truncatingIfNeeded: number)) {
        case .started: self = .started
        case .uncertain: self = .uncertain
        case .success: self = .success
        default: return nil
        }
    }
}

extension OperationPath {
    func write(to writer: inout WireWriter) {
        writer.packed(scope.lazy.map(UInt64.init), Wire.OperationPath.scope)
        writer.varint(UInt64(position), Wire.OperationPath.position)
    }

    init(reading bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init(try ProtoOperationPath(wire: bytes))
    }
}
