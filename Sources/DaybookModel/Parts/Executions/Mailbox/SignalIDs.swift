import DaybookFormat

/// The ids of signals that an execution has taken, so that none is taken twice.
struct SignalIDs: Sendable {
    /// In the order in which they came.
    private(set) var inOrder: [Name] = []
    private var known: Set<Name> = []

    /// Bytes of the ids that a run hands on to the next one.
    private static let handedOn = 16_384

    func contains(_ id: Name) -> Bool { known.contains(id) }

    mutating func insert(_ id: Name) {
        if known.insert(id).inserted { inOrder.append(id) }
    }

    /// The newest, as many as fit into the entry that begins the next run.
    var newest: ArraySlice<Name> {
        var bytes = 0
        var count = 0
        for id in inOrder.reversed() {
            bytes += id.text.utf8.count
            if bytes > Self.handedOn { break }
            count += 1
        }
        return inOrder.suffix(count)
    }
}
