extension EventKind {
    /// Bytes on the stack in which a message is written first.
    private static var scratch: Int { 512 }

    /// An event as it stands in an entry: tag, length, message.
    ///
    /// For the events of every workflow, which are written too often for a message of SwiftProtobuf
    /// to be made of each. The bytes are those that the library would write.
    /// - Parameter message: writes the fields in ascending order, without those that have their
    ///   default.
    package func encoded(_ message: (inout WireWriter) -> Void) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: Self.scratch, alignment: 8) { memory in
            var writer = WireWriter(lent: memory)
            message(&writer)
            let size = writer.count
            let tag = UInt64(field.tag)
            let head = WireWriter.size(tag) + WireWriter.size(UInt64(size))
            return Array(unsafeUninitializedCapacity: head + size) { buffer, count in
                var place = UnsafeMutableRawPointer(buffer.baseAddress!)
                Self.put(tag, &place)
                Self.put(UInt64(size), &place)
                if let start = writer.bytes.baseAddress {
                    place.copyMemory(from: start, byteCount: size)
                }
                count = head + size
            }
        }
    }

    private static func put(_ value: UInt64, _ place: inout UnsafeMutableRawPointer) {
        var rest = value
        while rest >= 0x80 {
            place.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            place += 1
            rest >>= 7
        }
        place.storeBytes(of: UInt8(rest), as: UInt8.self)
        place += 1
    }
}
