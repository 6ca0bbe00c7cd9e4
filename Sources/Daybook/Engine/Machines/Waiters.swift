/// Who waits to be told that something has happened, and to what.
///
/// A waiter enters *before* it looks, so that nothing which happens between its look and its wait is
/// missed; and it looks once for each thing that it is told of.
struct Waiters<Continuation: Sendable>: Sendable {
    /// What somebody waits for.
    enum Subject: Hashable, Sendable {
        /// Something happens to an execution.
        case execution(UInt64)
        /// An execution ends; its output is handed over when it ends here.
        case output(UInt64)
        /// Nothing runs here any more.
        case idleness
        /// The journal cannot be written.
        case failure
        /// There are more entries.
        case entries
    }

    /// A place in the list.
    struct Token: Hashable, Sendable {
        fileprivate let subject: Subject
        fileprivate let number: UInt64
    }

    private struct Waiter: Sendable {
        let number: UInt64
        /// Nil: it is about to look, and then to wait.
        var continuation: Continuation?
    }

    private var waiting: [Subject: [Waiter]] = [:]
    private var next: UInt64 = 0
    private(set) var isClosed = false

    init() {}

    /// Whether anybody waits for something.
    func isAwaited(_ subject: Subject) -> Bool { waiting[subject] != nil }

    /// How many wait.
    var count: Int { waiting.values.reduce(0) { $0 + $1.count } }

    /// Somebody is about to look.
    mutating func enter(_ subject: Subject) -> Token {
        next += 1
        waiting[subject, default: []].append(Waiter(number: next))
        return Token(subject: subject, number: next)
    }

    /// Somebody has looked, and waits.
    /// - Returns: false when something has happened since, and it has to look again.
    mutating func wait(_ token: Token, _ continuation: Continuation) -> Bool {
        guard !isClosed, let index = index(of: token),
            // To change it in its place takes three allocations; taken out it is nobody else's.
            var waiters = waiting.removeValue(forKey: token.subject)
        else { return false }
        waiters[index].continuation = continuation
        waiting.updateValue(waiters, forKey: token.subject)
        return true
    }

    /// Somebody does not wait any more.
    /// - Returns: its continuation, if it was waiting.
    mutating func leave(_ token: Token) -> Continuation? {
        guard let index = index(of: token) else { return nil }
        let waiter = waiting[token.subject]?.remove(at: index)
        if waiting[token.subject]?.isEmpty == true { waiting[token.subject] = nil }
        return waiter?.continuation
    }

    /// Something has happened.
    /// - Returns: who waits for it. Who is about to look sees it, and enters anew.
    mutating func tell(_ subject: Subject) -> [Continuation] {
        guard !waiting.isEmpty else { return [] }
        return waiting.removeValue(forKey: subject)?.compactMap(\.continuation) ?? []
    }

    /// Nobody waits any more.
    mutating func close() -> [Continuation] {
        isClosed = true
        defer { waiting = [:] }
        return waiting.values.flatMap { $0.compactMap(\.continuation) }
    }

    private func index(of token: Token) -> Int? {
        waiting[token.subject]?.firstIndex { $0.number == token.number }
    }
}
