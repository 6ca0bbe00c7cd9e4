import DaybookFormat

extension State {
    /// Whether checkpoints of an open execution are to be undone should it end badly.
    package func hasToCompensate(_ number: UInt64) -> Bool {
        executions.contains(number) && executions[known: number].rare.cleaning.compensates
    }
}

/// Checkpoints that are to be undone: no entry of their own registers them, but the one that says what
/// became of the checkpoint.
extension Cleaning {
    /// Takes in the success of a checkpoint.
    @inline(__always)
    static func applyCheckpoint(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        compensates: Bool
    ) throws(WireError) {
        guard compensates else {
            // Code that undid it before does so no more.
            if state.rare.cleaning.unsettled > 0 {
                state.rare.cleaning.drop(OperationPath(try entry.operation()))
            }
            return
        }
        let operation = try entry.operation()
        let earlier = state.rare.cleaning.drop(OperationPath(operation))
        state.rare.cleaning.add(operation, entry, .success, since: earlier)
    }

    /// Takes in that the body of a checkpoint begins. What is known of an earlier run of it stays.
    mutating func start(_ entry: EntryView) throws(WireError) {
        guard try entry.flag(Wire.OperationStarted.compensates) else { return }
        let operation = try entry.operation()
        guard index(of: OperationPath(operation)) == nil else { return }
        add(operation, entry, .started)
    }

    /// Takes in that a checkpoint, or a try of it, has failed.
    /// - Parameter isUncertain: nobody knows what it did before.
    mutating func fail(_ entry: EntryView, isUncertain: Bool) throws(WireError) {
        guard isUncertain || unsettled > 0 else { return }
        let operation = try entry.operation()
        let index = index(of: OperationPath(operation))
        if isUncertain {
            guard let index else { return add(operation, entry, .uncertain) }
            registrations[index].undoes = .uncertain
        } else if let index, registrations[index].undoes == .started {
            removeUnsettled(at: index)
        }
    }

    /// Takes in what a person says of a checkpoint that may have happened.
    mutating func resolve(_ entry: EntryView) throws(WireError) {
        guard unsettled > 0 else { return }
        let event = try ProtoOperationResolved(decoding: entry)
        guard event.verdict != .done, let index = index(of: OperationPath(event.operation)),
            registrations[index].undoes == .started
        else { return }
        removeUnsettled(at: index)
    }

    /// - Parameter earlier: what was known of it before it gave a value; nil: nothing was.
    private mutating func add(
        _ operation: Operation,
        _ entry: EntryView,
        _ undoes: Undoes,
        since earlier: Registration? = nil
    ) {
        add(
            Registration(
                sequence: entry.header.sequence,
                path: OperationPath(operation),
                name: operation.name,
                undoes: undoes,
                begun: earlier?.since ?? 0,
                heir: earlier?.heir ?? 0
            )
        )
    }

    /// - Returns: what was known of it; nil: nothing was.
    @discardableResult
    private mutating func drop(_ path: OperationPath) -> Registration? {
        guard let index = index(of: path) else { return nil }
        let registration = registrations[index]
        removeUnsettled(at: index)
        return registration
    }

    /// Where a checkpoint is that has not given a value.
    private func index(of path: OperationPath) -> Int? {
        guard unsettled > 0 else { return nil }
        return registrations.lastIndex {
            ($0.undoes == .started || $0.undoes == .uncertain) && $0.path == path
        }
    }

    /// Whether a checkpoint that is to be undone would be taken back with an operation, and nobody would
    /// undo it.
    func losesCompensations(with path: OperationPath) -> Bool {
        registrations.contains { $0.compensates && $0.isTakenBack(with: path) }
    }

    /// The checkpoints that have been undone, and whether they are recorded: when the execution is opened
    /// again each of them does not count any more, by itself.
    /// - Parameters:
    ///   - endedBy: the operation from which on all is taken back, because it failed.
    ///   - undone: those that are taken back as a whole.
    func renewed(
        _ endedBy: OperationPath?,
        _ undone: [OperationPath]
    ) -> [(path: OperationPath, undoes: Undoes)] {
        registrations.compactMap { registration in
            guard let undoes = registration.undoes, registration.hasEnded, !registration.hasFailed,
                !registration.isLost
            else { return nil }
            let path = registration.path
            let isTaken =
                endedBy.map { registration.isTakenBack(with: $0) } ?? false
                || undone.contains { $0.isFollowed(by: path) || path.isInside($0) }
            return isTaken ? nil : (path, undoes)
        }
    }

    /// Takes in an operation on a value.
    mutating func note(value path: OperationPath) {
        guard registrations.contains(where: { $0.undoes != nil }) else { return }
        let place = values.last.map { $0 < path } ?? true ? values.count : place(of: path)
        if place < values.count, values[place] == path { return }
        values.insert(path, at: place)
    }

    /// Where the operations on values are that lie in branches of an operation.
    func valuesInside(_ path: OperationPath) -> Range<Int> {
        let root = path.scope + [path.position]
        let first = place(of: OperationPath(scope: root, position: 0))
        let last = values[first...].firstIndex { !$0.isInside(path) } ?? values.endIndex
        return first..<last
    }

    /// Where an operation on a value is, or would be.
    private func place(of value: OperationPath) -> Int {
        var range = values.startIndex..<values.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range =
                values[middle] < value
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }

    /// The operations on values that are recorded anew, because they follow checkpoints that were undone: what
    /// they put, or found, may come from those.
    /// - Parameters: as of ``renewed(_:_:)``.
    func valuesRenewed(_ endedBy: OperationPath?, _ undone: [OperationPath]) -> [OperationPath] {
        guard !values.isEmpty else { return [] }
        var first: [OperationPath] = []
        for path in renewed(endedBy, undone).filter({ $0.undoes == .success }).map(\.path).sorted()
        {
            // What follows a later one follows an earlier one too.
            if !first.contains(where: { $0.isFollowed(by: path) }) { first.append(path) }
        }
        guard !first.isEmpty else { return [] }
        return values.filter { value in
            let isTaken =
                endedBy.map { $0 == value || $0.isFollowed(by: value) } ?? false
                || undone.contains {
                    $0 == value || $0.isFollowed(by: value) || value.isInside($0)
                }
            return !isTaken && first.contains { $0.isFollowed(by: value) }
        }
    }

    /// The execution is opened again: what was undone is registered anew when it has run again, and what
    /// could not be undone is to be undone at the next end.
    mutating func reopenCompensations() {
        registrations.removeAll { $0.undoes != nil && $0.hasEnded && !$0.hasFailed }
        if !registrations.contains(where: { $0.undoes != nil }) { values = [] }
        for index in registrations.indices where registrations[index].undoes != nil {
            registrations[index].hasEnded = false
            registrations[index].hasFailed = false
        }
        countUnsettled()
    }
}
