import DaybookFormat

/// Which entry holds an output of an execution.
public struct NamedOutput: Hashable, Sendable, Codable {
    /// The output's name.
    public let name: Name
    /// The entry.
    public internal(set) var sequence: UInt64

    /// - Parameter sequence: the entry that holds the output's last value.
    package init(name: Name, sequence: UInt64) {
        self.name = name
        self.sequence = sequence
    }
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

extension ExecutionState {
    /// The entries that hold its outputs, by name, in the order of their names' first use.
    package var outputs: [NamedOutput] { rare.outputs.inOrder }
}
