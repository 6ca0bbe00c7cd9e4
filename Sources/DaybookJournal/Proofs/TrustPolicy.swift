/// Whose signatures make a head one to rely on: the keys of logs, and how many of which witnesses
/// (c2sp.org/tlog-policy).
///
/// A witness signs no two heads of a log of which one does not go on from the other. So a head that enough
/// witnesses have signed is the one that everybody else is shown.
///
/// A line each, with words between blanks; a line that begins with `#` is a comment:
///
///     log KEY [URL]
///     witness NAME KEY [URL]
///     group NAME any|all|COUNT NAME…
///     quorum NAME|none
///
/// A group is of witnesses, and of groups that stand above it. Nobody is a member twice, so that each witness
/// counts in one way only. `quorum` stands once.
public struct TrustPolicy: Equatable, Sendable {
    /// A witness and where it is asked.
    public struct Witness: Equatable, Sendable {
        /// Its name in the policy.
        public let name: String
        /// Its key.
        public let key: NoteVerifier
        /// Where it takes heads, without `/add-checkpoint`; nil: the policy does not say.
        public let url: String?
    }

    enum Member: Hashable {
        /// The place of a witness, and of a group.
        case witness(Int), group(Int)
    }

    struct Group: Equatable {
        let name: String
        let least: Int
        let members: [Member]
    }

    /// The keys of logs.
    public let logs: [NoteVerifier]
    /// The witnesses.
    public let witnesses: [Witness]
    private let groups: [Group]
    /// Who has to have signed; nil: no witness has to.
    private let quorum: Member?

    /// No witness has to have signed.
    /// - Parameter logs: the keys of logs.
    public init(logs: [NoteVerifier]) {
        self.logs = logs
        witnesses = []
        groups = []
        quorum = nil
    }

    /// Reads a policy.
    /// - Parameter logs: the keys of logs for a policy that names none; one that names some takes no others.
    /// - Throws: ``ProofError/Code/malformed`` with the number of the line.
    public init(_ bytes: [UInt8], logs: [NoteVerifier] = []) throws(ProofError) {
        var reading = PolicyReading()
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() { try reading.take(line, number: index + 1) }
        guard reading.logs.isEmpty != logs.isEmpty else {
            throw PolicyReading.malformed(
                nil,
                logs.isEmpty
                    ? "no line \"log KEY\" says whose heads it is about, and no other key of a log was given"
                    : "it names the keys of logs itself; give no others beside it"
            )
        }
        guard let quorum = reading.quorum else {
            throw PolicyReading.malformed(
                nil,
                "no line \"quorum NAME\" says who has to have signed; \"quorum none\" asks for no witness"
            )
        }
        self.logs = logs + reading.logs
        witnesses = reading.witnesses
        groups = reading.groups
        self.quorum = quorum.member
    }

    /// Whether a head is to be signed by others than its log.
    var asksForWitnesses: Bool { quorum.map { !isReached($0, []) } ?? false }

    // MARK: Checking

    /// The head that a note is, once it is signed as the policy asks for.
    /// - Throws: ``ProofError``: as ``SignedNote/head(by:)``; ``ProofError/Code/tooFewWitnesses``.
    public func head(of note: SignedNote) throws(ProofError) -> TreeHead {
        let head = try note.head(by: logs + witnesses.map(\.key))
        guard let quorum else { return head }
        let signed = try places(note)
        guard !isReached(quorum, signed) else { return head }
        throw ProofError(
            .tooFewWitnesses,
            "too few witnesses have signed the head of \(head.origin) at \(head.size) entries: \(lack(quorum, signed)); get their signatures, or another head"
        )
    }

    /// The witnesses that have signed a note, in the order of the policy.
    /// - Throws: ``ProofError/Code/badSignature``.
    public func signed(_ note: SignedNote) throws(ProofError) -> [Witness] {
        try places(note).sorted().map { witnesses[$0] }
    }

    private func places(_ note: SignedNote) throws(ProofError) -> Set<Int> {
        let found: [NoteVerifier]
        do throws(ProofError) { found = try note.check(by: witnesses.map(\.key)) } catch {
            if error.code == .notSigned { return [] }
            throw error
        }
        return Set(witnesses.indices.filter { found.contains(witnesses[$0].key) })
    }

    private func isReached(_ member: Member, _ signed: Set<Int>) -> Bool {
        switch member {
        case .witness(let place): return signed.contains(place)
        // A group is only of what stands above it, so that this ends.
        case .group(let place):
            let group = groups[place]
            return group.members.count { isReached($0, signed) } >= group.least
        }
    }

    /// Who is missing, in words.
    private func lack(_ member: Member, _ signed: Set<Int>) -> String {
        switch member {
        case .witness(let place): return "\(witnesses[place].name) has not"
        case .group(let place):
            let group = groups[place]
            let missing = group.members.filter { !isReached($0, signed) }
            let count = group.members.count - missing.count
            let inner = missing.compactMap { member in
                if case .group = member { return lack(member, signed) } else { return nil }
            }
            let names = missing.map(name).joined(separator: ", ")
            let own =
                "\(group.name) needs \(group.least) of \(group.members.count) and has \(count), without \(names)"
            return ([own] + inner).joined(separator: "; ")
        }
    }

    private func name(_ member: Member) -> String {
        switch member {
        case .witness(let place): witnesses[place].name
        case .group(let place): groups[place].name
        }
    }
}
