public import DaybookFormat
import SwiftProtobuf

/// A handler asked for something else than what its history holds.
public struct Divergence: Error, Hashable, Sendable, CustomStringConvertible {
    /// The entry that recorded the operation; nil: nothing is recorded there.
    public let sequence: UInt64?
    /// What is recorded; nil: nothing.
    public let recorded: Operation?
    /// What was asked for; nil: the handler ended.
    public let attempted: Operation?
    /// File and line of the call.
    public let location: String

    /// Puts a divergence together.
    public init(
        sequence: UInt64?,
        recorded: Operation?,
        attempted: Operation?,
        location: String
    ) {
        self.sequence = sequence
        self.recorded = recorded
        self.attempted = attempted
        self.location = location
    }

    /// The recorded form.
    public var proto: ProtoDivergence {
        .with {
            $0.sequence = sequence ?? 0
            if let recorded { $0.recorded = recorded.proto }
            if let attempted { $0.attempted = attempted.proto }
            $0.location = location
        }
    }

    /// What differs, in words.
    public var description: String {
        let asked =
            attempted.map {
                "the code asks for the \($0.kind.rawValue) \"\($0.name)\" at \(location)"
            }
            ?? "the handler ended at \(location)"
        guard let recorded else { return "\(asked), and nothing is recorded there" }
        var found =
            "entry \(sequence ?? 0) records the \(recorded.kind.rawValue) \"\(recorded.name)\""
        if let attempted, attempted.name == recorded.name, attempted.kind == recorded.kind {
            found += " with another input"
        }
        return "\(asked), but \(found)"
    }
}
