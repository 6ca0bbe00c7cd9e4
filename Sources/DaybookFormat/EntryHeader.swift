/// What the journal itself knows of an entry: all of `daybook.v1.Entry` but payload commitments
/// and the event.
@usableFromInline
package struct EntryHeader: Equatable, Sendable {
    /// Position in the journal, from 0, dense.
    @usableFromInline
    package var sequence: UInt64 = 0
    /// When it was written; never earlier than the entry before.
    @usableFromInline
    package var time = Timestamp(rawValue: 0)
    /// The stream that it belongs to.
    @usableFromInline
    package var stream = StreamID.journal
    /// How many entries the stream had before this one.
    @usableFromInline
    package var ordinal: UInt64 = 0
    /// The entry before this one in its stream; 0 also for the first.
    @usableFromInline
    package var previous: UInt64 = 0
    /// Version of the event's meaning.
    @usableFromInline
    package var schema: UInt32 = 0
    /// The session that wrote it; 0: the entry opens one, or is entry 0.
    @usableFromInline
    package var session: UInt64 = 0
    /// Root of the family of executions; 0: the execution itself.
    @usableFromInline
    package var correlation: UInt64 = 0
    /// The entry that it follows from; 0: it was asked for from outside.
    @usableFromInline
    package var causation: UInt64 = 0

    /// A header of zeros.
    @inlinable
    package init() {}
}

/// What an entry says of one of its payloads.
package struct Commitment: Equatable, Sendable {
    /// HMAC-SHA256 of the payload under its salt: 32 bytes.
    package var mac: [UInt8]
    /// Bytes of the payload.
    package var size: UInt64
    /// Number of its content type.
    package var contentType: UInt32

    /// Nothing is checked: neither the length of the MAC nor whether the content type is interned.
    package init(mac: [UInt8], size: UInt64, contentType: UInt32) {
        self.mac = mac
        self.size = size
        self.contentType = contentType
    }
}

/// An entry as it lies in the journal. Valid only inside the closure that it is given to.
@usableFromInline
package struct EntryView {
    /// The stored bytes: the leaf of the Merkle tree.
    @usableFromInline
    package let bytes: UnsafeRawBufferPointer
    /// The header.
    @usableFromInline
    package let header: EntryHeader
    /// Field number of the event in `daybook.v1.Entry`; 0: none that can be seen.
    @usableFromInline
    package let event: UInt32
    /// The event's message.
    @usableFromInline
    package let eventBytes: UnsafeRawBufferPointer

    /// Reads header and event.
    /// - Throws: ``WireError`` for bytes that are no entry.
    @inlinable
    package init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.bytes = bytes
        var header = EntryHeader()
        var event: UInt32 = 0
        var eventBytes = UnsafeRawBufferPointer(start: nil, count: 0)
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.Entry.sequence: header.sequence = try reader.varint()
            case Wire.Entry.time: header.time = Timestamp(rawValue: try reader.fixed64())
            case Wire.Entry.stream: header.stream = StreamID(try reader.varint())
            case Wire.Entry.ordinal: header.ordinal = try reader.varint()
            case Wire.Entry.previous: header.previous = try reader.varint()
            case Wire.Entry.schema: header.schema = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.Entry.session: header.session = try reader.varint()
            case Wire.Entry.correlation: header.correlation = try reader.varint()
            case Wire.Entry.causation: header.causation = try reader.varint()
            case _
            where field.tag >= Wire.Entry.journalCreated.tag && field.kind == .lengthDelimited:
                event = field.number
                eventBytes = try reader.bytes()
            default: try reader.skip(field)
            }
        }
        self.header = header
        self.event = event
        self.eventBytes = eventBytes
    }

    /// The commitments to the payloads, in order.
    package func commitments() throws(WireError) -> [Commitment] {
        var all: [Commitment] = []
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            guard field == Wire.Entry.commitments else {
                try reader.skip(field)
                continue
            }
            var inner = WireReader(try reader.bytes())
            var commitment = Commitment(mac: [], size: 0, contentType: 0)
            while let field = try inner.field() {
                switch field {
                case Wire.Commitment.mac: commitment.mac = Array(try inner.bytes())
                case Wire.Commitment.size: commitment.size = try inner.varint()
                case Wire.Commitment.contentType:
                    commitment.contentType = UInt32(truncatingIfNeeded: try inner.varint())
                default: try inner.skip(field)
                }
            }
            all.append(commitment)
        }
        return all
    }
}

extension WireWriter {
    /// Appends an entry: header, commitments, event, in ascending order of field numbers.
    /// - Parameter event: the event with its tag and length, as `EventBytes` holds it.
    package mutating func entry(
        _ header: EntryHeader,
        _ commitments: [Commitment],
        event: UnsafeRawBufferPointer
    ) {
        self.header(header)
        for commitment in commitments {
            commitment.mac.withUnsafeBytes {
                self.commitment($0, commitment.size, commitment.contentType)
            }
        }
        raw(event)
    }

    /// Appends an entry: header, commitments, event, in ascending order of field numbers.
    /// - Parameters:
    ///   - payloads: whose commitments it holds; nil: none.
    ///   - event: the event with its tag and length, as `EventBytes` holds it.
    package mutating func entry(
        _ header: EntryHeader,
        _ payloads: SealedPayloads?,
        event: UnsafeRawBufferPointer
    ) {
        self.header(header)
        payloads?.forEach { payload in
            payload.mac.withBytes { commitment($0, payload.size, payload.contentType) }
        }
        raw(event)
    }

    private mutating func commitment(
        _ mac: UnsafeRawBufferPointer,
        _ size: UInt64,
        _ contentType: UInt32
    ) {
        let inner =
            2 + mac.count + (size == 0 ? 0 : 1 + Self.size(size))
            + (contentType == 0 ? 0 : 1 + Self.size(UInt64(contentType)))
        tag(Wire.Entry.commitments, .lengthDelimited)
        varint(UInt64(inner))
        bytes(mac, Wire.Commitment.mac)
        varint(size, Wire.Commitment.size)
        varint(UInt64(contentType), Wire.Commitment.contentType)
    }

    private mutating func header(_ header: EntryHeader) {
        varint(header.sequence, Wire.Entry.sequence)
        fixed64(header.time.rawValue, Wire.Entry.time)
        varint(header.stream.rawValue, Wire.Entry.stream)
        varint(header.ordinal, Wire.Entry.ordinal)
        varint(header.previous, Wire.Entry.previous)
        varint(UInt64(header.schema), Wire.Entry.schema)
        varint(header.session, Wire.Entry.session)
        varint(header.correlation, Wire.Entry.correlation)
        varint(header.causation, Wire.Entry.causation)
    }
}
