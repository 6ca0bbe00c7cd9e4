import DaybookFormat
import DaybookInspector
import DaybookModel
import Testing

@Suite struct OperationLabelTests {
    private func labels(_ operations: [(String, [UInt32])]) -> [String] {
        let all = operations.enumerated().map { index, item in
            Operation(
                scope: item.1,
                position: UInt32(index),
                kind: .checkpoint,
                name: Name(item.0),
                inputDigest: []
            )
        }
        return OperationRecord.labels(of: all)
    }

    @Test func theyAreShortAndNeverTheSame() {
        #expect(labels([]) == [])
        #expect(labels([("a", []), ("b", [3, 1])]) == ["a", "b"])
        #expect(labels([("a", [0, 0]), ("a", [0, 1]), ("b", [0, 1])]) == ["a[0]", "a[1]", "b"])
        #expect(labels([("a", []), ("a", []), ("a", [])]) == ["a", "a#2", "a#3"])
        #expect(
            labels([("a", [0, 0, 1, 2]), ("a", [0, 1, 1, 2]), ("a", [0, 1, 1, 2])])
                == ["a[0][2]", "a[1][2]", "a[1][2]#2"]
        )
        // Names that look like labels.
        let hostile = labels([("a", []), ("a", []), ("a#2", []), ("a[0]", []), ("a", [0, 0])])
        #expect(Set(hostile).count == 5)
        #expect(hostile[0] == "a")
    }
}
