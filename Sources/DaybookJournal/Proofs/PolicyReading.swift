/// The lines of a ``TrustPolicy`` as they are read. Names are bytes: two that look alike are two.
struct PolicyReading {
    private(set) var logs: [NoteVerifier] = []
    private(set) var witnesses: [TrustPolicy.Witness] = []
    private(set) var groups: [TrustPolicy.Group] = []
    /// Who has to have signed. A member that is nil stands for nobody.
    private(set) var quorum: (member: TrustPolicy.Member?, line: Int)?
    private var names: [ArraySlice<UInt8>: TrustPolicy.Member] = [:]
    /// In which line somebody is a member of a group.
    private var places: [TrustPolicy.Member: Int] = [:]

    /// The name of no witness at all.
    private static let none = ArraySlice("none".utf8)
    private static let forms =
        "a line is one of: log KEY [URL]; witness NAME KEY [URL]; group NAME any|all|COUNT NAME…; quorum NAME|none"

    static func malformed(_ line: Int?, _ what: String) -> ProofError {
        let place = line.map { "line \($0): " } ?? ""
        return ProofError(.malformed, "it is no policy (c2sp.org/tlog-policy): \(place)\(what)")
    }

    mutating func take(_ line: ArraySlice<UInt8>, number: Int) throws(ProofError) {
        guard line.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
            throw Self.malformed(
                number,
                line.last == 0x0D
                    ? "it ends with a carriage return; end lines with a newline alone"
                    : "it has a control character"
            )
        }
        let words = line.split { $0 == 0x20 || $0 == 0x09 }
        guard let first = words.first, first.first != UInt8(ascii: "#") else { return }
        switch (Self.text(first), words.count) {
        case ("log", 2...3): try takeLog(words, number)
        case ("witness", 3...4): try takeWitness(words, number)
        case ("group", 4...): try takeGroup(words, number)
        case ("quorum", 2): try takeQuorum(words[1], number)
        default: throw Self.malformed(number, Self.forms)
        }
    }

    private mutating func takeLog(
        _ words: [ArraySlice<UInt8>],
        _ line: Int
    ) throws(ProofError) {
        let key = try key(words[1], .ed25519, line)
        guard !logs.contains(where: { $0.key == key.key }) else {
            throw Self.malformed(line, "the key of the log \(key.name) stands above already")
        }
        logs.append(key)
    }

    private mutating func takeWitness(
        _ words: [ArraySlice<UInt8>],
        _ line: Int
    ) throws(ProofError) {
        let name = Self.text(words[1])
        let key = try key(words[2], .cosignature, line)
        // One and the same key under two names would count twice.
        if let other = witnesses.first(where: { $0.key.key == key.key }) {
            throw Self.malformed(
                line,
                "the key of \(name) is that of \(other.name); one witness counts once"
            )
        }
        try define(words[1], .witness(witnesses.count), line)
        let url = words.count == 4 ? Self.text(words[3]) : nil
        witnesses.append(TrustPolicy.Witness(name: name, key: key, url: url))
    }

    private mutating func takeGroup(
        _ words: [ArraySlice<UInt8>],
        _ line: Int
    ) throws(ProofError) {
        let (name, kind) = (Self.text(words[1]), Self.text(words[2]))
        var members: [TrustPolicy.Member] = []
        for word in words[3...] {
            let member = try defined(word, line)
            if let earlier = places.updateValue(line, forKey: member) {
                throw Self.malformed(
                    line,
                    "\"\(Self.text(word))\" is a member of a group in line \(earlier) already; one counts once"
                )
            }
            members.append(member)
        }
        let least: Int
        switch kind {
        case "any": least = 1
        case "all": least = members.count
        default:
            guard let count = Int(kind), "\(count)" == kind, (1...members.count).contains(count)
            else {
                throw Self.malformed(
                    line,
                    "of the group \(name) any, all or 1 to \(members.count) have to sign, and the line says \"\(kind)\""
                )
            }
            least = count
        }
        try define(words[1], .group(groups.count), line)
        groups.append(TrustPolicy.Group(name: name, least: least, members: members))
    }

    private mutating func takeQuorum(_ word: ArraySlice<UInt8>, _ line: Int) throws(ProofError) {
        if let quorum {
            throw Self.malformed(line, "the quorum stands in line \(quorum.line) already")
        }
        quorum = (word == Self.none ? nil : try defined(word, line), line)
    }

    private mutating func define(
        _ name: ArraySlice<UInt8>,
        _ member: TrustPolicy.Member,
        _ line: Int
    ) throws(ProofError) {
        guard name != Self.none, names.updateValue(member, forKey: name) == nil else {
            throw Self.malformed(
                line,
                "\"\(Self.text(name))\" is a name that is taken; use another"
            )
        }
    }

    private func defined(
        _ name: ArraySlice<UInt8>,
        _ line: Int
    ) throws(ProofError) -> TrustPolicy.Member {
        guard let member = names[name] else {
            throw Self.malformed(
                line,
                "no line above names a witness or a group \"\(Self.text(name))\""
            )
        }
        return member
    }

    private func key(
        _ word: ArraySlice<UInt8>,
        _ algorithm: NoteVerifier.Algorithm,
        _ line: Int
    ) throws(ProofError) -> NoteVerifier {
        let key: NoteVerifier
        do throws(ProofError) { key = try NoteVerifier(Self.text(word)) } catch {
            throw Self.malformed(line, error.message)
        }
        guard key.algorithm == algorithm else {
            throw Self.malformed(
                line,
                algorithm == .ed25519
                    ? "the key of \(key.name) is that of a witness, and none of a log"
                    : "the key of \(key.name) is that of a log, and none of a witness"
            )
        }
        return key
    }

    private static func text(_ word: ArraySlice<UInt8>) -> String {
        String(decoding: word, as: UTF8.self)
    }
}
