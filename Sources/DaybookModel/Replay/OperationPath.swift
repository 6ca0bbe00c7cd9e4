import DaybookFormat
import SwiftProtobuf

/// Which operation of an execution: its scope, and its position there.
public struct OperationPath: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The scope: empty for the handler itself, else pairs of position and branch.
    public let scope: [UInt32]
    /// Its place in the scope, from 0.
    public let position: UInt32

    /// The operation at a position of a scope.
    public init(scope: [UInt32], position: UInt32) {
        self.scope = scope
        self.position = position
    }

    /// Where an operation stands.
    public init(_ operation: Operation) {
        self.init(scope: operation.scope, position: operation.position)
    }

    init(_ proto: ProtoOperation) { self.init(scope: proto.scope, position: proto.position) }

    /// Reads the recorded form.
    package init(_ proto: ProtoOperationPath) {
        self.init(scope: proto.scope, position: proto.position)
    }

    /// The recorded form.
    package var proto: ProtoOperationPath {
        .with {
            $0.scope = scope
            $0.position = position
        }
    }

    /// The numbers of scope and position, with slashes: `2`; `0/1/2` is operation 2 in branch 1 of
    /// operation 0, and `0/end1/2` operation 2 of what operation 0 has to be done at a bad end, after the
    /// execution was opened again once.
    public var description: String {
        (scope + [position]).map { $0 < Self.firstEnd ? "\($0)" : "end\($0 - Self.firstEnd)" }
            .joined(separator: "/")
    }

    /// From here on a number in the place of a branch's is that of an end. What runs at a bad end lies in a
    /// scope of the operation that registered it. That operation may have given way to another one, which
    /// splits: no branch has the same number.
    package static let firstEnd: UInt32 = 1 << 31

    /// Whether a scope is no branch of the handler's: it belongs to what runs at a bad end.
    package static func isOfEnd(_ scope: [UInt32]) -> Bool {
        stride(from: 1, to: scope.count, by: 2).contains { scope[$0] >= firstEnd }
    }

    /// Reads what ``description`` gives.
    /// - Returns: nil for what is none.
    public init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            guard part.hasPrefix("end") else { return UInt32(part) }
            return UInt32(part.dropFirst(3)).flatMap { end in
                end < Self.firstEnd ? end + Self.firstEnd : nil
            }
        }
        guard numbers.count == parts.count, let position = numbers.last, numbers.count % 2 == 1
        else { return nil }
        self.init(scope: Array(numbers.dropLast()), position: position)
    }

    /// In the order of the code: by scope, then by position.
    public static func < (left: OperationPath, right: OperationPath) -> Bool {
        if left.scope == right.scope { return left.position < right.position }
        return left.scope.lexicographicallyPrecedes(right.scope)
    }

    /// An operation that splits into branches, one of which this operation is in.
    package struct Enclosing: Sendable {
        /// Its scope.
        package let scope: [UInt32]
        /// Its place there.
        package let position: UInt32
        /// Which of its branches, from 0.
        package let branch: UInt32
    }

    /// The operations in whose branches this one is, the outermost first.
    package var enclosing: [Enclosing] {
        stride(from: 0, to: scope.count - scope.count % 2, by: 2).map { depth in
            Enclosing(
                scope: Array(scope[..<depth]),
                position: scope[depth],
                branch: scope[depth + 1]
            )
        }
    }

    /// Whether another operation is recorded only after this one has ended: it comes later in the
    /// same scope or in one around it, or in a branch of such a one. Branches that run beside each
    /// other do not follow each other.
    package func isFollowed(by other: OperationPath) -> Bool {
        var depth = 0
        while true {
            let isHere = depth >= scope.count
            let mine = isHere ? position : scope[depth]
            let isThere = depth >= other.scope.count
            let theirs = isThere ? other.position : other.scope[depth]
            if theirs != mine { return theirs > mine }
            if isHere || isThere { return false }
            guard depth + 1 < scope.count, depth + 1 < other.scope.count,
                scope[depth + 1] == other.scope[depth + 1]
            else { return false }
            depth += 2
        }
    }

    /// Whether this operation is in a branch of another one.
    func isInside(_ other: OperationPath) -> Bool {
        scope.count > other.scope.count && scope.starts(with: other.scope)
            && scope[other.scope.count] == other.position
    }
}
