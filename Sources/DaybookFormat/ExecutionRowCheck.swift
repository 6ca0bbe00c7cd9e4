/// What a row of the index says of itself: `check` of `daybook.v1.ExecutionRow`, its last field.
///
/// The index is no leaf of the Merkle tree. With the check a changed byte is seen wherever a row is
/// read, in its key too: FNV-1a with 64 bits (draft-eastlake-fnv) of one byte with the length of the
/// id, the id, and the row up to this field. It is there for disks that err: whoever can write the
/// index can make it anew, and a verification compares the index with the entries.
package enum ExecutionRowCheck {
    /// The field's tag and its bytes.
    package static let size = 9

    /// A row with the field at its end.
    package static func sealed(_ row: [UInt8], of id: String) -> [UInt8] {
        sealing(id) { writer in row.withUnsafeBytes { writer.raw($0) } }
    }

    /// A row that is written, and the field behind it: in one piece of memory.
    static func sealing(_ id: String, _ write: (inout WireWriter) -> Void) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: 512, alignment: 16) { memory in
            var writer = WireWriter(lent: memory)
            write(&writer)
            var id = id
            let check = id.withUTF8 { digest(of: UnsafeRawBufferPointer($0), writer.bytes) }
            writer.varint(UInt64(Wire.ExecutionRow.check.tag))
            withUnsafeBytes(of: check.littleEndian) { writer.raw($0) }
            return Array(writer.bytes)
        }
    }

    /// Whether a row is the one that was written under this id.
    package static func holds(for row: UnsafeRawBufferPointer, of id: UnsafeRawBufferPointer)
        -> Bool
    {
        guard row.count > size, id.count < 256 else { return false }
        let end = row.count - size
        guard row[end] == UInt8(Wire.ExecutionRow.check.tag) else { return false }
        let found = row.loadUnaligned(fromByteOffset: end + 1, as: UInt64.self)
        return UInt64(littleEndian: found)
            == digest(of: id, UnsafeRawBufferPointer(rebasing: row[..<end]))
    }

    /// The same for an id that is valid text.
    package static func holds(for row: UnsafeRawBufferPointer, of id: String) -> Bool {
        var id = id
        return id.withUTF8 { holds(for: row, of: UnsafeRawBufferPointer($0)) }
    }

    private static func digest(
        of id: UnsafeRawBufferPointer,
        _ row: UnsafeRawBufferPointer
    ) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        add(UInt8(truncatingIfNeeded: id.count))
        for byte in id { add(byte) }
        for byte in row { add(byte) }
        return hash
    }
}
