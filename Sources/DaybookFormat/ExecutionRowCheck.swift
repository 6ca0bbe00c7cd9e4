import Crypto

/// What a row of the index says of itself: `check` of `daybook.v1.ExecutionRow`, its last field.
///
/// The index is no leaf of the Merkle tree. With the check a changed bit is seen wherever a row is
/// read, in its key too: the first 8 bytes of the SHA-256 of one byte with the length of the id, the
/// id, and the row up to this field.
public enum ExecutionRowCheck {
    /// The field's tag and its bytes.
    public static let size = 9

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
    public static func holds(for row: UnsafeRawBufferPointer, of id: UnsafeRawBufferPointer) -> Bool
    {
        guard row.count > size, id.count < 256 else { return false }
        let end = row.count - size
        guard row[end] == UInt8(Wire.ExecutionRow.check.tag) else { return false }
        let found = row.loadUnaligned(fromByteOffset: end + 1, as: UInt64.self)
        return UInt64(littleEndian: found)
            == digest(of: id, UnsafeRawBufferPointer(rebasing: row[..<end]))
    }

    /// The same for an id that is valid text.
    public static func holds(for row: [UInt8], of id: String) -> Bool {
        var id = id
        return id.withUTF8 { id in
            row.withUnsafeBytes { holds(for: $0, of: UnsafeRawBufferPointer(id)) }
        }
    }

    private static func digest(
        of id: UnsafeRawBufferPointer,
        _ row: UnsafeRawBufferPointer
    ) -> UInt64 {
        var hash = SHA256()
        withUnsafeBytes(of: UInt8(truncatingIfNeeded: id.count)) { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: id)
        hash.update(bufferPointer: row)
        return hash.finalize().withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))
        }
    }
}
