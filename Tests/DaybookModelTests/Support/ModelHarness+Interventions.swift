import DaybookFormat

@testable import DaybookModel

/// What tests of attempts, waits and interventions need, in a line each.
extension ModelHarness {
    /// Submits an execution under terms and asks for it to run.
    @discardableResult
    mutating func ready(
        _ id: Name,
        type: Name = "copy",
        _ terms: Submit.Terms,
        by session: UInt64
    ) throws -> UInt64 {
        let payloads = try sealed([.json(Array("1".utf8))])
        let submit = Submit(
            id: id,
            type: type,
            input: Array("1".utf8),
            payloads: payloads,
            terms: terms
        )
        let number = try run(submit, session: session).number
        try run(Execute(id: id), session: session)
        return number
    }

    mutating func intervention(_ id: Name) throws -> Intervention {
        Intervention(
            id: id,
            by: Request(actor: "ann", reason: try sealed([.text("because")]))
        )
    }

    @discardableResult
    mutating func cancel(_ id: Name, by session: UInt64) throws -> InterventionAnswer {
        try run(Cancel(try intervention(id)), session: session)
    }

    @discardableResult
    mutating func pause(_ id: Name, by session: UInt64) throws -> InterventionAnswer {
        try run(Pause(try intervention(id)), session: session)
    }

    @discardableResult
    mutating func resume(_ id: Name, by session: UInt64) throws -> InterventionAnswer {
        try run(Resume(try intervention(id)), session: session)
    }

    @discardableResult
    mutating func retry(
        _ id: Name,
        secrets: SealedSecrets? = nil,
        by session: UInt64
    ) throws -> InterventionAnswer {
        try run(Retry(try intervention(id), secrets: secrets), session: session)
    }

    /// Secrets of these names, as a shell would have sealed them: no two have the same key.
    func secrets(_ names: [Name]) throws -> SealedSecrets {
        let keys = names.enumerated().map { index, name in
            var id = [UInt8](repeating: UInt8(index), count: 16)
            withUnsafeBytes(of: next.bigEndian) { id.replaceSubrange(0..<8, with: $0) }
            return SealedSecrets.Key(name: name, slot: UInt32(index), id: id)
        }
        let payloads = names.map { Payload(Array($0.text.utf8), contentType: ContentTypes.bytes) }
        var copy = self
        return SealedSecrets(keys, try copy.sealed(payloads))
    }

    /// Has a person say what became of an operation.
    @discardableResult
    mutating func resolve(
        _ id: Name,
        _ path: OperationPath,
        _ verdict: ResolveOperation.Verdict,
        by session: UInt64
    ) throws -> ResolveOperation.Answer {
        let payloads = try sealed([.json(Array("1".utf8))])
        let request = try intervention(id).request
        return try run(
            ResolveOperation(id: id, path, verdict, payloads: payloads, by: request),
            session: session
        )
    }

    /// Parks an execution because operations may have happened.
    @discardableResult
    mutating func doubt(
        _ lease: Lease,
        _ operations: [Operation],
        by session: UInt64
    ) throws -> UInt64 {
        let doubts = operations.map { Doubt(operation: $0, started: next - 1) }
        let message = try sealed([.text("it may have happened")])
        return try run(ParkInDoubt(lease, doubts, message: message), session: session)
    }

    @discardableResult
    mutating func repin(
        _ id: Name,
        to revision: Name,
        by session: UInt64
    ) throws -> InterventionAnswer {
        try run(Repin(try intervention(id), to: revision), session: session)
    }

    @discardableResult
    mutating func signal(
        _ id: Name,
        _ name: Name,
        value: String = "1",
        signalID: Name? = nil,
        by session: UInt64
    ) throws -> Signal.Answer {
        let payloads = try sealed([.json(Array(value.utf8))])
        return try run(
            Signal(
                id: id,
                name: name,
                signalID: signalID,
                payloads: payloads,
                by: Request(actor: "ann")
            ),
            session: session
        )
    }

    /// Has an operation begin a child, or go on with it, and wait for its end.
    /// - Parameter suspended: with how many operations the execution waits, if nothing else runs.
    @discardableResult
    mutating func begin(
        _ child: Name,
        of lease: Lease,
        _ operation: Operation = .op(.child, 0),
        input: String = "1",
        suspended: Int? = 1,
        by session: UInt64
    ) throws -> Suspension {
        let input = Array(input.utf8)
        let payloads = try sealed([.json(input)])
        let submit = Submit(id: child, type: "copy", input: input, payloads: payloads)
        return try run(
            StartChild(lease, operation, submit, suspended: suspended),
            session: session
        )
    }

    /// The number of the newest run of an id.
    func number(of id: Name) throws -> UInt64 {
        guard let row = try row(id) else { throw Refusal.unknownExecution(id) }
        return row.number
    }

    /// Has an operation wait for a time.
    /// - Parameter suspended: with how many operations the execution waits, if nothing else runs.
    @discardableResult
    mutating func sleep(
        _ lease: Lease,
        _ operation: Operation,
        for duration: Duration,
        suspended: Int? = 1,
        by session: UInt64
    ) throws -> Bool {
        try run(
            StartTimer(lease, operation, until: .after(duration), suspended: suspended),
            session: session
        ).waits
    }

    /// Has an operation wait for a signal.
    @discardableResult
    mutating func await(
        _ lease: Lease,
        _ operation: Operation,
        timeout: Duration? = nil,
        suspended: Int? = 1,
        by session: UInt64
    ) throws -> UInt64? {
        try run(
            AwaitSignal(lease, operation, timeout: timeout, suspended: suspended),
            session: session
        ).signal
    }

    /// Has an operation be tried again.
    mutating func again(
        _ lease: Lease,
        _ operation: Operation,
        suspended: Int? = 1,
        by session: UInt64
    ) throws {
        let command = RetryOperation(
            lease,
            operation,
            ErrorFacts(code: "busy"),
            payloads: try sealed([.text("busy")]),
            tries: 1,
            policy: RetryPolicy(maxAttempts: 3),
            suspended: suspended
        )
        try run(command, session: session)
    }

    /// Where an execution stands: `running`, or `ready, paused`.
    func standing(_ number: UInt64) -> String {
        guard let state = state.execution(number) else { return "closed" }
        var words = [state.status.rawValue]
        if state.isPaused { words.append("paused") }
        if state.isParked { words.append("parked") }
        if state.isDelayed { words.append("delayed") }
        if state.isCleaning { words.append("cleaning") }
        return words.joined(separator: ", ")
    }
}

extension Operation {
    static func op(
        _ kind: Kind,
        _ position: UInt32,
        _ name: Name = "op",
        in scope: [UInt32] = []
    ) -> Operation {
        Operation(scope: scope, position: position, kind: kind, name: name, inputDigest: [])
    }
}
