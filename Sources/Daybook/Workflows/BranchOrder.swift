import DaybookModel

/// In which order the ends of branches count that run over their record again.
///
/// Their tasks end in whatever order they are run in. What had ended when all of the execution waited for the
/// last time comes before what ends now: so an end that would decide is kept back until those have ended again.
struct BranchOrder<Value: Sendable>: Sendable {
    typealias End = BranchRunner.Outcome<Value>

    let count: Int
    let limit: Int
    private var ended: Set<Int> = []
    /// The branches that must end first; nil: nobody has asked yet.
    private var ahead: Set<Int>?
    private var kept: [End] = []

    /// - Parameter limit: so many run at once.
    init(count: Int, limit: Int) {
        self.count = count
        self.limit = limit
    }

    /// An end, and all that were kept back for it.
    mutating func all(and end: End) -> [End] {
        defer { kept = [] }
        return [end] + kept
    }

    /// The ends that count now, in order.
    /// - Parameter waiting: the branches that waited when all of the execution did for the last time; nil:
    ///   there is no saying.
    mutating func ends(
        after end: End,
        _ tally: BranchTally,
        _ waiting: () throws -> Set<UInt32>?
    ) rethrows -> [End] {
        ended.insert(end.index)
        if ahead == nil {
            guard tally.wouldDecide(failed: end.failure != nil) else { return [end] }
            ahead = Self.ended(try waiting(), count: count, limit: limit).subtracting(ended)
        }
        let wasAhead = ahead?.remove(end.index) != nil
        guard ahead?.isEmpty == false else { return all(and: end) }
        if wasAhead { return [end] }
        kept.append(end)
        return []
    }

    /// The branches that had ended when those waited.
    static func ended(_ waiting: Set<UInt32>?, count: Int, limit: Int) -> Set<Int> {
        guard let waiting else { return [] }
        let numbers = Set(waiting.lazy.map { Int($0) }.filter { $0 < count })
        // They begin in their order, and where less than may wait none is left to begin.
        let begun = numbers.count < limit ? count : (numbers.max() ?? -1) + 1
        return Set(0..<begun).subtracting(numbers)
    }
}
