import DaybookFormat

@testable import DaybookModel

/// What a command comes to.
enum Outcome<Answer: Equatable & Sendable>: Equatable {
    case granted(Answer)
    case refused(Refusal.Code)

    func map<Other>(_ body: (Answer) -> Other) -> Outcome<Other> {
        switch self {
        case .granted(let answer): .granted(body(answer))
        case .refused(let code): .refused(code)
        }
    }
}

/// What the model should do, written a second time and plainly: no bytes, no overlay, no tables.
///
/// It also foretells the sequence of every entry, and so how many entries each command writes.
struct ReferenceModel {
    struct Execution {
        let id: String
        let type: String
        let input: String
        let number: UInt64
        let submittedAt: Timestamp
        var status = ExecutionStatus.submitted
        var isParked = false
        var holder: UInt64?
        var epoch: UInt64 = 0
        var losses: UInt32 = 0
        var readySince: UInt64 = 0
        var positions: [[UInt32]: UInt32] = [:]
        var refused: Set<UInt64> = []
        var startedAt: Timestamp?
        var finishedAt: Timestamp?
        var entries: UInt64 = 0
        var last: UInt64 = 0
        var errorCode = ""

        var isClaimable: Bool { status == .ready && !isParked }
    }

    let lossLimit: UInt32
    var now: Timestamp
    private(set) var executions: [String: Execution] = [:]
    private(set) var ids: [UInt64: String] = [:]
    /// Open sessions, in order.
    private(set) var sessions: [UInt64] = []
    private(set) var next: UInt64 = 1
    /// Ids of the executions that the batch under way has changed.
    private(set) var touched: Set<String> = []
    private var contentTypes = Set(ContentTypes.initial)

    init(lossLimit: UInt32, now: Timestamp) {
        self.lossLimit = lossLimit
        self.now = now
    }

    mutating func beginBatch() { touched = [] }

    var openNumbers: [UInt64] {
        executions.values.filter { !$0.status.isFinal }.map(\.number).sorted()
    }

    // MARK: Writing

    /// Numbers an entry, after those that intern what is new among the content types.
    mutating func write(_ id: String? = nil, _ types: [String] = []) -> UInt64 {
        for type in types where contentTypes.insert(type).inserted { next += 1 }
        defer { next += 1 }
        if let id {
            touched.insert(id)
            executions[id]?.entries += 1
            executions[id]?.last = next
        }
        return next
    }

    mutating func change(_ id: String, _ body: (inout Execution) -> Void) {
        if var execution = executions[id] {
            body(&execution)
            executions[id] = execution
        }
    }

    // MARK: Commands

    mutating func open() -> UInt64 {
        let number = write()
        sessions.append(number)
        return number
    }

    mutating func submit(
        _ id: String,
        type: String,
        input: String,
        _ payloadTypes: [String]
    ) -> Outcome<Submit.Answer> {
        guard Names.isValid(id), Names.isValid(type) else { return .refused(.invalidArgument) }
        if let known = executions[id] {
            guard known.type == type, known.input == input else { return .refused(.conflict) }
            return .granted(
                Submit.Answer(number: known.number, existed: true, status: known.status)
            )
        }
        let number = write(nil, payloadTypes)
        ids[number] = id
        touched.insert(id)
        executions[id] = Execution(
            id: id,
            type: type,
            input: input,
            number: number,
            submittedAt: now,
            entries: 1,
            last: number
        )
        return .granted(Submit.Answer(number: number, existed: false, status: .submitted))
    }

    mutating func execute(_ id: String) -> Outcome<Execute.Answer> {
        guard let known = executions[id] else { return .refused(.notFound) }
        guard known.status == .submitted else {
            return .granted(
                Execute.Answer(
                    number: known.number,
                    status: known.status,
                    isParked: known.isParked && !known.status.isFinal
                )
            )
        }
        let sequence = write(id)
        change(id) {
            $0.status = .ready
            $0.readySince = sequence
        }
        return .granted(Execute.Answer(number: known.number, status: .ready, isParked: false))
    }

    mutating func claim(_ number: UInt64, by session: UInt64) -> Outcome<Lease?> {
        guard sessions.contains(session) else { return .refused(.notFound) }
        return .granted(lease(number, to: session))
    }

    mutating func claimFirst(of types: [String], by session: UInt64) -> Outcome<Lease?> {
        guard sessions.contains(session) else { return .refused(.notFound) }
        let first = executions.values
            .filter { $0.isClaimable && types.contains($0.type) }
            .min { $0.readySince < $1.readySince }
        return .granted(first.flatMap { lease($0.number, to: session) })
    }

    private mutating func lease(_ number: UInt64, to session: UInt64) -> Lease? {
        guard let id = ids[number], let known = executions[id], known.isClaimable else {
            return nil
        }
        let sequence = write(id)
        let start = now
        change(id) {
            $0.status = .running
            $0.holder = session
            $0.epoch += 1
            $0.startedAt = $0.startedAt ?? start
        }
        return Lease(
            execution: number,
            epoch: known.epoch + 1,
            id: id,
            type: known.type,
            attempt: 1,
            claim: sequence
        )
    }

    // MARK: Sessions

    private func held(by session: UInt64) -> [Execution] {
        executions.values.filter { $0.holder == session }.sorted { $0.number < $1.number }
    }

    private mutating func makeReady(_ id: String) {
        let sequence = write(id)
        change(id) {
            $0.status = .ready
            $0.holder = nil
            $0.readySince = sequence
        }
    }

    mutating func close(_ session: UInt64) -> Outcome<Int> {
        guard sessions.contains(session) else { return .refused(.notFound) }
        _ = write()
        sessions.removeAll { $0 == session }
        let held = held(by: session)
        for execution in held { makeReady(execution.id) }
        return .granted(held.count)
    }

    mutating func lose(
        _ session: UInt64,
        by asker: UInt64,
        _ messageTypes: [String]
    ) -> Outcome<LoseSession.Answer> {
        guard session != asker else { return .refused(.invalidArgument) }
        var answer = LoseSession.Answer()
        guard sessions.contains(session) else { return .granted(answer) }
        _ = write()
        sessions.removeAll { $0 == session }
        for execution in held(by: session) {
            makeReady(execution.id)
            change(execution.id) { $0.losses += 1 }
            if execution.losses + 1 >= lossLimit {
                _ = write(execution.id, messageTypes)
                change(execution.id) { $0.isParked = true }
                answer.parked.append(execution.number)
            } else {
                answer.readied.append(execution.number)
            }
        }
        return .granted(answer)
    }
}
