import DaybookFormat

@testable import DaybookModel

/// Children that are spawned.
extension ModelHarness {
    /// Has the operations of a handler, from a position on, spawn children.
    @discardableResult
    mutating func spawn(
        _ children: [Name],
        of lease: Lease,
        from position: UInt32 = 0,
        input: String = "1",
        by session: UInt64
    ) throws -> UInt64 {
        let bytes = Array(input.utf8)
        let all = try children.enumerated().map { offset, id in
            let payloads = try sealed([.json(bytes)])
            return (
                operation: Operation.op(.spawn, position + UInt32(offset)),
                child: Submit(id: id, type: "copy", input: bytes, payloads: payloads)
            )
        }
        return try run(SpawnChildren(lease, all), session: session)
    }

    /// The handler returns, and waits for what it has spawned.
    @discardableResult
    mutating func join(
        _ lease: Lease,
        _ operation: Operation,
        isAllSettled: Bool = false,
        by session: UInt64
    ) throws -> Suspension {
        let command = AwaitChildren(
            lease,
            operation,
            output: try sealed([.json([0x31])]),
            isAllSettled: isAllSettled,
            suspended: 1
        )
        return try run(command, session: session)
    }

    /// A branch decides an operation.
    mutating func settleBranches(
        _ lease: Lease,
        _ operation: Operation,
        by session: UInt64
    ) throws {
        let command = SettleBranches(lease, operation, branch: 0, failed: false)
        try run(command, session: session)
    }
}
