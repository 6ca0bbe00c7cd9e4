import DaybookFormat
import DaybookModel

extension JournalEntry {
    /// What the entry says, in one line without its header. Where a payload was that is erased it says by
    /// whom, when and why.
    public var summary: String {
        let said = said
        let isTold = said.contains(erasedText)
        guard payloads.contains(where: \.isErased), !isTold else { return said }
        return said.isEmpty ? erasedText : "\(said) \(erasedText)"
    }

    private var said: String {
        switch entry.event {
        case .journalCreated(let event): "origin \(event.origin)"
        case .sessionOpened(let event):
            "\(event.program) \(event.version), pid \(event.pid) on \(event.host), by \(event.actor)"
                + lag(Identifier(Array(event.uuid))?.time)
        case .sessionClosed: "session \(entry.stream)"
        case .sessionLost(let event):
            "session \(entry.stream)"
                + (event.actor.isEmpty ? "" : ", ended by \(event.actor)\(message)")
        case .contentTypeInterned(let event): event.contentType
        case .snapshotTaken(let event):
            "\(event.projection) of \(event.size) entries, \(event.bytes) bytes"
        case .journalAdopted(let event): "by \(event.actor)\(message)"
        case .journalRestored(let event):
            "from a backup of \(event.size) entries"
                + (event.origin.isEmpty ? "" : ", origin \(event.origin) from here on")
                + ", by \(event.actor)\(message)"
        case .journalRewritten(let event):
            "\(event.size) entries, from \(event.bytesBefore) to \(event.bytesAfter) bytes"
                + (event.cause == .damage ? ", with indexes made anew" : "")
                + ", by \(event.actor)\(message)"
        case .archiveSealed(let event):
            "\(event.name), \(event.executions) executions, \(event.entries) entries, \(event.bytes) bytes, \(asked)"
        case .archiveDropped(let event): "the archive of entry \(event.archive), \(asked)"
        case .executionSubmitted(let event):
            "\(event.id) (\(event.type))" + origin(event)
        case .executionReadied(let event):
            (event.notBefore == 0 ? "" : "not before \(Timestamp(rawValue: event.notBefore)), ")
                + asked
        case .executionClaimed(let event):
            "epoch \(event.epoch), attempt \(event.attempt)"
                + (event.deadline == 0 ? "" : ", until \(Timestamp(rawValue: event.deadline))")
                + (event.revision.isEmpty ? "" : ", pinned to \(event.revision)")
        case .executionRepinned(let event):
            "to \(event.revision), \(asked)"
        case .attemptFailed(let event): describe(event.error) + again(event.retryAt)
        case .executionCompleted(let event): "\(event.operations) operations"
        case .executionFailed(let event): Self.name(event.cause) + describe(event.error)
        case .executionTimedOut(let event): describe(event.error)
        case .executionCancelled(let event): event.epoch == 0 ? asked : describe(event.error)
        case .executionExpired(let event): describe(event.error)
        case .executionContinued(let event): "as \(event.next)"
        case .executionClosed: ""
        case .cleaningEnded(let event):
            event.operation.name
                + (event.operation.kind != .checkpoint
                    ? "" : event.hasError ? ", could not be undone" : ", undone")
                + (event.hasError ? ": \(describe(event.error))" : "")
        case .cleaningSkipped(let event):
            event.heir != 0
                ? "\(event.heir) owes what was begun before entry \(event.before), \(asked)"
                : event.keepsCompensations ? "but for what is to be undone" : asked
        case .executionPaused: asked
        case .executionResumed: asked
        case .executionReopened: asked
        case .executionWaiting(let event): "epoch \(event.epoch)"
        case .signalReceived(let event):
            event.name + (event.signalID.isEmpty ? "" : " (\(event.signalID))")
                + (event.origin == 0 ? ", \(asked)" : "")
                + (event.hasError ? ", failed: \(describe(event.error))" : "")
        case .executionParked(let event):
            event.reason.word + message
        case .leaseLost(let event): "epoch \(event.epoch), \(event.losses) in a row"
        case .leaseReleased(let event): "epoch \(event.epoch)"
        case .commandRefused(let event): "\(event.command), epoch \(event.epoch)"
        case .operationStarted(let event): event.operation.name + input
        case .operationResolved(let event):
            "\(event.operation.name), \(Self.name(event.verdict)), \(asked)"
        case .checkpointSucceeded(let event):
            event.operation.name
                + (event.verified ? entry.causation == 0 ? " (found done)" : " (given)" : "")
                + Self.names(", stored ", event.stored) + Self.names(", removed ", event.removed)
                + input
        case .checkpointFailed(let event):
            "\(event.operation.name): \(describe(event.error))\(input)"
        case .logRecorded(let event):
            (event.lines == 1 ? "1 line" : "\(event.lines) lines")
                + (event.hasOperation ? " of \(event.operation.name)" : "")
        case .workspaceSaved(let event):
            "\(event.files) files, \(event.bytes) bytes"
                + (event.leftOut == 0 ? "" : ", \(event.leftOut) left out")
        case .workspaceUnsaved(let event): event.code + message
        case .timerStarted(let event):
            "\(event.operation.name), until \(Timestamp(rawValue: event.deadline))"
        case .timerFired(let event): event.operation.name
        case .signalAwaited(let event):
            event.operation.name
                + (event.deadline == 0 ? "" : ", until \(Timestamp(rawValue: event.deadline))")
        case .signalDelivered(let event):
            "\(event.operation.name), entry \(event.signal)"
                + (event.hasError ? ", failed: \(event.error.code)" : "")
        case .branchesStarted(let event): "\(event.operation.name), \(event.branches) branches"
        case .branchSettled(let event):
            "\(event.operation.name), branch \(event.branch) \(event.failed ? "failed" : "won")"
                + gathered(event)
        case .operationRecorded(let event):
            "\(Self.name(event.operation.kind)) \(event.operation.name)"
        case .operationRetried(let event):
            event.operation.name + (event.hasError ? ": \(describe(event.error))" : "")
                + again(event.retryAt)
        case .childStarted(let event):
            "\(event.operation.name), \(event.id)" + (event.reopens ? ", once it is closed" : "")
                + (event.spawned ? ", spawned" : "")
        case .childEnded(let event):
            "\(event.operation.name), \(Self.name(event.status))"
                + (event.hasError ? ": \(event.error.code)" : "")
                + (event.reopened
                    ? ", opened again" : isUnwanted(event) ? ", nobody waits for it" : "")
        case .childrenAwaited(let event):
            "all that was spawned" + (event.allSettled ? ", whether it fails or not" : "")
        case .childrenSettled: "nothing that was spawned is open"
        case .secretsStored(let event): Self.names(event.secrets)
        case .secretsWiped(let event):
            Self.names(event.secrets) + ", \(event.cause.word)"
                + (event.cause == .asked ? " \(asked)" : "")
        case .payloadsErased(let event):
            (event.from == event.through
                ? "entry \(event.from)" : "entries \(event.from) to \(event.through)")
                + (event.cause == .policy ? ", by a rule" : "") + ", \(asked)"
        case .executionArchived(let event):
            event.archive == 0
                ? "lies in no archive any more" : "lies in the archive of entry \(event.archive)"
        case .taskTypeRegistered(let event): "\(event.name), run by \(event.backend), \(asked)"
        case .taskCreated(let event):
            "\(String(decoding: event.arguments, as: UTF8.self).prefix(80)), from \(Timestamp(rawValue: event.nextRun)), \(asked)"
        case .taskDispatched(let event): "run \(event.execution)"
        case .taskRunEnded(let event): Self.describe(event)
        case .taskDisabled: asked
        case .taskRespawned(let event): "from \(Timestamp(rawValue: event.nextRun)), \(asked)"
        case .taskArchived: asked
        case .runbookStored(let event): "\(event.name), version \(event.version), \(asked)"
        case nil: ""
        }
    }

    /// How a run of a task has ended, and what becomes of the task.
    private static func describe(_ event: ProtoTaskRunEnded) -> String {
        let status = event.status.word
        let code = event.errorCode.isEmpty ? "" : ": \(event.errorCode)"
        if event.again { return "run \(event.execution) again, \(status)\(code)" }
        let next =
            event.taskStatus == .nextRunNotScheduled
            ? ", next from \(Timestamp(rawValue: event.nextRun))" : ""
        return (event.execution == 0 ? "" : "run \(event.execution), ") + status + code + next
    }

    /// Keys of the store: the first of them, and how many more there are.
    private static func names(_ what: String, _ keys: [String]) -> String {
        guard !keys.isEmpty else { return "" }
        let shown = keys.prefix(5).joined(separator: ", ")
        return what + shown + (keys.count > 5 ? " and \(keys.count - 5) more" : "")
    }

    private static func names(_ secrets: [ProtoSecretKey]) -> String {
        secrets.map(\.name).joined(separator: ", ")
    }

    /// Who or what asked for an execution.
    private func origin(_ event: ProtoExecutionSubmitted) -> String {
        if event.continuedFrom != 0 { return "" }
        if event.forkedFrom != 0 {
            return ", fork of \(event.forkedFrom) before \(event.forkedBefore), \(asked)"
        }
        if event.parent == 0 { return ", \(asked)" }
        return ", \(event.finalizer ? "finalizer" : "child") of \(event.parent)"
    }

    private static func name(_ status: ProtoExecutionSummary.Status) -> String {
        ExecutionStatus(status)?.rawValue ?? "status \(status.rawValue)"
    }

    /// How far the clock of a process was behind the journal: its session's UUID has the time of day
    /// by that clock, the entry has the journal's time.
    private func lag(_ clock: Timestamp?) -> String {
        guard let seconds = clock.map({ time.since($0).components.seconds }), seconds > 60 else {
            return ""
        }
        return ", its clock \(seconds) s behind the journal"
    }

    /// How many branches count of an operation that gathers what they come to.
    private func gathered(_ event: ProtoBranchSettled) -> String {
        guard !event.counted.isEmpty else { return "" }
        let count = BranchSet(event.counted).count
        return ", \(count) count, of which \(event.failures) failed"
    }

    private static func name(_ kind: ProtoOperation.Kind) -> String {
        Operation.Kind(kind)?.rawValue ?? "operation of kind \(kind.rawValue)"
    }

    private func isUnwanted(_ event: ProtoChildEnded) -> Bool { event.unheard && !event.spawned }

    private static func name(_ cause: ProtoExecutionFailed.Cause) -> String {
        switch cause {
        case .code: ""
        case .children: "its children: "
        case .finalizer: "its finalizer: "
        case .UNRECOGNIZED: "cause \(cause.rawValue): "
        }
    }

    private static func name(_ verdict: ProtoOperationResolved.Verdict) -> String {
        switch verdict {
        case .done: "done"
        case .notDone: "not done"
        case .failed: "failed"
        case .unspecified, .UNRECOGNIZED: "verdict \(verdict.rawValue)"
        }
    }

    /// The declared input, if it is kept here: its beginning.
    private var input: String {
        guard let index = inputPayload else { return "" }
        guard let text = text(ofPayload: index) else { return ", input \(erasedText)" }
        let isLong = text.count > 60
        return ", input \(text.prefix(60))\(isLong ? "…" : "")"
    }

    private func again(_ time: UInt64) -> String {
        time == 0 ? "; again" : "; again at \(Timestamp(rawValue: time))"
    }

    /// Who asked for it, and why.
    private var asked: String {
        guard let request, !request.actor.isEmpty else { return "by nobody who is known" }
        let reason = request.reason ?? (isReasonErased ? erasedText : nil)
        return "by \(request.who)" + (reason.map { ": \($0)" } ?? "")
    }

    private var isReasonErased: Bool {
        entry.request.reason && payloads.last?.isErased == true
    }

    private var message: String {
        if let text = text(ofPayload: 0) { return ": \(text)" }
        return payloads.first?.isErased == true ? ": \(erasedText)" : ""
    }

    private func describe(_ error: ProtoError) -> String {
        "\(error.code)\(message)"
    }
}

extension ProtoExecutionParked.Reason {
    /// A stable word for programs.
    var word: String {
        switch self {
        case .divergence: "divergence"
        case .losses: "losses"
        case .doubt: "doubt"
        case .unspecified, .UNRECOGNIZED: "reason \(rawValue)"
        }
    }
}

extension ProtoTaskRunStatus {
    /// A stable word for programs.
    fileprivate var word: String {
        do throws(WireError) {
            return try TaskRunStatus(self).rawValue
        } catch {
            return "status \(rawValue)"
        }
    }
}

extension ProtoSecretsWiped.Cause {
    /// A stable word for programs.
    package var word: String {
        switch self {
        case .completed: "completed"
        case .asked: "asked"
        case .expired: "expired"
        case .replaced: "replaced"
        case .unspecified, .UNRECOGNIZED: "cause \(rawValue)"
        }
    }
}
