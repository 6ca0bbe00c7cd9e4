import DaybookFormat
import DequeModule

/// The signals of an execution that nobody has asked for yet, in the order in which they came.
///
/// Taking the oldest of a name costs the same however many there are.
struct Mailbox: Sendable {
    /// The entries of the signals, ascending, by name.
    private var signals: [Name: Deque<UInt64>] = [:]
    /// What their senders say has failed, of those that have no value.
    private var failures: [UInt64: ErrorFacts] = [:]
    /// How many signals there are.
    private(set) var count = 0

    /// The entry of the oldest signal of a name.
    func first(named name: Name) -> UInt64? { signals[name]?.first }

    /// What the sender of a signal says has failed; nil: it has a value.
    func failure(of sequence: UInt64) -> ErrorFacts? {
        failures.isEmpty ? nil : failures[sequence]
    }

    /// Puts a signal behind those of its name.
    mutating func insert(_ sequence: UInt64, named name: Name, failure: ErrorFacts? = nil) {
        signals[name, default: []].append(sequence)
        if let failure { failures[sequence] = failure }
        count += 1
    }

    /// Takes a signal out. It is the first of its name, unless the journal is damaged.
    mutating func remove(_ sequence: UInt64, named name: Name) {
        guard let index = signals.index(forKey: name) else { return }
        if signals.values[index].first == sequence {
            signals.values[index].removeFirst()
        } else if let place = signals.values[index].firstIndex(of: sequence) {
            signals.values[index].remove(at: place)
        } else {
            return
        }
        count -= 1
        if !failures.isEmpty { failures[sequence] = nil }
        if signals.values[index].isEmpty { signals.remove(at: index) }
    }

    /// All signals in the order in which they came.
    var all: [(name: Name, sequence: UInt64, failure: ErrorFacts?)] {
        signals.flatMap { name, sequences in sequences.map { (name, $0, failure(of: $0)) } }
            .sorted { $0.1 < $1.1 }
            .map { (name: $0.0, sequence: $0.1, failure: $0.2) }
    }

    /// How many there are of each name, in the order of the oldest of each.
    var counts: [SignalCount] {
        signals.compactMap { name, sequences in
            sequences.first.map { ($0, SignalCount(name: name, count: sequences.count)) }
        }
        .sorted { $0.0 < $1.0 }
        .map(\.1)
    }
}

/// How many signals of a name nobody has asked for yet.
public struct SignalCount: Hashable, Sendable, Codable {
    /// The name.
    public let name: Name
    /// How many.
    public internal(set) var count: Int
}
