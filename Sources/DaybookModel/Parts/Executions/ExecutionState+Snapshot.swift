import DaybookFormat

/// An open execution without its parts, as `daybook.v1.OpenExecution`.
extension ExecutionState {
    func writeSnapshot(to writer: inout WireWriter) {
        writer.varint(number, Wire.OpenExecution.number)
        writer.string(id.text, Wire.OpenExecution.id)
        writer.string(type.text, Wire.OpenExecution.type)
        writer.time(submittedAt, Wire.OpenExecution.submittedAt)
        writer.time(updatedAt, Wire.OpenExecution.updatedAt)
        writer.varint(entries, Wire.OpenExecution.entries)
        writer.varint(last, Wire.OpenExecution.last)
    }

    /// - Parameter intern: gives the one copy of a type's name.
    init(
        snapshot bytes: UnsafeRawBufferPointer,
        _ intern: (Name) -> Name
    ) throws(WireError) {
        var number: UInt64 = 0
        var (id, type): (Name, Name) = ("", "")
        var submittedAt = Timestamp(rawValue: 0)
        var updatedAt = Timestamp(rawValue: 0)
        var (entries, last): (UInt64, UInt64) = (0, 0)
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.OpenExecution.number: number = try reader.varint()
            case Wire.OpenExecution.id: id = Name(try reader.string())
            case Wire.OpenExecution.type: type = intern(Name(try reader.string()))
            case Wire.OpenExecution.submittedAt: submittedAt = try reader.time()
            case Wire.OpenExecution.updatedAt: updatedAt = try reader.time()
            case Wire.OpenExecution.entries: entries = try reader.varint()
            case Wire.OpenExecution.last: last = try reader.varint()
            default: try reader.skip(field)
            }
        }
        self.init(number: number, id: id, type: type, submittedAt: submittedAt)
        self.updatedAt = updatedAt
        self.entries = entries
        self.last = last
    }
}

extension ExecutionPart {
    /// Its section of a snapshot: of each open execution what the part is of it, behind the
    /// execution's number.
    var section: SnapshotSection {
        SnapshotSection(
            name: "executions.\(name)",
            schema: schema,
            items: { $0.executions.numbers },
            write: { state, number, writer, nested in
                writer.varint(number, Wire.ExecutionLifecycle.execution)
                let empty = writer.count
                write(state.executions[known: number], &writer, &nested)
                if writer.count == empty { writer.removeAll() }
            },
            read: { state, bytes throws(WireError) in
                let number = try Self.execution(bytes)
                let found: Void? = try state.executions.update(number) {
                    execution throws(WireError) in
                    try read(&execution, bytes)
                }
                guard found != nil else {
                    throw WireError("its section executions.\(name) has a stranger, \(number)")
                }
            }
        )
    }

    /// The execution that an item is about: the first field of each.
    private static func execution(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> UInt64 {
        var reader = WireReader(bytes)
        guard try reader.field() == Wire.ExecutionLifecycle.execution else {
            throw WireError("it does not say which execution it is about")
        }
        return try reader.varint()
    }
}

extension WireWriter {
    /// A `daybook.v1.NamedEntry`, or another message of a name and a sequence.
    mutating func named(
        _ name: Name,
        _ sequence: UInt64,
        _ nested: inout WireWriter,
        _ field: WireField
    ) {
        nested.removeAll()
        nested.string(name.text, Wire.NamedEntry.name)
        nested.varint(sequence, Wire.NamedEntry.sequence)
        bytes(nested.bytes, field)
    }
}

extension WireReader {
    mutating func named() throws(WireError) -> (Name, UInt64) {
        var name: Name = ""
        var sequence: UInt64 = 0
        var reader = WireReader(try bytes())
        while let field = try reader.field() {
            switch field {
            case Wire.NamedEntry.name: name = Name(try reader.string())
            case Wire.NamedEntry.sequence: sequence = try reader.varint()
            default: try reader.skip(field)
            }
        }
        return (name, sequence)
    }

    mutating func time() throws(WireError) -> Timestamp { Timestamp(rawValue: try fixed64()) }

    /// Numbers one after the other.
    mutating func packed() throws(WireError) -> [UInt64] {
        var numbers: [UInt64] = []
        var reader = WireReader(try bytes())
        while !reader.isAtEnd { numbers.append(try reader.varint()) }
        return numbers
    }
}
