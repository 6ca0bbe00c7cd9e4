import DaybookFormat
import DaybookJournal
public import DaybookModel
import DaybookView

extension Inspector {
    /// The operations of an execution in the order of their first entries: those that count, or
    /// all that were ever recorded.
    /// - Parameter undone: also those that a later attempt has undone.
    public func operations(of number: UInt64, undone: Bool = false) throws -> [OperationRecord] {
        var all: [OperationRecord] = []
        var places: [OperationPath: Int] = [:]
        try history(of: number) { entry in
            if let failed = entry.failedOperation {
                OperationRecord.undo(OperationPath(failed), &all, &places)
            }
            guard let proto = entry.operation else { return true }
            let operation = try entry.operation(proto)
            let path = OperationPath(operation)
            let place = places[path] ?? all.count
            if place == all.count {
                places[path] = place
                all.append(
                    OperationRecord(
                        operation: operation,
                        status: .started,
                        sequence: entry.sequence
                    )
                )
            }
            all[place].take(entry)
            return true
        }
        if !undone { all.removeAll { $0.isUndone } }
        OperationRecord.endBranches(&all)
        return all
    }

    /// The state of everything that is open: the newest snapshot, and the entries after it.
    public func state() throws -> State {
        let journal = try Journal.open(store)
        var state = try StateSnapshots(of: journal, in: folder.snapshots).newest()
        try journal.scan(from: state.next) { entry, reader in
            try state.apply(committed: entry, reader)
            return true
        }
        return state
    }
}

extension OperationRecord {
    /// An attempt has ended with the failure of an operation: what followed it no longer counts,
    /// and those around it are under way again.
    fileprivate static func undo(
        _ path: OperationPath,
        _ all: inout [OperationRecord],
        _ places: inout [OperationPath: Int]
    ) {
        for (other, place) in places where path.isFollowed(by: other) {
            all[place].isUndone = true
            places[other] = nil
        }
        for around in path.enclosing {
            let place = places[OperationPath(scope: around.scope, position: around.position)]
            if let place { all[place].status = .started }
        }
    }

    mutating func take(_ entry: JournalEntry) {
        switch entry.entry.event {
        case .operationStarted:
            starts += 1
            startedAt = entry.time
            sequence = entry.sequence
        case .checkpointSucceeded(let event):
            status = .success
            isVerified = event.verified
            end(entry, startedAt: event.startedAt)
            (errorCode, message) = (nil, nil)
            value = entry.payloads.first.flatMap { $0.isErased ? nil : $0.data }
        case .checkpointFailed(let event):
            status = .failed
            end(entry, startedAt: event.startedAt)
            errorCode = event.error.code
            message = entry.text(ofPayload: 0)
        case .logRecorded(let event): logLines += event.lines
        case .timerStarted(let event): wait(entry, until: event.deadline)
        case .signalAwaited(let event): wait(entry, until: event.deadline)
        case .operationRetried(let event):
            wait(entry, until: event.retryAt)
            tries = event.tries
            errorCode = event.error.code
            message = entry.text(ofPayload: 0)
        case .timerFired:
            // A body that is tried again has not ended with that.
            status = tries > 0 ? .started : .success
            endedAt = entry.time
        case .signalDelivered:
            status = .success
            endedAt = entry.time
        case .branchesStarted(let event):
            startedAt = entry.time
            branches = event.branches
        case .branchSettled(let event):
            status = event.failed ? .failed : .success
            endedAt = entry.time
        case .operationRecorded:
            status = .success
            end(entry, startedAt: entry.entry.time)
            value = entry.payloads.first.flatMap { $0.isErased ? nil : $0.data }
        default: break
        }
    }

    private mutating func wait(_ entry: JournalEntry, until deadline: UInt64) {
        status = .waiting
        startedAt = startedAt ?? entry.time
        sequence = entry.sequence
        self.deadline = deadline == 0 ? nil : Timestamp(rawValue: deadline)
    }

    private mutating func end(_ entry: JournalEntry, startedAt began: UInt64) {
        startedAt = Timestamp(rawValue: began)
        endedAt = entry.time
        sequence = entry.sequence
    }
}

extension OperationRecord {
    /// No entry says that the branches of an operation have all ended: that the scope around them
    /// has gone on does.
    fileprivate static func endBranches(_ all: inout [OperationRecord]) {
        var ends: [[UInt32]: UInt32] = [:]
        for record in all {
            let operation = record.operation
            ends[operation.scope] = max(ends[operation.scope] ?? 0, operation.position)
        }
        for index in all.indices where all[index].branches != nil && all[index].status == .started {
            let operation = all[index].operation
            if ends[operation.scope] ?? 0 > operation.position { all[index].status = .success }
        }
    }

    /// A name for each of the operations, no two of them the same: as short as it can be. An
    /// operation of a branch can have the branch's number with it (`build[2]`), one that comes again
    /// has its count (`step#2`).
    public static func labels(of operations: [Operation]) -> [String] {
        let forms = operations.map { operation -> [String] in
            let branches = stride(from: 1, to: operation.scope.count, by: 2)
                .map { "[\(operation.scope[$0])]" }
            let name = operation.name
            return [name, name + (branches.last ?? ""), name + branches.joined()]
        }
        var labels = forms.map { $0[0] }
        for level in 1...2 {
            let counts = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
            for index in labels.indices where counts[labels[index]] ?? 0 > 1 {
                labels[index] = forms[index][level]
            }
        }
        let written = Set(labels)
        var taken: Set<String> = []
        var counts: [String: Int] = [:]
        for (index, label) in labels.enumerated() {
            var count = counts[label] ?? 1
            // What is counted must not be what another one is called.
            while !taken.insert(labels[index]).inserted {
                repeat { count += 1 } while written.contains("\(label)#\(count)")
                labels[index] = "\(label)#\(count)"
            }
            counts[label] = count
        }
        return labels
    }
}
