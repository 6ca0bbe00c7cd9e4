import DaybookFormat

/// What holds for a journal as a whole.
package struct JournalFacts: Sendable {
    /// The journal's UUID; nil before entry 0.
    package internal(set) var uuid: Identifier?
    /// The origin line of its checkpoints.
    package internal(set) var origin = ""
    /// Bytes that a payload may have.
    package internal(set) var payloadLimit = 16 << 20
    /// So many lost leases in a row park an execution.
    package internal(set) var lossLimit: UInt32 = 5
    /// Nanoseconds after which what was submitted and never executed expires.
    package internal(set) var submissionLifetime: UInt64 = 0
    /// Nanoseconds after which secrets of what ended other than well are wiped; 0: never.
    package internal(set) var secretLifetime: UInt64 = 0
    /// Where the journal is at home.
    package internal(set) var binding = ProtoBinding()
    /// How many entries the newest recorded snapshot of the state is the fold of; 0: there is none.
    package internal(set) var snapshotSize: UInt64 = 0
    /// How many entries the journal's own stream has.
    var entries: UInt64 = 0
    /// The last of them.
    var last: UInt64 = 0
    /// Content types; the number of one is its place, from 1.
    package internal(set) var contentTypes: [String] = []

    /// The content type of a number; nil: there is none.
    package func contentType(_ number: UInt32) -> String? {
        number > 0 && number <= contentTypes.count ? contentTypes[Int(number) - 1] : nil
    }

    /// The number of a content type.
    func number(ofContentType type: String) -> UInt32? {
        contentTypes.firstIndex { $0.hasBytes(of: type) }.map { UInt32($0 + 1) }
    }
}
