import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

@Suite struct OperationTests {
    @Test(arguments: [
        Operation.step(0), .step(.max, name: "x"), .step(7, in: [0, 1, .max, 300]),
        Operation(
            scope: [3, 4],
            position: 5,
            kind: .checkpoint,
            name: "pay",
            inputDigest: Array(0..<16)
        ),
    ])
    func anOperationSurvivesItsRecordedForm(_ operation: Operation) throws {
        #expect(try Operation(operation.proto) == operation)
        let read = try ProtoOperation(serializedBytes: operation.proto.encoded())
        #expect(try Operation(read) == operation)
        #expect(read.kind == .checkpoint)
    }

    @Test func aKindThatThisVersionDoesNotKnowIsNoOperation() throws {
        var proto = Operation.step(3, name: "x").proto
        for kind in [19, 99, -1] {
            proto.kind = .UNRECOGNIZED(kind)
            let error = #expect(throws: WireError.self) { try Operation(proto) }
            #expect(error == .newer("kind of operation", kind))
            let read = #expect(throws: WireError.self) {
                try proto.encoded().withUnsafeBytes { try Operation(reading: $0) }
            }
            #expect(read == error)
        }
        proto.kind = .unspecified
        let error = #expect(throws: WireError.self) { try Operation(proto) }
        #expect(error?.unknown == nil)
    }

    @Test func operationsDifferInEachOfTheirParts() {
        let all: Set<Operation> = [
            .step(0), .step(1), .step(0, name: "x"), .step(0, in: [0]),
            Operation(scope: [], position: 0, kind: .checkpoint, name: "step", inputDigest: [1]),
        ]
        #expect(all.count == 5)
    }

    // MARK: Idempotency keys

    private func journal(_ byte: UInt8) throws -> Identifier {
        try #require(Identifier(Array(repeating: byte, count: 16)))
    }

    @Test func theKeyIsTheSameForEveryRunOfTheOperation() throws {
        let journal = try journal(1)
        let key = Operation.step(2, in: [1, 0]).idempotencyKey(journal: journal, execution: 9)
        // The name and the input are of no importance: the place says which operation it is.
        let again = Operation(
            scope: [1, 0],
            position: 2,
            kind: .checkpoint,
            name: "renamed",
            inputDigest: [1]
        )
        #expect(again.idempotencyKey(journal: journal, execution: 9) == key)
    }

    /// Other systems remember these keys: they must not change from one version to the next.
    @Test func theKeyIsStableAcrossVersions() throws {
        let journal = try journal(7)
        let root = Operation.step(0).idempotencyKey(journal: journal, execution: 5)
        #expect(root.description == "8ec5ba85-2ee9-8fdb-b167-26ae7a48fedf")
        let branch = Operation.step(3, in: [1, 2]).idempotencyKey(journal: journal, execution: 5)
        #expect(branch.description == "866d809e-018e-8c31-804e-2e8e01df2e37")
    }

    @Test func noTwoPlacesShareAKey() throws {
        var keys: Set<Identifier> = []
        var count = 0
        let scopes: [[UInt32]] = [[], [0], [1], [0, 0], [0, 1], [1, 0], [0, 0, 0]]
        for byte in UInt8(1)...2 {
            for execution in UInt64(1)...3 {
                for scope in scopes {
                    for position in UInt32(0)..<4 {
                        let operation = Operation.step(position, in: scope)
                        keys.insert(
                            operation.idempotencyKey(
                                journal: try journal(byte),
                                execution: execution
                            )
                        )
                        count += 1
                    }
                }
            }
        }
        #expect(keys.count == count)
    }
}
