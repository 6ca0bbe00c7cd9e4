import DaybookFormat

/// Whose signatures make a head one to rely on: the keys of logs, and how many of which witnesses
/// (c2sp.org/tlog-policy).
///
/// A witness signs no two heads of a log of which one does not go on from the other. So a head that enough
/// witnesses have signed is the one that everybody else is shown.
///
/// A line each, with words between blanks; `#` begins a comment:
///
///     log KEY [URL]
///     witness NAME KEY [URL]
///     group NAME any|all|COUNT NAME…
///     quorum NAME|none
///
/// A group is of witnesses, and of groups that stand above it. `quorum` stands once.
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

    private struct Group: Equatable {
        let name: String
        let least: Int
        let members: [String]
    }

    /// The keys of logs.
    public let logs: [NoteVerifier]
    /// The witnesses.
    public let witnesses: [Witness]
    private let groups: [Group]
    /// The name of what has to have signed; nil: no witness has to.
    private let quorum: String?

    /// No witness has to have signed.
    /// - Parameter logs: the keys of logs.
    public init(logs: [NoteVerifier]) {
        self.logs = logs
        witnesses = []
        groups = []
        quorum = nil
    }

    /// Reads a policy.
    /// - Throws: ``ProofError/Code/malformed`` with the number of the line.
    public init(_ bytes: [UInt8]) throws(ProofError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ProofError(.malformed, "it is no policy (c2sp.org/tlog-policy): it is no UTF-8")
        }
        var reading = Reading()
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = line.prefix { $0 != UInt8(ascii: "#") }
            let words = content.split { [0x09, 0x0D, 0x20].contains($0) }
                .map { String(Substring($0)) }
            if !words.isEmpty { try reading.take(words, line: index + 1) }
        }
        guard !reading.logs.isEmpty else {
            throw Self.malformed(nil, "no line \"log KEY\" says whose heads it is about")
        }
        guard let quorum = reading.quorum else {
            throw Self.malformed(nil, "no line \"quorum NAME\" says who has to have signed; `quorum none` asks for no witness")
        }
        logs = reading.logs
        witnesses = reading.witnesses
        groups = reading.groups
        self.quorum = quorum == Reading.none ? nil : quorum
    }

    private static func malformed(_ line: Int?, _ what: String) -> ProofError {
        let place = line.map { "line \($0): " } ?? ""
        return ProofError(.malformed, "it is no policy (c2sp.org/tlog-policy): \(place)\(what)")
    }

    // MARK: Reading

    private struct Reading {
        /// The name of no witness at all.
        static let none = "none"

        var logs: [NoteVerifier] = []
        var witnesses: [Witness] = []
        var groups: [Group] = []
        var quorum: String?
        private var names: Set<String> = []

        mutating func take(_ words: [String], line: Int) throws(ProofError) {
            switch (words[0], words.count) {
            case ("log", 2...3): logs.append(try key(words[1], .ed25519, line))
            case ("witness", 3...4):
                try define(words[1], line)
                let key = try key(words[2], .cosignature, line)
                if let other = witnesses.first(where: { $0.key == key }) {
                    throw malformed(line, "the key of \(words[1]) is that of \(other.name); one witness counts once")
                }
                let url = words.count == 4 ? words[3] : nil
                witnesses.append(Witness(name: words[1], key: key, url: url))
            case ("group", 4...): try takeGroup(words, line)
            case ("quorum", 2):
                guard quorum == nil else { throw malformed(line, "the quorum is named twice") }
                if words[1] != Self.none { try checkDefined(words[1], line) }
                quorum = words[1]
            default:
                throw malformed(
                    line,
                    "a line is one of: log KEY [URL]; witness NAME KEY [URL]; group NAME any|all|COUNT NAME…; quorum NAME|none"
                )
            }
        }

        private mutating func takeGroup(_ words: [String], _ line: Int) throws(ProofError) {
            let members = Array(words[3...])
            for member in members { try checkDefined(member, line) }
            guard Set(members).count == members.count else {
                throw malformed(line, "a member of the group \(words[1]) is named twice")
            }
            let least: Int
            switch words[2] {
            case "any": least = 1
            case "all": least = members.count
            default:
                guard let count = Int(words[2]), (1...members.count).contains(count) else {
                    throw malformed(
                        line,
                        "of the group \(words[1]) any, all or 1 to \(members.count) have to sign, and the line says \"\(words[2])\""
                    )
                }
                least = count
            }
            try define(words[1], line)
            groups.append(Group(name: words[1], least: least, members: members))
        }

        private mutating func define(_ name: String, _ line: Int) throws(ProofError) {
            guard name != Self.none, names.insert(name).inserted else {
                throw malformed(line, "\"\(name)\" is a name that is taken; use another")
            }
        }

        private func checkDefined(_ name: String, _ line: Int) throws(ProofError) {
            guard names.contains(name) else {
                throw malformed(line, "no line above names a witness or a group \"\(name)\"")
            }
        }

        private func key(
            _ text: String,
            _ algorithm: NoteVerifier.Algorithm,
            _ line: Int
        ) throws(ProofError) -> NoteVerifier {
            let key: NoteVerifier
            do throws(ProofError) { key = try NoteVerifier(text) } catch {
                throw malformed(line, error.message)
            }
            guard key.algorithm == algorithm else {
                throw malformed(
                    line,
                    algorithm == .ed25519
                        ? "the key of \(key.name) is that of a witness, and none of a log"
                        : "the key of \(key.name) is none of a witness (`daybook keygen --witness`)"
                )
            }
            return key
        }

        private func malformed(_ line: Int, _ what: String) -> ProofError {
            TrustPolicy.malformed(line, what)
        }
    }

    // MARK: Checking

    /// The head that a note is, once it is signed as the policy asks for.
    /// - Throws: ``ProofError``: as ``SignedNote/head(by:)``; ``ProofError/Code/tooFewWitnesses``.
    public func head(of note: SignedNote) throws(ProofError) -> TreeHead {
        let head = try note.head(by: logs + witnesses.map(\.key))
        guard let quorum else { return head }
        let signed = try Set(self.signed(note))
        var reached = signed
        // A group stands below all that it is of.
        for group in groups where group.members.count(where: reached.contains) >= group.least {
            reached.insert(group.name)
        }
        guard reached.contains(quorum) else {
            let missing = witnesses.map(\.name).filter { !signed.contains($0) }
            let found = signed.isEmpty ? "none" : "only " + signed.sorted().joined(separator: ", ")
            throw ProofError(
                .tooFewWitnesses,
                "the policy asks for the signatures of \(quorum), and of its witnesses \(found) has signed the head; get that of \(missing.joined(separator: ", "))"
            )
        }
        return head
    }

    /// The names of the witnesses that have signed a note, in the order of the policy.
    /// - Throws: ``ProofError/Code/badSignature``.
    public func signed(_ note: SignedNote) throws(ProofError) -> [String] {
        let found: [NoteVerifier]
        do throws(ProofError) { found = try note.check(by: witnesses.map(\.key)) } catch {
            if error.code == .notSigned { return [] }
            throw error
        }
        return witnesses.filter { found.contains($0.key) }.map(\.name)
    }
}
