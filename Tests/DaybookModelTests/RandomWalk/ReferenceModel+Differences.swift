import DaybookFormat
import SwiftProtobuf

@testable import DaybookModel

extension ReferenceModel.Execution {
    /// What a state of the model has otherwise than it should; nil: nothing.
    func difference(from state: ExecutionState) -> String? {
        let equal: [(String, Bool)] = [
            ("number", state.number == number), ("id", state.id == id),
            ("type", state.type == type), ("status", state.status == status),
            ("isParked", state.isParked == isParked), ("isPaused", state.isPaused == isPaused),
            ("isDelayed", state.isDelayed == isDelayed), ("session", state.session ?? 0 == holder),
            ("beginsAttempt", state.beginsAttempt == beginsAttempt),
            ("epoch", state.epoch == epoch), ("attempt", state.attempt == attempt),
            ("losses", state.losses == losses), ("submittedAt", state.submittedAt == submittedAt),
            ("startAt", state.startAt.rawValue == startAt),
            ("startedAt", state.startedAt.rawValue == startedAt),
            ("finishedAt", state.finishedAt.rawValue == finishedAt),
            ("updatedAt", state.updatedAt.rawValue == updatedAt),
            ("deadline", state.deadline.rawValue == deadline),
            ("entries", state.entries == entries), ("last", state.last == last),
            ("readySequence", state.readySequence == readySince),
            ("retry", state.retry == terms.retry), ("timeout", state.timeout == terms.timeout),
            ("labels", state.labels == terms.labels),
            ("continuedFrom", state.continuedFrom == continuedFrom),
            ("previousFailure", state.previousFailure == previousFailure),
            ("refusedEpochs", Set(state.refusedEpochs) == refused),
            ("errorCode", state.errorCode == errorCode),
            ("reopenings", state.reopenings == reopenings),
            ("due", state.dueCleaning == due || isClosed),
            ("attemptsBefore", state.rare.attemptsBefore == attemptsBefore),
            (
                "registered",
                state.rare.cleaning.registrations.map(Self.words) == registered.map(Self.words)
            ),
            (
                "reopened",
                Set(state.progress.reopenings.places.map { $0.scope + [$0.position] }) == reopened
                    && Set(state.progress.reopenings.failures.keys.map { $0.scope + [$0.position] })
                        == failedAgain
            ),
            ("doubts", state.rare.doubts.map(\.operation) == doubts),
            ("pin", state.isPinned == terms.isPinned && state.pinnedRevision ?? "" == revision),
            (
                "progress",
                operations.allSatisfy { state.progress.next(in: $0.scope) == next(in: $0.scope) }
            ),
            (
                "store",
                state.rare.store.allSatisfy { store[$0] == $1 }
                    && state.rare.store.count == store.count
            ),
            (
                "workspace",
                state.workspace.entry == workspace.entry
                    && state.workspace.epoch == workspace.epoch
                    && state.workspace.take == workspace.number
                    && state.workspace.isUnsaved == workspace.isUnsaved
            ),
            (
                "outputs",
                state.outputs.map { "\($0.name) \($0.sequence)" }
                    == outputs.map { "\($0.name) \($0.sequence)" }
            ),
            (
                "traceContext",
                state.rare.lineage.traceContext == terms.traceContext?.text ?? ""
            ),
            (
                "signals",
                state.rare.mailbox.all.map {
                    "\($0.name) \($0.sequence) \($0.failure?.code ?? "")"
                }
                    == signals.map { "\($0.name) \($0.sequence) \($0.failure ?? "")" }
            ),
            ("signalIDs", Set(state.rare.signalIDs.inOrder) == signalIDs),
            (
                "family",
                state.rare.family.parent == parent && state.depth == depth
                    && state.rare.family.inOrder.map(Self.words) == children.map(Self.words)
                    && state.rare.family.openSpawned == children.count { $0.isSpawned }
            ),
            (
                "failed children",
                state.rare.family.failedInOrder.map(Self.words)
                    == failedChildren.sorted { $0.started < $1.started }.map(Self.words)
            ),
            ("joined", isClosed || state.rare.family.joined == joined),
            ("erased", state.erasedBy ?? 0 == erased),
            ("archived", state.archivedBy ?? 0 == archived),
            ("waits", status.isFinal || state.waits.map(Self.words) == waits.map(Self.words)),
        ]
        return equal.first { !$0.1 }.map {
            "\($0.0) of \(text(of: state)), which should be \(self)"
        }
    }

    private static func words(_ one: Cleaning.Registration) -> String {
        let by = one.finishedBy.map { $0.scope + [$0.position] } ?? []
        return
            "\(one.sequence) \(one.path.scope + [one.path.position]) \(one.name) \(by) \(one.hasEnded) \(one.isLost) \(one.hasFailed && one.undoes != nil) \(one.undoes.map { "\($0)" } ?? "")"
    }

    private static func words(_ one: ReferenceModel.Registered) -> String {
        "\(one.sequence) \(one.place) \(one.name) \(one.finishedBy ?? []) \(one.hasEnded) \(one.isLost) \(one.hasFailed && one.undoes != nil) \(one.undoes.map { "\($0)" } ?? "")"
    }

    private static func words(_ child: Family.Child) -> String {
        "\(child.number) \(child.id) \(child.started) \(child.stoppedBy) \(child.reopens) \(child.isSpawned) \(child.wantedBy) \(child.ending.map { "\($0.status) \($0.at.rawValue)" } ?? "")"
    }

    private static func words(_ child: ReferenceModel.Child) -> String {
        "\(child.number) \(child.id) \(child.started) \(child.stoppedBy) \(child.reopens) \(child.isSpawned) \(child.wantedBy) \(child.ending.map { "\($0.status) \($0.at)" } ?? "")"
    }

    private static func words(_ wait: Wait) -> String {
        "\(wait.kind) \(wait.operation.scope) \(wait.operation.position) \(wait.sequence) \(wait.deadline?.rawValue ?? 0)"
    }

    private static func words(_ wait: ReferenceModel.Waiting) -> String {
        "\(wait.kind) \(wait.operation.scope) \(wait.operation.position) \(wait.sequence) \(wait.deadline)"
    }

    private var termsOfRow: ProtoExecutionTerms {
        .with {
            if terms.retry != .none { $0.retry = terms.retry.proto }
            $0.timeout = terms.timeout?.wholeNanoseconds ?? 0
            // A run that goes on from another is not held back.
            $0.delay = continuedFrom == nil ? terms.delay.wholeNanoseconds : 0
            $0.labels = terms.labels.protos
        }
    }

    /// What a row of the newest run has otherwise than it should; nil: nothing.
    func difference(from row: ProtoExecutionRow) -> String? {
        guard isClosed else {
            return row.number == number && !row.hasClosed
                ? nil : "\(id) is open, and its row \(row)"
        }
        let closed = row.closed
        let equal: [(String, Bool)] = [
            ("number", row.number == number), ("closed", row.hasClosed),
            ("type", Name(closed.type) == type), ("status", closed.status == status.proto),
            ("submittedAt", closed.submittedAt == submittedAt.rawValue),
            ("startAt", closed.startAt == startAt), ("startedAt", closed.startedAt == startedAt),
            ("finishedAt", closed.finishedAt == finishedAt),
            ("attempts", closed.attempts == attempt), ("last", closed.last == last),
            ("entries", closed.entries == entries), ("errorCode", closed.errorCode == errorCode),
            ("updatedAt", closed.updatedAt == (updatedAt == finishedAt ? 0 : updatedAt)),
            ("losses", closed.losses == losses), ("terms", closed.terms == termsOfRow),
            ("continuedFrom", closed.continuedFrom == continuedFrom ?? 0),
            ("parent", closed.parent == parent && !closed.finalizer),
            ("erased", closed.erased == erased), ("archived", closed.archived == archived),
            (
                "outputs",
                closed.outputs.map { "\($0.name) \($0.sequence)" }
                    == outputs.map { "\($0.name) \($0.sequence)" }
            ),
        ]
        return equal.first { !$0.1 }.map { "\($0.0) of \(row), which should be of \(self)" }
    }
}
