#if CLI
/// Which answers to an approval approve. Any other answer is a rejection.
package enum Acceptance: Sendable, Equatable {
    /// Every answer that does not say no: see ``JSONValue/saysNo``.
    case anythingButNo
    /// An answer that is equal to one of these, or an object that has all fields of one of these,
    /// with equal values. An answer with `"approved": false` is none of them, whatever they are.
    case oneOf([JSONValue])

    /// Whether an answer approves.
    package func approves(_ answer: JSONValue) -> Bool {
        switch self {
        case .anythingButNo: return !answer.saysNo
        case .oneOf(let values):
            if answer[Self.verdict]?.isSame(as: .bool(false)) == true { return false }
            return values.contains { answer.satisfies($0) }
        }
    }

    /// The field of an answer that says whether it approves.
    package static let verdict = "approved"
    /// The field of an answer that says why, in words.
    package static let reason = "reason"

    /// The answers that approve, for a message.
    package var words: String {
        switch self {
        case .anythingButNo: "anything that does not say no"
        case .oneOf(let values): values.map { quotedJSON($0) }.joined(separator: " or ")
        }
    }

    private func quotedJSON(_ value: JSONValue) -> String {
        guard case .object(let fields) = value else { return value.json }
        let names = fields.keys.sorted()
        let parts = names.map { "\(JSONValue.string($0).json):\(fields[$0]?.json ?? "null")" }
        return "an object with " + parts.joined(separator: ", ")
    }
}

extension JSONValue {
    /// Whether an answer says no where nothing else is declared: `false`, `null`, the texts `no` and
    /// `rejected` in letters of either case, and an object whose field `approved` is one of these.
    package var saysNo: Bool { isNo || self[Acceptance.verdict]?.isNo == true }

    private var isNo: Bool {
        switch self {
        case .null, .bool(false): true
        case .string(let text): ["no", "rejected"].contains(text.lowercased())
        default: false
        }
    }

    /// Whether it is equal to `wanted`, or has all of its fields.
    fileprivate func satisfies(_ wanted: JSONValue) -> Bool {
        guard case .object(let fields) = wanted else { return isSame(as: wanted) }
        return fields.allSatisfy { self[$0.key]?.isSame(as: $0.value) == true }
    }

    /// What an answer says that rejects: who gave it, and the reason, or else the answer itself.
    /// - Parameters:
    ///   - block: the one whose approval it was to be.
    ///   - actor: who gave it; empty: unknown.
    package func rejection(of block: String, by actor: String) -> String {
        let who = actor.isEmpty ? "somebody" : actor
        if case .string(let reason) = self[Acceptance.reason], !reason.isEmpty {
            return "\(who) rejected the block \(block): \(reason)"
        }
        let json = json
        let shown =
            json.count <= Self.shownLength ? json : json.prefix(Self.shownLength) + "…"
        return "\(who) rejected the block \(block), with the answer \(shown)"
    }

    /// Characters of an answer that a message shows.
    private static var shownLength: Int { 200 }
}
#endif
