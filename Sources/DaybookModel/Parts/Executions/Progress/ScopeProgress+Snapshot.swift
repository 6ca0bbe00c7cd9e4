import DaybookFormat

extension ScopeProgress {
    /// Writes the scopes as `daybook.v1.ScopeState`.
    func writeSnapshot(to writer: inout WireWriter, _ nested: inout WireWriter, _ field: WireField)
    {
        root.writeSnapshot([], to: &writer, &nested, field)
    }

    /// Takes in a `daybook.v1.ScopeState`, after those of the scopes around it.
    mutating func read(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        let (path, state) = try Scope.read(bytes)
        try Operation.check(scope: path)
        change(path) { scope in
            let splits = scope.splits
            scope = state
            scope.splits = splits
        }
    }
}

extension ScopeProgress.Scope {
    fileprivate func writeSnapshot(
        _ path: [UInt32],
        to writer: inout WireWriter,
        _ nested: inout WireWriter,
        _ field: WireField
    ) {
        nested.removeAll()
        writeFields(path, to: &nested)
        writer.bytes(nested.bytes, field)
        for split in splits {
            for branch in split.scopes.keys.sorted() {
                split.scopes[branch]?.writeSnapshot(
                    path + [split.position, branch],
                    to: &writer,
                    &nested,
                    field
                )
            }
        }
    }

    private func writeFields(_ path: [UInt32], to writer: inout WireWriter) {
        writer.packed(path.lazy.map(UInt64.init), Wire.ScopeState.path)
        writer.varint(UInt64(next), Wire.ScopeState.next)
        writer.varint(failure, Wire.ScopeState.failure)
        writer.varint(UInt64(branches), Wire.ScopeState.branches)
        writer.varint(settled, Wire.ScopeState.settled)
        writer.varint(decider.map { UInt64($0) + 1 } ?? 0, Wire.ScopeState.decider)
        for split in failedSplits {
            var nested = WireWriter()
            nested.varint(UInt64(split.position), Wire.FailedSplit.position)
            nested.varint(UInt64(split.branches), Wire.FailedSplit.branches)
            nested.varint(split.settled, Wire.FailedSplit.settled)
            writer.bytes(nested.bytes, Wire.ScopeState.failedSplits)
        }
        writer.varint(begun, Wire.ScopeState.begun)
    }

    fileprivate static func read(
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> (path: [UInt32], scope: Self) {
        var path: [UInt32] = []
        var scope = Self()
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ScopeState.path: path = try ScopeProgress.path(try reader.bytes())
            case Wire.ScopeState.next: scope.next = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.ScopeState.failure: scope.failure = try reader.varint()
            case Wire.ScopeState.branches:
                scope.branches = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.ScopeState.settled: scope.settled = try reader.varint()
            case Wire.ScopeState.decider:
                let number = try reader.varint()
                scope.decider = number == 0 ? nil : UInt32(truncatingIfNeeded: number - 1)
            case Wire.ScopeState.begun: scope.begun = try reader.varint()
            case Wire.ScopeState.failedSplits:
                scope.failedSplits.append(try ScopeProgress.FailedSplit(try reader.bytes()))
            default: try reader.skip(field)
            }
        }
        return (path, scope)
    }
}

extension ScopeProgress.FailedSplit {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var (position, branches, settled) = (UInt64(0), UInt64(0), UInt64(0))
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.FailedSplit.position: position = try reader.varint()
            case Wire.FailedSplit.branches: branches = try reader.varint()
            case Wire.FailedSplit.settled: settled = try reader.varint()
            default: try reader.skip(field)
            }
        }
        self.init(
            position: UInt32(truncatingIfNeeded: position),
            branches: UInt32(truncatingIfNeeded: branches),
            settled: settled
        )
    }
}
