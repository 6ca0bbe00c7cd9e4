public import DaybookFormat

/// What an operation waits for.
public struct Wait: Hashable, Sendable {
    /// What ends it.
    public enum Kind: String, Sendable {
        /// Its time.
        case timer
        /// A signal of its name, or its time if it has one.
        case signal
        /// Its time: then a body that threw is tried again.
        case retry
    }

    /// What ends it.
    public let kind: Kind
    /// The operation.
    public let operation: Operation
    /// Its time; nil: it waits for ever.
    public let deadline: Timestamp?
    /// The entry by which it began.
    public let sequence: UInt64
}

/// How many signals of a name nobody has asked for yet.
public struct SignalCount: Hashable, Sendable {
    /// The name.
    public let name: Name
    /// How many.
    public internal(set) var count: Int
}

/// Which entry holds an output of an execution.
public struct NamedOutput: Hashable, Sendable {
    /// The output's name.
    public let name: Name
    /// The entry.
    public internal(set) var sequence: UInt64
}

/// The entries that hold the outputs of an execution.
struct Outputs: Sendable {
    /// In the order of their names' first use.
    private(set) var inOrder: [NamedOutput] = []
    private var places: [Name: Int] = [:]

    /// An output has a new value.
    mutating func set(_ name: Name, _ sequence: UInt64) {
        if let place = places[name] {
            inOrder[place].sequence = sequence
        } else {
            places[name] = inOrder.count
            inOrder.append(NamedOutput(name: name, sequence: sequence))
        }
    }
}

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

/// A deadline of an execution, in the heap of all of them.
struct TimerItem: Comparable, Sendable {
    let deadline: Timestamp
    let execution: UInt64
    /// The entry by which a wait began; 0: the execution's own deadline.
    let wait: UInt64

    /// In order of time; of those at one time in order of the entries.
    static func < (left: TimerItem, right: TimerItem) -> Bool {
        if left.deadline != right.deadline { return left.deadline < right.deadline }
        if left.execution != right.execution { return left.execution < right.execution }
        return left.wait < right.wait
    }
}
