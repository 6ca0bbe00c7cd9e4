import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// What a refused fork advises is granted: each place that is named has been looked at as one that is asked
/// for.
extension ForkPlanner {
    /// - Throws: ``Refusal/Code/conflict`` for what is in the way by the record of an execution.
    func refuse(
        _ obstacle: ForkObstacle,
        _ subject: ForkSubject,
        at found: FoundOperation,
        _ obstacles: ForkObstacles
    ) async throws -> Never {
        let reason: String
        var ways: [String] = []
        var isRetried = false
        switch obstacle {
        case .place(let objection): reason = objection
        case .undone(let name, let path):
            reason =
                "what it registered by \(name.quoted) (\(path)), before that, has run at its end"
            isRetried = subject.record.isRetriable && obstacles.now.heir == nil
        case .owed(let number):
            let heir = try lastHeir(number)
            reason =
                "its fork \(heir.id) owes what was registered for an end before that, and goes on with it"
            if let way = try await way(ofForking: heir, likewise: found, subject) {
                ways.append(way)
            }
        case .unsaved(let entry):
            reason =
                "the files that it had there could not be saved (entry \(entry)), and a fork would begin without them"
        }
        if let place = try await place(subject, before: found, obstacles) {
            let whose = ways.isEmpty ? "" : "\(subject.id) "
            ways.append(whose + subject.advice(place))
        }
        if isRetried { ways.append("retry \(subject.id)") }
        throw conflict(subject, found, "\(reason); \(Self.joined(ways))")
    }

    /// - Throws: ``Refusal/Code/conflict`` for what the code disagrees about.
    func refuse(
        _ disagreement: ForkDisagreement,
        _ subject: ForkSubject,
        at found: FoundOperation,
        _ obstacles: ForkObstacles
    ) async throws -> Never {
        let place = try await place(subject, before: found, obstacles)
        let or = place.map { ", or \(subject.advice($0))" } ?? ""
        switch disagreement {
        case .diverged(let divergence):
            let (difference, correction) = subject.sentence(of: divergence)
            throw conflict(
                subject,
                found,
                "before that, \(difference); \(correction); then fork it again\(or)"
            )
        case .erased(let sequence):
            let ways = place.map { [subject.advice($0)] } ?? []
            throw conflict(
                subject,
                found,
                "the entry \(sequence), which comes before, is erased; \(Self.joined(ways))"
            )
        case .lacks(let due):
            let lack = subject.workflow.lackOfUndoing(due.name.text, subject.input.data)
            throw conflict(
                subject,
                found,
                "\(due.name.quoted) (\(due.path)), before that, is to be undone should the fork end badly, and \(lack); then fork it again\(or)"
            )
        }
    }

    private func conflict(
        _ subject: ForkSubject,
        _ found: FoundOperation,
        _ sentence: String
    ) -> Refusal {
        Refusal(.conflict, "\(subject.id) cannot be forked at \(found.place): \(sentence)")
    }

    private static func joined(_ ways: [String]) -> String {
        guard let first = ways.first else { return "submit a new execution" }
        let verb = first.hasPrefix("retry ") ? "" : "fork "
        return verb + ways.joined(separator: ", or ")
    }

    /// The newest operation at which the fork would be granted; nil: there is none.
    /// - Parameter found: the one at which it is refused; nil: any will do.
    private func place(
        _ subject: ForkSubject,
        before found: FoundOperation?,
        _ obstacles: ForkObstacles
    ) async throws -> FoundOperation? {
        let open = try obstacles.open(before: found)
        guard let newest = open.first else { return nil }
        if try await disagreement(subject, at: newest) == nil { return newest }
        // From where the code disagrees on it does so everywhere: a few are looked at of many.
        var (low, high) = (1, open.count)
        while low < high {
            let middle = (low + high) / 2
            if try await disagreement(subject, at: open[middle]) == nil {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low < open.count ? open[low] : nil
    }

    /// How the fork that goes on is to be forked; nil: it cannot be.
    private func way(
        ofForking heir: ExecutionState,
        likewise found: FoundOperation,
        _ subject: ForkSubject
    ) async throws -> String? {
        guard let record = try record(of: heir.id.text), record.number == heir.number,
            record.erasedBy == nil, record.archivedBy == nil,
            record.type == subject.record.type
        else { return nil }
        let other = try self.subject(
            of: record,
            subject.isInputGiven ? subject.input : nil,
            harmless: subject.harmless,
            givesResult: subject.givesResult
        )
        let obstacles = try ForkObstacles(of: heir.number, store, harmless: subject.harmless)
        let path = OperationPath(found.operation)
        let same = try obstacles.open(before: nil)
            .first { OperationPath($0.operation) == path }
        var place = same
        if let same, try await disagreement(other, at: same) != nil { place = nil }
        if place == nil { place = try await self.place(other, before: nil, obstacles) }
        guard let place else { return nil }
        let delay =
            if heir.awaitedOrigin != nil {
                " once it has begun"
            } else if heir.status.isFinal, !record.isClosed {
                " once it is closed"
            } else {
                ""
            }
        return "\(record.id) \(other.advice(place))\(delay)"
    }

    /// The last of the forks that went on with what was done.
    private func lastHeir(_ number: UInt64) throws -> ExecutionState {
        var last = try state(of: number)
        while let next = last.heir, next > last.number { last = try state(of: next) }
        return last
    }

    private func state(of number: UInt64) throws -> ExecutionState {
        try JournalHistory(store: store, execution: number).history(of: number)
    }

    private func record(of id: String) throws -> ExecutionRecord? {
        try store.read { try ExecutionReader.record(of: id, $0) }
    }
}

extension ForkSubject {
    /// Where it can be forked. A result that was given is that of another operation.
    fileprivate func advice(_ place: FoundOperation) -> String {
        place.advice + (givesResult ? ", without a result" : "")
    }
}

extension ExecutionRecord {
    /// A person may have it run again.
    fileprivate var isRetriable: Bool {
        isClosed && status.isFinal && status != .completed && parent == nil && erasedBy == nil
            && archivedBy == nil
    }
}
