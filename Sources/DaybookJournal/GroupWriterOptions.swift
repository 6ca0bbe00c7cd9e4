/// How much is taken on at once by what writes the journal.
public struct GroupWriterOptions: Sendable {
    /// Commands in the queue; further callers wait.
    public var queueLimit = 65_536
    /// Bytes of the queue's payloads; further callers wait.
    public var queueByteLimit = 256 << 20
    /// Commands in a batch.
    public var batchLimit = 4_096
    /// Bytes of a batch's payloads.
    public var batchByteLimit = 64 << 20
    /// A payload of at least so many bytes is stored without those that an earlier payload of the same
    /// execution has: 4,096 or more. `Int.max`: every payload is stored whole.
    public var chunkedPayloadSize = 4_096

    /// The defaults.
    public init() {}
}
