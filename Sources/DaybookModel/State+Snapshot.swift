import DaybookFormat
import SwiftProtobuf

/// A section of a snapshot: what a part of the state, or of its executions, is.
struct SnapshotSection: Sendable {
    /// What it is called.
    let name: String
    /// Version of its items, and of the fold that they come from.
    let schema: UInt32
    /// By which numbers its items are asked for, in order.
    let items: @Sendable (State) -> [UInt64]
    /// Writes an item into the first writer; what is in the second one is lost. An item without
    /// bytes is left out.
    let write: @Sendable (State, UInt64, inout WireWriter, inout WireWriter) -> Void
    /// Takes in an item.
    let read: @Sendable (inout State, UnsafeRawBufferPointer) throws(WireError) -> Void

    /// All of them, in their order: executions come before their parts.
    static let all = StatePart.all.map(\.section) + ExecutionPart.all.map(\.section)
}

/// What is open, as a file: a section for each part, which are the fields from 5 on of
/// `daybook.v1.Snapshot`. The fields before them are the shell's.
///
/// Written and read by hand, because recovery waits for it: a hundred thousand executions may be
/// open.
extension State {
    /// What a snapshot of the state is called.
    package static let projection = "state"

    /// Version of how a snapshot is put together. What its sections hold has versions of its own:
    /// see `StatePart.schema` and `ExecutionPart.schema`.
    package static let snapshotSchema: UInt32 = 4

    private static var snapshotPiece: Int { 1 << 20 }

    /// Writes what is open, without the batch under way.
    /// - Parameter write: takes the bytes piece by piece.
    package func writeSnapshot<Failure: Error>(
        to write: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var section = WireWriter(capacity: Self.snapshotPiece * 2)
        var framed = WireWriter(capacity: Self.snapshotPiece * 2)
        var item = WireWriter()
        var nested = WireWriter()
        for part in SnapshotSection.all {
            part.begin(&section)
            for number in part.items(self) {
                item.removeAll()
                part.write(self, number, &item, &nested)
                if item.count == 0 { continue }
                section.bytes(item.bytes, Wire.SnapshotSection.items)
                guard section.count >= Self.snapshotPiece else { continue }
                framed.removeAll()
                framed.bytes(section.bytes, Wire.Snapshot.sections)
                try write(framed.bytes)
                part.begin(&section)
            }
            framed.removeAll()
            framed.bytes(section.bytes, Wire.Snapshot.sections)
            try write(framed.bytes)
        }
    }

    /// Reads a snapshot: the whole of a `daybook.v1.Snapshot`, of ``snapshotSchema``.
    /// - Throws: `WireError`, also when a section is missing or of another version: then the fold
    ///   that wrote it was another one, and its snapshot is of no use.
    package init(snapshot: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        var found: Set<String> = []
        var reader = WireReader(snapshot)
        while let field = try reader.field() {
            switch field {
            case Wire.Snapshot.size: next = try reader.varint()
            case Wire.Snapshot.sections: found.insert(try readSection(try reader.bytes()))
            default: try reader.skip(field)
            }
        }
        for part in SnapshotSection.all where !found.contains(part.name) {
            throw WireError("its section \(part.name) is missing")
        }
        for part in DerivedPart.all { part.rebuild(&self) }
    }

    /// - Returns: the name of the section.
    private mutating func readSection(
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> String {
        var name = ""
        var schema: UInt64 = 0
        var part: SnapshotSection?
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.SnapshotSection.part: name = try reader.string()
            case Wire.SnapshotSection.schema: schema = try reader.varint()
            case Wire.SnapshotSection.items:
                let known = try SnapshotSection.named(name, schema: schema, part)
                part = known
                try known.read(&self, try reader.bytes())
            default: try reader.skip(field)
            }
        }
        return try SnapshotSection.named(name, schema: schema, part).name
    }
}

extension SnapshotSection {
    /// Begins a section: what it is of, and of which version.
    fileprivate func begin(_ section: inout WireWriter) {
        section.removeAll()
        section.string(name, Wire.SnapshotSection.part)
        section.varint(UInt64(schema), Wire.SnapshotSection.schema)
    }

    /// - Parameter known: the section, if it has been found already.
    /// - Throws: `WireError` when there is no such section of that version.
    fileprivate static func named(
        _ name: String,
        schema: UInt64,
        _ known: SnapshotSection?
    ) throws(WireError) -> SnapshotSection {
        if let known { return known }
        guard let part = all.first(where: { $0.name.hasBytes(of: name) }) else {
            throw WireError("it has a section \(name), which this version does not know")
        }
        guard schema == UInt64(part.schema) else {
            throw WireError(
                "its section \(name) has version \(schema), and this version reads \(part.schema)"
            )
        }
        return part
    }
}

extension Message {
    /// Decodes a message inside another.
    init(wire bytes: UnsafeRawBufferPointer) throws(WireError) {
        do {
            try self.init(serializedBytes: Array(bytes))
        } catch {
            throw WireError("it is not a \(Self.protoMessageName) (\(error))")
        }
    }
}

extension WireWriter {
    mutating func message(_ bytes: [UInt8], _ field: WireField) {
        bytes.withUnsafeBytes { self.bytes($0, field) }
    }

    mutating func time(_ time: Timestamp, _ field: WireField) { fixed64(time.rawValue, field) }

    /// Numbers one after the other; absent when there are none.
    mutating func packed(_ numbers: some Collection<UInt64>, _ field: WireField) {
        guard !numbers.isEmpty else { return }
        tag(field, .lengthDelimited)
        varint(UInt64(numbers.reduce(0) { $0 + WireWriter.size($1) }))
        for number in numbers { varint(number) }
    }
}
