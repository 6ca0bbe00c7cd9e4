import SwiftProtobuf

/// The events that this version knows: the field numbers of `daybook.v1.Entry`'s oneof.
@nonexhaustive
public enum EventKind: UInt32, Sendable, CaseIterable {
    /// Entry 0.
    case journalCreated = 16
    /// A process opened the journal for writing.
    case sessionOpened = 17
    /// It closed it in good order.
    case sessionClosed = 18
    /// It is gone without having done so.
    case sessionLost = 19
    /// A content type got its number.
    case contentTypeInterned = 20
    /// A snapshot was written.
    case snapshotTaken = 21
    /// The journal is at home somewhere else from here on.
    case journalAdopted = 22
    /// The journal was restored from a backup.
    case journalRestored = 23
    /// The journal's file was written anew.
    case journalRewritten = 24
    /// Executions lie in an archive.
    case archiveSealed = 25
    /// They do no longer.
    case archiveDropped = 26
    /// An execution exists.
    case executionSubmitted = 32
    /// It has been asked to run.
    case executionReadied = 33
    /// A session runs it.
    case executionClaimed = 34
    /// It ended well.
    case executionCompleted = 35
    /// It ended in an error.
    case executionFailed = 36
    /// A person must look.
    case executionParked = 37
    /// Its session is gone.
    case leaseLost = 38
    /// Its session gave it back.
    case leaseReleased = 39
    /// Something was refused that is worth keeping.
    case commandRefused = 40
    /// An attempt failed, and another follows.
    case attemptFailed = 41
    /// Its last attempt took too long.
    case executionTimedOut = 42
    /// Somebody cancelled it.
    case executionCancelled = 43
    /// It was never asked to run, and its time is over.
    case executionExpired = 44
    /// It goes on as a new run of the same id.
    case executionContinued = 45
    /// Nothing is left to clean up after its end.
    case executionClosed = 46
    /// Nothing of it runs until it is resumed.
    case executionPaused = 47
    /// It may run again.
    case executionResumed = 48
    /// A person has it run again.
    case executionReopened = 49
    /// All that runs of it waits.
    case executionWaiting = 50
    /// Something came in that a handler can wait for.
    case signalReceived = 51
    /// What was registered for an end from outside has run.
    case cleaningEnded = 52
    /// What was registered for it does not run.
    case cleaningSkipped = 53
    /// Another revision runs it from here on.
    case executionRepinned = 54
    /// A body is about to run.
    case operationStarted = 64
    /// A body gave a value.
    case checkpointSucceeded = 65
    /// A body threw.
    case checkpointFailed = 66
    /// Lines were logged.
    case logRecorded = 67
    /// An operation waits for a time.
    case timerStarted = 68
    /// That time has come.
    case timerFired = 69
    /// An operation waits for a signal.
    case signalAwaited = 70
    /// It got one.
    case signalDelivered = 71
    /// An operation split into branches.
    case branchesStarted = 72
    /// A branch has decided the operation.
    case branchSettled = 73
    /// An operation without a body was recorded.
    case operationRecorded = 74
    /// A body threw and is tried again.
    case operationRetried = 75
    /// A person has said what became of a body that may have run.
    case operationResolved = 76
    /// An operation begins another execution, and waits for its end.
    case childStarted = 77
    /// Nothing of a child is open any more.
    case childEnded = 78
    /// The handler has returned, and waits for all that it has spawned.
    case childrenAwaited = 79
    /// Nothing that was spawned is open any more.
    case childrenSettled = 80
    /// Secrets were given.
    case secretsStored = 96
    /// Secrets are wiped.
    case secretsWiped = 97
    /// The folder that an execution keeps files in was saved.
    case workspaceSaved = 112
    /// It could not be saved.
    case workspaceUnsaved = 113
    /// Payloads of an execution are erased.
    case payloadsErased = 128
    /// An execution lies in an archive, or does no longer.
    case executionArchived = 129
    /// There is a type of tasks.
    case taskTypeRegistered = 160
    /// There is a task.
    case taskCreated = 161
    /// A task that was due has a run.
    case taskDispatched = 162
    /// A run of a task has ended.
    case taskRunEnded = 163
    /// A task is not dispatched any more.
    case taskDisabled = 164
    /// It is to be run again.
    case taskRespawned = 165
    /// It is not kept in mind any more.
    case taskArchived = 166
    /// There is a version of a runbook that tasks can run.
    case runbookStored = 167

    /// The event's field in an entry.
    package var field: WireField { WireField(rawValue, .lengthDelimited) }

    /// The name in `daybook.proto`, as the JSON form of an entry has it: `execution_submitted`.
    public var name: String {
        switch self {
        case .journalCreated: "journal_created"
        case .sessionOpened: "session_opened"
        case .sessionClosed: "session_closed"
        case .sessionLost: "session_lost"
        case .contentTypeInterned: "content_type_interned"
        case .snapshotTaken: "snapshot_taken"
        case .journalAdopted: "journal_adopted"
        case .journalRestored: "journal_restored"
        case .journalRewritten: "journal_rewritten"
        case .archiveSealed: "archive_sealed"
        case .archiveDropped: "archive_dropped"
        case .executionSubmitted: "execution_submitted"
        case .executionReadied: "execution_readied"
        case .executionClaimed: "execution_claimed"
        case .executionCompleted: "execution_completed"
        case .executionFailed: "execution_failed"
        case .executionParked: "execution_parked"
        case .leaseLost: "lease_lost"
        case .leaseReleased: "lease_released"
        case .commandRefused: "command_refused"
        case .attemptFailed: "attempt_failed"
        case .executionTimedOut: "execution_timed_out"
        case .executionCancelled: "execution_cancelled"
        case .executionExpired: "execution_expired"
        case .executionContinued: "execution_continued"
        case .executionClosed: "execution_closed"
        case .executionPaused: "execution_paused"
        case .executionResumed: "execution_resumed"
        case .executionReopened: "execution_reopened"
        case .executionWaiting: "execution_waiting"
        case .signalReceived: "signal_received"
        case .cleaningEnded: "cleaning_ended"
        case .cleaningSkipped: "cleaning_skipped"
        case .executionRepinned: "execution_repinned"
        case .operationStarted: "operation_started"
        case .checkpointSucceeded: "checkpoint_succeeded"
        case .checkpointFailed: "checkpoint_failed"
        case .logRecorded: "log_recorded"
        case .timerStarted: "timer_started"
        case .timerFired: "timer_fired"
        case .signalAwaited: "signal_awaited"
        case .signalDelivered: "signal_delivered"
        case .branchesStarted: "branches_started"
        case .branchSettled: "branch_settled"
        case .operationRecorded: "operation_recorded"
        case .operationRetried: "operation_retried"
        case .operationResolved: "operation_resolved"
        case .childStarted: "child_started"
        case .childEnded: "child_ended"
        case .childrenAwaited: "children_awaited"
        case .childrenSettled: "children_settled"
        case .secretsStored: "secrets_stored"
        case .secretsWiped: "secrets_wiped"
        case .workspaceSaved: "workspace_saved"
        case .workspaceUnsaved: "workspace_unsaved"
        case .payloadsErased: "payloads_erased"
        case .executionArchived: "execution_archived"
        case .taskTypeRegistered: "task_type_registered"
        case .taskCreated: "task_created"
        case .taskDispatched: "task_dispatched"
        case .taskRunEnded: "task_run_ended"
        case .taskDisabled: "task_disabled"
        case .taskRespawned: "task_respawned"
        case .taskArchived: "task_archived"
        case .runbookStored: "runbook_stored"
        }
    }
}

extension ProtoEntry.OneOf_Event {
    /// The event as it stands in an entry: tag, length, message.
    package func encoded() -> [UInt8] {
        var entry = ProtoEntry()
        entry.event = self
        do {
            return try entry.serializedBytes()
        } catch {
            // Only a required field that is missing, or a message over 2 GiB, could be the cause,
            // and proto3 has no required fields.
            fatalError("an event cannot be encoded: \(error)")
        }
    }
}

extension Message {
    /// The message's bytes.
    package func encoded() -> [UInt8] {
        do {
            return try serializedBytes()
        } catch {
            fatalError("a message cannot be encoded: \(error)")
        }
    }
}

extension Message {
    /// Decodes the event of an entry in full.
    /// - Throws: ``WireError`` when it is not this message.
    package init(decoding entry: EntryView) throws(WireError) {
        do {
            try self.init(serializedBytes: Array(entry.eventBytes))
        } catch {
            throw WireError("the event is not a \(Self.protoMessageName) (\(error))")
        }
    }
}

extension EntryView {
    /// Who asked for it, as far as the entry says so itself.
    /// - Throws: ``WireError`` for bytes that are no `daybook.v1.Request`.
    package func request() throws(WireError) -> ProtoRequest? {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            guard field == Wire.Entry.request else {
                try reader.skip(field)
                continue
            }
            do {
                return try ProtoRequest(serializedBytes: Array(try reader.bytes()))
            } catch {
                throw WireError("its request is not a daybook.v1.Request (\(error))")
            }
        }
        return nil
    }
}
