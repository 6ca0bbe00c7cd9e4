import DaybookFormat
import SeededRandom
import Testing

@testable import DaybookModel

@Suite struct WaitTableTests {
    /// Waits of branches of one operation, with signals of few names, that end in any order.
    @Test(arguments: SeededGenerator.seeds)
    func theOldestWaitForASignalIsFoundWhicheverWaitsHaveEnded(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var table = WaitTable()
        var left: [Wait] = []
        for sequence in UInt64(1)...2_000 {
            let wait = Wait(
                kind: random.chance(4) ? .timer : .signal,
                operation: .op(
                    .signal,
                    0,
                    ["approve", "reject"][Int.random(in: 0..<2, using: &random)],
                    in: [0, UInt32(sequence)]
                ),
                deadline: random.chance(2)
                    ? Timestamp(rawValue: .random(in: 1...500, using: &random)) : nil,
                sequence: sequence
            )
            table.insert(wait)
            left.append(wait)
            while !left.isEmpty, random.chance(2) {
                let ended = left.remove(at: Int.random(in: 0..<left.count, using: &random))
                #expect(table.remove(of: ended.operation) == ended)
            }
            for name: Name in ["approve", "reject"] {
                let oldest = left.first { $0.kind == .signal && $0.operation.name == name }
                #expect(table.first(forSignal: name) == oldest)
            }
            #expect(table.firstDeadline == left.compactMap(\.deadline).min())
        }
        #expect(table.inOrder == left)
        #expect(table.deadlineCount == left.count { $0.deadline != nil })
    }
}
