import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView

/// What was erased.
public struct ErasureAnswer: Equatable, Sendable {
    /// Executions of which something was erased, or all of it before.
    public internal(set) var executions = 0
    /// Entries whose payloads are gone.
    public internal(set) var entries = 0
    /// Payloads that are gone.
    public internal(set) var payloads = 0
    /// Bytes that they were recorded with.
    public internal(set) var bytes: UInt64 = 0
    /// Secrets that were kept, and are wiped.
    public internal(set) var secrets = 0
    /// The ids of executions that it had begun, and of which nothing is erased, nor of what they have begun:
    /// they are not closed, or an open fork goes on by them.
    public internal(set) var open: [String] = []
    /// The ids of executions that are not erased, and have the same input or the salt by which it can be
    /// guessed: forks, and what was forked.
    public internal(set) var sharing: [String] = []
}

extension Engine {
    /// Erases all payloads of an execution that is closed, and of all that are closed of those that it has
    /// begun: values, messages, reasons, lines of logs, files. Entries, proofs, names, ids and labels
    /// stay. Nothing runs or replays what is erased any more: it is neither retried nor forked, and its id
    /// is not given again.
    ///
    /// Each step is a commit of its own. Whoever asks again after an interruption goes on where it came to.
    /// Files that the execution has kept on this machine are removed. Copies of the journal that were made
    /// before have all that is erased, and so have pages of its file that are free, until they are written
    /// again.
    /// - Parameters:
    ///   - requester: who asks, and why: for the record, for ever.
    ///   - isRule: a rule asks, and nobody has named the execution.
    /// - Throws: ``Refusal``: there is no such execution (`not-found`); it is open, an open fork goes on
    ///   by it, or it is the child of one that is not erased (`conflict`). ``SecretError``; `SystemError`
    ///   when files could not be removed; ``JournalError``.
    @discardableResult
    public func erase(
        _ id: String,
        by requester: Requester = .session,
        isRule: Bool = false
    ) async throws -> ErasureAnswer {
        try await erase(id, by: requester, isRule: isRule, seen: nil)
    }

    /// - Parameter seen: its last entry as whoever asks has seen it: if it has gone on since, nothing is
    ///   erased.
    @discardableResult
    package func erase(
        _ id: String,
        by requester: Requester,
        isRule: Bool,
        seen: UInt64?
    ) async throws -> ErasureAnswer {
        var requester = requester
        var answer = ErasureAnswer()
        var erased: (ids: Set<Name>, runs: [UInt64]) = ([], [])
        // The last one is the next: however deep the family is.
        var left = [Name(id)]
        while let next = left.popLast() {
            // Once its secrets are wiped nothing finds them in a reason any more.
            requester = engine.redacted(requester, of: next)
            let (number, found): (UInt64, [ErasePayloads.Answer])
            do {
                (number, found) = try await eraseRuns(
                    of: next,
                    requester,
                    isRule,
                    seen: answer.executions == 0 ? seen : nil
                )
            } catch let refusal as Refusal
                where answer.executions > 0 && refusal.code == .conflict
            {
                answer.open.append(next.text)
                continue
            }
            for one in found { answer.note(one) }
            answer.executions += 1
            let runs = try engine.runs(number)
            erased.ids.insert(next)
            erased.runs += runs
            try await engine.removeWorkspaces(of: runs)
            let children = try engine.children(of: runs)
            answer.open += children.filter { !$0.isClosed }.map(\.id.text)
            left += children.filter(\.isClosed).map(\.id).reversed()
        }
        answer.sharing = try engine.sharers(of: erased.runs, besides: erased.ids)
        try await engine.checkDestroyed(for: id)
        return answer
    }

    /// Erases the payloads of one entry of an execution that is closed. What is erased of it already stays
    /// so; after that it is neither retried nor forked.
    /// - Parameters:
    ///   - entry: one of its entries.
    ///   - requester: who asks, and why.
    /// - Throws: as ``erase(_:by:isRule:)``; ``Refusal/Code/notFound`` for an entry of something else.
    @discardableResult
    public func erase(
        entry: UInt64,
        of id: String,
        by requester: Requester = .session
    ) async throws -> ErasureAnswer {
        let requester = engine.redacted(requester, of: Name(id))
        var answer = ErasureAnswer()
        let found = try await engine.perform {
            ErasePayloads(
                Intervention(id: Name(id), by: try engine.request(requester)),
                .entry(entry)
            )
        }
        answer.note(found)
        answer.executions = 1
        // Its first entry has the input.
        let runs = try engine.runs(found.number).filter { $0 == entry }
        answer.sharing = try engine.sharers(of: runs, besides: [Name(id)])
        try await engine.checkDestroyed(for: id)
        return answer
    }

    /// - Returns: the number of the newest run, and what was erased.
    private func eraseRuns(
        of id: Name,
        _ requester: Requester,
        _ isRule: Bool,
        seen: UInt64?
    ) async throws -> (number: UInt64, all: [ErasePayloads.Answer]) {
        var all: [ErasePayloads.Answer] = []
        var from: ErasePayloads.Cursor?
        while true {
            let scope = ErasePayloads.Scope.everything(from)
            let found = try await engine.perform {
                ErasePayloads(
                    Intervention(id: id, by: try engine.request(requester)),
                    scope,
                    cause: isRule ? .policy : .asked,
                    seen: from == nil ? seen : nil
                )
            }
            all.append(found)
            guard let next = found.next else { return (found.number, all) }
            from = next
        }
    }
}

extension ErasureAnswer {
    fileprivate mutating func note(_ found: ErasePayloads.Answer) {
        secrets += found.wiped.count
        guard let erased = found.erased else { return }
        entries += erased.entries
        payloads += erased.payloads
        bytes += erased.bytes
    }
}

/// What an execution has begun.
private struct BegunExecution {
    let id: Name
    let isClosed: Bool
}

extension EngineCore {
    /// Removes the folders that runs have kept files in.
    fileprivate func removeWorkspaces(of runs: [UInt64]) async throws {
        guard let workspaces else { return }
        try await SystemThread.run { for run in runs { try workspaces.erase(run) } }
    }

    /// Who asks, with a reason that has no secret of an execution in it.
    func redacted(_ requester: Requester, of id: Name) -> Requester {
        var requester = requester
        if let reason = requester.reason, let redactor = secrets(of: id)?.redactor {
            requester.reason = redactor.redacted(reason)
        }
        return requester
    }

    /// The ids of those that have the input of a run, or its salt.
    fileprivate func sharers(of runs: [UInt64], besides ids: Set<Name>) throws -> [String] {
        try writer.journal.store.read { reader in
            var all: [Name] = []
            for run in runs {
                for id in try FactLookup.sharers(of: run, reader)
                where !ids.contains(id) && !all.contains(id) { all.append(id) }
            }
            return all.map(\.text)
        }
    }

    /// The runs of an id, the newest first.
    fileprivate func runs(_ newest: UInt64) throws -> [UInt64] {
        try writer.journal.store.read { reader in
            var runs = [newest]
            while let run = runs.last {
                let before = try reader.withView(of: run) {
                    try ProtoExecutionSubmitted(decoding: $0).continuedFrom
                }
                guard let before, before != 0, before < run else { break }
                runs.append(before)
            }
            return runs
        }
    }

    /// What runs of an execution have begun, in the order in which they did.
    fileprivate func children(of runs: [UInt64]) throws -> [BegunExecution] {
        try writer.journal.store.read { reader in
            var all: [BegunExecution] = []
            for run in runs.reversed() {
                for number in try FactLookup.members(of: .children(of: run), reader) {
                    let id = try reader.withView(of: number) {
                        Name(try ProtoExecutionSubmitted(decoding: $0).id)
                    }
                    guard let id else { continue }
                    let row = try FactLookup.row(of: id, reader)
                    all.append(BegunExecution(id: id, isClosed: row?.hasClosed ?? false))
                }
            }
            return all
        }
    }
}
