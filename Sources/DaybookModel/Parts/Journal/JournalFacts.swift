public import DaybookFormat

/// What holds for a journal as a whole.
public struct JournalFacts: Sendable {
    /// The journal's UUID; nil before entry 0.
    public internal(set) var uuid: Identifier?
    /// The origin line of its checkpoints.
    public internal(set) var origin = ""
    /// Bytes that a payload may have.
    public internal(set) var payloadLimit = 16 << 20
    /// So many lost leases in a row park an execution.
    public internal(set) var lossLimit: UInt32 = 5
    /// Nanoseconds after which what was submitted and never executed expires.
    public internal(set) var submissionLifetime: UInt64 = 0
    /// Where the journal is at home.
    public internal(set) var binding = ProtoBinding()
    /// How many entries the newest recorded snapshot of the state is the fold of; 0: there is none.
    public internal(set) var snapshotSize: UInt64 = 0
    /// How many entries the journal's own stream has.
    var entries: UInt64 = 0
    /// The last of them.
    var last: UInt64 = 0
    /// Content types; the number of one is its place, from 1.
    public internal(set) var contentTypes: [String] = []

    /// The content type of a number; nil: there is none.
    public func contentType(_ number: UInt32) -> String? {
        number > 0 && number <= contentTypes.count ? contentTypes[Int(number) - 1] : nil
    }

    /// The number of a content type.
    func number(ofContentType type: String) -> UInt32? {
        contentTypes.firstIndex { $0.hasBytes(of: type) }.map { UInt32($0 + 1) }
    }
}
