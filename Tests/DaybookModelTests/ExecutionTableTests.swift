import DaybookFormat
import SeededRandom
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct ExecutionTableTests {
    /// An execution of the given number; `mark` tells two of the same number apart.
    private func state(_ number: UInt64, mark: UInt64 = 1) throws -> ExecutionState {
        var header = EntryHeader()
        header.sequence = number
        header.stream = StreamID(number)
        let event = ProtoEntry.OneOf_Event.executionSubmitted(.with { $0.id = "\(number)" })
        var state = try withEntry(encode(header, event: event.encoded())) {
            try ExecutionState(first: $0)
        }
        state.lease.epoch = mark
        return state
    }

    /// Expects that a table holds what a dictionary holds.
    private func expectEqual(
        _ table: ExecutionTable,
        _ expected: [UInt64: UInt64],
        absent: some Sequence<UInt64> = [],
        _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var isEqual = table.count == expected.count
        isEqual = isEqual && table.numbers == expected.keys.sorted()
        isEqual =
            isEqual
            && expected.allSatisfy { table[$0]?.epoch == $1 && table[$0]?.number == $0 }
        isEqual = isEqual && absent.allSatisfy { expected[$0] != nil || table[$0] == nil }
        #expect(isEqual, comment, sourceLocation: sourceLocation)
    }

    @Test func anEmptyTableHoldsNothing() {
        var table = ExecutionTable()
        #expect(table.count == 0)
        #expect(table.numbers.isEmpty)
        #expect(table[1] == nil)
        #expect(table[.max] == nil)
        #expect(table.remove(1) == nil)
        #expect(table.update(1) { _ in true } == nil)
    }

    @Test func zeroIsNoNumber() throws {
        var table = ExecutionTable()
        table.insert(try state(1))
        #expect(table[0] == nil)
    }

    @Test func insertingAgainReplaces() throws {
        var table = ExecutionTable()
        table.insert(try state(7, mark: 1))
        table.insert(try state(7, mark: 2))
        expectEqual(table, [7: 2])
    }

    @Test func updatingChangesInPlaceAndPassesErrorsOn() throws {
        var table = ExecutionTable()
        table.insert(try state(7))
        let answer = table.update(7) { state in
            state.lease.epoch = 9
            return "done"
        }
        #expect(answer == "done")
        expectEqual(table, [7: 9])
        #expect(throws: WireError("no")) {
            try table.update(7) { _ throws(WireError) in throw WireError("no") }
        }
        expectEqual(table, [7: 9])
    }

    @Test func aCopyIsItsOwn() throws {
        var table = ExecutionTable()
        for number in UInt64(1)...20 { table.insert(try state(number)) }
        let copy = table
        for number in UInt64(1)...20 { table.remove(number) }
        for number in UInt64(21)...90 { table.insert(try state(number)) }
        let expected = Dictionary(uniqueKeysWithValues: (UInt64(1)...20).map { ($0, UInt64(1)) })
        expectEqual(copy, expected, absent: 21...90)
    }

    @Test func extremeNumbersAreTaken() throws {
        var table = ExecutionTable()
        let numbers: [UInt64] = [1, 2, 1 << 32, 1 << 63, .max, .max - 1, 0x9E37_79B9_7F4A_7C15]
        for number in numbers { table.insert(try state(number)) }
        expectEqual(table, Dictionary(uniqueKeysWithValues: numbers.map { ($0, 1) }))
        for number in numbers { #expect(table.remove(number)?.number == number) }
        expectEqual(table, [:], absent: numbers)
    }

    /// Numbers that all want the last two places of a new table push each other around its end.
    @Test(arguments: SeededGenerator.seeds)
    func removalClosesGapsAcrossTheEnd(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let clustered = (UInt64(1)...4_000).filter { key in
            (key &* 0x9E37_79B9_7F4A_7C15) >> 32 & 15 >= 14
        }
        for _ in 0..<60 {
            var table = ExecutionTable()
            var expected: [UInt64: UInt64] = [:]
            let numbers = Array(clustered.shuffled(using: &generator).prefix(11))
            for number in numbers {
                table.insert(try state(number))
                expected[number] = 1
            }
            for number in numbers.shuffled(using: &generator) {
                #expect(table.remove(number)?.number == number, "seed \(seed)")
                expected[number] = nil
                expectEqual(table, expected, absent: numbers, "seed \(seed)")
            }
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func aLongRandomSequenceAgreesWithADictionary(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var table = ExecutionTable()
        var expected: [UInt64: UInt64] = [:]
        var next: UInt64 = 1
        for step in 0..<12_000 {
            // It grows, is nearly emptied, and grows again; numbers rise as sequences do.
            let removals = step / 3_000 % 2 == 0 ? 3 : 7
            let draw = Int.random(in: 0..<10, using: &generator)
            let known = UInt64.random(in: 1..<next + 2, using: &generator)
            if draw < removals {
                let removed = table.remove(known)
                #expect(removed?.epoch == expected.removeValue(forKey: known), "seed \(seed)")
            } else if draw == 9 {
                let mark = UInt64(step)
                let updated: Bool? = table.update(known) { state in
                    state.lease.epoch = mark
                    return true
                }
                #expect((updated != nil) == (expected[known] != nil), "seed \(seed)")
                if updated != nil { expected[known] = mark }
            } else {
                next += UInt64.random(in: 1...9, using: &generator)
                table.insert(try state(next, mark: UInt64(step)))
                expected[next] = UInt64(step)
            }
            if step.isMultiple(of: 400) { expectEqual(table, expected, "seed \(seed)") }
        }
        expectEqual(table, expected, absent: 1...next, "seed \(seed)")
        for number in Array(expected.keys.sorted()) {
            #expect(table.remove(number) != nil, "seed \(seed)")
        }
        #expect(table.count == 0)
        #expect(table.numbers.isEmpty)
    }
}
