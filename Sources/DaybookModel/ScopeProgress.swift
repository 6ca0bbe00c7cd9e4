import DaybookFormat

/// How many operations of each scope of an execution are recorded.
///
/// In a scope operations are recorded in order, so a number says it all.
public struct ScopeProgress: Sendable {
    /// Operations of the handler's own scope.
    private(set) var root: UInt32 = 0
    /// Operations of the scopes of branches, by path.
    private var branches: [[UInt32]: UInt32] = [:]

    /// The position that the next recorded operation of a scope must have.
    public func next(in scope: [UInt32]) -> UInt32 {
        scope.isEmpty ? root : branches[scope] ?? 0
    }

    /// Takes in the outcome of an operation: field 1 of `entry`'s event is a `daybook.v1.Operation`.
    mutating func record(_ entry: EntryView) throws(WireError) {
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            guard field.tag == 1 << 3 | 2 else {
                try reader.skip(field)
                continue
            }
            var operation = WireReader(try reader.bytes())
            var scope: UnsafeRawBufferPointer?
            var position: UInt64 = 0
            while let field = try operation.field() {
                if field.tag == 2 << 3 {
                    position = try operation.varint()
                    // Name and digest follow, and are of no use here.
                    break
                } else if field.tag == 1 << 3 | 2 {
                    scope = try operation.bytes()
                } else {
                    if field.number > 2 { break }
                    try operation.skip(field)
                }
            }
            guard position < UInt64(UInt32.max) else {
                throw WireError("an operation has the impossible position \(position)")
            }
            let next = UInt32(position) + 1
            if let scope {
                branches[try Self.path(scope)] = next
            } else {
                root = next
            }
            return
        }
    }

    private static func path(_ packed: UnsafeRawBufferPointer) throws(WireError) -> [UInt32] {
        var path: [UInt32] = []
        var reader = WireReader(packed)
        while !reader.isAtEnd { path.append(UInt32(truncatingIfNeeded: try reader.varint())) }
        return path
    }
}
