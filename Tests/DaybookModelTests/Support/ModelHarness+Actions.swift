import DaybookFormat
import DaybookModel
import FoundationEssentials
import SwiftProtobuf
import Testing

/// What most tests need, in a line each.
extension ModelHarness {
    /// Opens a session.
    mutating func open(_ actor: String = "tester", revision: String = "") throws -> UInt64 {
        let uuid = Array(repeating: UInt8(truncatingIfNeeded: next), count: 16)
        return try run(
            OpenSession(
                .with {
                    $0.uuid = Data(uuid)
                    $0.actor = actor
                    $0.host = "host"
                    $0.pid = 42
                    $0.program = "tests"
                    $0.revision = revision
                }
            ),
            session: 0
        )
    }

    /// Submits an execution with a text as its input.
    @discardableResult
    mutating func submit(
        _ id: Name,
        type: Name = "copy",
        input: String = "1",
        terms: Submit.Terms = Submit.Terms(),
        by session: UInt64
    ) throws -> Submit.Answer {
        let input = Array(input.utf8)
        let payloads = try sealed([.json(input)])
        return try run(
            Submit(id: id, type: type, input: input, payloads: payloads, terms: terms),
            session: session
        )
    }

    /// Submits an execution and asks for it to run.
    /// - Returns: its number.
    @discardableResult
    mutating func ready(
        _ id: Name,
        type: Name = "copy",
        by session: UInt64
    ) throws -> UInt64 {
        let number = try submit(id, type: type, by: session).number
        try run(Execute(id: id), session: session)
        return number
    }

    /// Claims an execution that is ready.
    mutating func claim(_ number: UInt64, by session: UInt64) throws -> Lease {
        try #require(try run(Claim(.execution(number)), session: session))
    }

    /// Submits an execution and claims it.
    mutating func lease(
        _ id: Name,
        type: Name = "copy",
        by session: UInt64
    ) throws -> Lease {
        let number = try ready(id, type: type, by: session)
        return try claim(number, by: session)
    }

    /// Records a success.
    @discardableResult
    mutating func succeed(
        _ lease: Lease,
        _ operation: Operation,
        value: String = "null",
        compensates: Bool = false,
        by session: UInt64
    ) throws -> UInt64 {
        let payloads = try sealed([.json(Array(value.utf8))])
        return try run(
            RecordOutcome(
                lease,
                operation,
                .success(payloads, verified: false),
                startedAt: now,
                compensates: compensates
            ),
            session: session
        )
    }

    /// Records a failure.
    @discardableResult
    mutating func disappoint(
        _ lease: Lease,
        _ operation: Operation,
        code: String = "no-luck",
        by session: UInt64
    ) throws -> UInt64 {
        let payloads = try sealed([.text("it went wrong")])
        let outcome = RecordOutcome.Outcome.failure(ErrorFacts(code: code), payloads)
        return try run(RecordOutcome(lease, operation, outcome, startedAt: now), session: session)
    }

    /// Ends an execution well.
    @discardableResult
    mutating func complete(_ lease: Lease, by session: UInt64) throws -> UInt64 {
        let output = try sealed([.json(Array("2".utf8))])
        return try run(Complete(lease, output: output, operations: 0), session: session)
    }

    /// Ends an execution with an error.
    @discardableResult
    mutating func fail(
        _ lease: Lease,
        code: String = "no-luck",
        cause: FailureCause = .code,
        by session: UInt64
    ) throws -> UInt64 {
        let payloads = try sealed([.text("it went wrong")])
        return try run(
            Fail(lease, ErrorFacts(code: code), payloads: payloads, cause: cause),
            session: session
        ).sequence
    }

    /// Parks an execution for a divergence.
    @discardableResult
    mutating func park(_ lease: Lease, by session: UInt64) throws -> UInt64 {
        let divergence = Divergence(
            sequence: nil,
            recorded: nil,
            attempted: .step(0),
            location: "File.swift:1"
        )
        let message = try sealed([.text(divergence.description)])
        return try run(Park(lease, divergence, message: message), session: session)
    }

    /// Declares a session lost.
    @discardableResult
    mutating func lose(_ lost: UInt64, by session: UInt64) throws -> LoseSession.Answer {
        let message = try sealed([.text("lost too often")])
        return try run(LoseSession(lost, parkMessage: message), session: session)
    }

    /// An open execution, which must be there.
    func execution(_ number: UInt64) throws -> ExecutionState {
        try #require(state.execution(number))
    }

    /// The summary of a closed execution, which must be there.
    func summary(_ id: Name) throws -> ProtoExecutionSummary {
        let row = try #require(try row(id))
        try #require(row.hasClosed)
        return row.closed
    }
}

extension Operation {
    /// A checkpoint called `step`.
    static func step(
        _ position: UInt32,
        in scope: [UInt32] = [],
        name: Name = "step"
    ) -> Operation {
        Operation(scope: scope, position: position, kind: .checkpoint, name: name, inputDigest: [])
    }
}

/// Expects a refusal of a kind whose message has all of the given parts: what was asked, what was
/// found, what to do.
func expect(
    _ refusal: Refusal?,
    _ code: Refusal.Code,
    says parts: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let refusal else { return }
    #expect(refusal.code == code, sourceLocation: sourceLocation)
    for part in parts {
        #expect(refusal.message.contains(part), sourceLocation: sourceLocation)
    }
}
