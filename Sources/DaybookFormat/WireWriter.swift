/// Appends protobuf's wire format to memory that is used again for every message.
///
/// Not shared between threads; the bytes are valid until the next change.
@usableFromInline
package struct WireWriter: ~Copyable {
    @usableFromInline var start: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    /// The memory was lent: somebody else gives it back.
    private var isLent = false
    /// Bytes written.
    @usableFromInline
    package private(set) var count = 0

    /// A writer with room for `capacity` bytes; it grows as needed.
    @usableFromInline
    package init(capacity: Int = 1024) {
        self.capacity = max(capacity, 64)
        start = .allocate(byteCount: self.capacity, alignment: 16)
    }

    /// A writer that begins in memory which is lent to it, and moves to its own when that is full.
    /// - Parameter memory: valid as long as the writer is; not empty.
    init(lent memory: UnsafeMutableRawBufferPointer) {
        capacity = memory.count
        start = memory.baseAddress!
        isLent = true
    }

    deinit { if !isLent { start.deallocate() } }

    /// What has been written.
    @usableFromInline
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    /// Starts over.
    @usableFromInline
    package mutating func removeAll() { count = 0 }

    private mutating func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        let next = max(capacity * 2, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: next, alignment: 16)
        larger.copyMemory(from: start, byteCount: count)
        if !isLent { start.deallocate() }
        isLent = false
        start = larger
        capacity = next
    }

    /// Appends one byte as it is.
    @usableFromInline
    package mutating func byte(_ byte: UInt8) {
        reserve(1)
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends a base 128 varint.
    @usableFromInline
    package mutating func varint(_ value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            start.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80,
                toByteOffset: count,
                as: UInt8.self
            )
            count += 1
            rest >>= 7
        }
        start.storeBytes(of: UInt8(rest), toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends bytes as they are.
    @usableFromInline
    package mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        (start + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Announces a field whose value follows.
    @usableFromInline
    package mutating func tag(_ field: WireField, _ kind: WireField.Kind) {
        assert(field.kind == kind, "field \(field.number) is written in another way")
        varint(UInt64(field.tag))
    }

    /// A varint field; absent when it is 0, as proto3 has it.
    @usableFromInline
    package mutating func varint(_ value: UInt64, _ field: WireField) {
        guard value != 0 else { return }
        tag(field, .varint)
        varint(value)
    }

    /// A `fixed64` field; absent when it is 0.
    @usableFromInline
    package mutating func fixed64(_ value: UInt64, _ field: WireField) {
        guard value != 0 else { return }
        tag(field, .fixed64)
        reserve(8)
        (start + count).storeBytes(of: value.littleEndian, as: UInt64.self)
        count += 8
    }

    /// A length-delimited field, present also when it is empty.
    @usableFromInline
    package mutating func bytes(_ value: UnsafeRawBufferPointer, _ field: WireField) {
        tag(field, .lengthDelimited)
        varint(UInt64(value.count))
        raw(value)
    }

    /// A message field, present also when the message is empty.
    /// - Parameter scratch: bytes on the stack in which the message is written first.
    package mutating func message(
        _ field: WireField,
        scratch: Int,
        _ message: (inout WireWriter) -> Void
    ) {
        withUnsafeTemporaryAllocation(byteCount: scratch, alignment: 8) { memory in
            var inner = WireWriter(lent: memory)
            message(&inner)
            bytes(inner.bytes, field)
        }
    }

    /// A string field; absent when it is empty.
    @usableFromInline
    package mutating func string(_ text: String, _ field: WireField) {
        guard !text.isEmpty else { return }
        var text = text
        text.withUTF8 { bytes(UnsafeRawBufferPointer($0), field) }
    }

    /// A Boolean field; absent when it is false.
    @usableFromInline
    package mutating func bool(_ value: Bool, _ field: WireField) { varint(value ? 1 : 0, field) }

    /// Bytes that a varint takes.
    @usableFromInline
    package static func size(_ value: UInt64) -> Int {
        max(1, (70 - value.leadingZeroBitCount) / 7)
    }
}
