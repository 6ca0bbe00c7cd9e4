import DaybookFormat

/// Which runs of the same id an execution goes on from.
struct Lineage: Sendable {
    /// The run before; 0: there is none.
    var continuedFrom: UInt64 = 0
    /// The first run of its id; 0: it is that itself.
    var firstRun: UInt64 = 0
}

extension ExecutionState {
    /// The number of the run that it goes on from, under the same id; nil: none.
    public var continuedFrom: UInt64? {
        rare.lineage.continuedFrom == 0 ? nil : rare.lineage.continuedFrom
    }
    /// The number of the first run of its id.
    var firstRun: UInt64 { rare.lineage.firstRun == 0 ? number : rare.lineage.firstRun }
}

extension ExecutionPart {
    /// The runs before it, under the same id.
    static let lineage = ExecutionPart(
        name: "lineage",
        schema: 1,
        kinds: [.executionSubmitted],
        apply: { state, entry, _ throws(WireError) in
            let continuedFrom = try entry.number(Wire.ExecutionSubmitted.continuedFrom)
            guard continuedFrom != 0 else { return }
            state.rare.lineage = Lineage(
                continuedFrom: continuedFrom,
                firstRun: try entry.number(Wire.ExecutionSubmitted.firstRun)
            )
        },
        write: { state, writer, _ in
            let lineage = state.rare.lineage
            writer.varint(lineage.continuedFrom, Wire.ExecutionLineage.continuedFrom)
            writer.varint(lineage.firstRun, Wire.ExecutionLineage.firstRun)
        },
        read: { state, bytes throws(WireError) in
            var reader = WireReader(bytes)
            while let field = try reader.field() {
                switch field {
                case Wire.ExecutionLineage.continuedFrom:
                    state.rare.lineage.continuedFrom = try reader.varint()
                case Wire.ExecutionLineage.firstRun:
                    state.rare.lineage.firstRun = try reader.varint()
                default: try reader.skip(field)
                }
            }
        }
    )
}
