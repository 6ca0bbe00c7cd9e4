import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// Drawing commands, running them, and asking the reference model about each.
extension RandomWalk {
    static let types = ["alpha", "beta", "gamma"]
    private static let scopes: [[UInt32]] = [[], [], [], [0, 0], [0, 1], [2, 0, 1, 7]]

    mutating func runCommand() throws {
        let isFull = reference.openNumbers.count > 40
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<10: try isFull ? finishOne() : submitNew()
        case 10..<15: try submitAgain()
        case 15..<26: try execute()
        case 26..<36: try claimFirst()
        case 36..<44: try claimOne()
        case 44..<50: try underLease { .start($0.drawOperation($1)) }
        case 50..<80:
            try underLease {
                .record($0.drawOperation($1), $0.drawTypes(), logs: $0.drawLogs())
            }
        case 80..<88: try finishOne()
        case 88..<92: try underLease { _, _ in .release }
        case 92..<93: try underLease { walk, _ in .park(walk.drawTypes()) }
        case 93..<96: try openSession()
        case 96..<98: try closeSession()
        default: try loseSession()
        }
    }

    private mutating func run<C: Command>(
        _ command: C,
        _ session: UInt64
    ) throws -> Outcome<C.Answer> where C.Answer: Equatable {
        do {
            return .granted(try harness.run(command, session: session))
        } catch let refusal as Refusal {
            guard !refusal.message.isEmpty else { throw failure("a refusal without a message") }
            return .refused(refusal.code)
        }
    }

    // MARK: Draws

    private mutating func draw<Element>(_ all: [Element]) throws -> Element {
        guard let element = all.randomElement(using: &generator) else {
            throw failure("nothing to draw from")
        }
        return element
    }

    private mutating func drawTypes() -> [String] {
        (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            "t/\(Int.random(in: 0..<Int.random(in: 1...80, using: &generator), using: &generator))"
        }
    }

    private mutating func drawLogs() -> [String] {
        guard generator.chance(3) else { return [] }
        // Types of their own: they do not bring those of an outcome.
        return (0..<Int.random(in: 1...2, using: &generator)).map { _ in
            "log/\(Int.random(in: 0..<20, using: &generator))"
        }
    }

    private mutating func drawOperation(_ lease: Lease) -> Operation {
        let scope = Self.scopes.randomElement(using: &generator) ?? []
        let known = reference.executions[lease.id]
        var position = known?.positions[scope, default: 0] ?? 0
        if generator.chance(8) { position = UInt32.random(in: 0...position + 2, using: &generator) }
        return .step(position, in: scope, name: "step \(position)")
    }

    private mutating func sealed(_ types: [String]) throws -> SealedPayloads {
        try harness.sealed(types.map { Payload(Array($0.utf8), contentType: $0) })
    }

    private mutating func sealed(logs types: [String]) throws -> [LogChunk] {
        try types.map { LogChunk(lines: 1, payloads: try sealed([$0])) }
    }

    // MARK: Submitting and executing

    mutating func submitNew(_ type: String? = nil) throws {
        let id =
            generator.chance(60)
            ? String(repeating: "x", count: 256 * Int.random(in: 0...1, using: &generator))
            : "id \(harness.next) \(step)"
        try submit(id, type: type ?? draw(Self.types), input: "input of \(id)")
    }

    private mutating func submitAgain() throws {
        let known = try draw(reference.executions.values.sorted { $0.number < $1.number })
        let type = generator.chance(5) ? try draw(Self.types) : known.type
        let input = generator.chance(5) ? "another input" : known.input
        try submit(known.id, type: type, input: input)
    }

    private mutating func submit(_ id: String, type: String, input: String) throws {
        let payloadType = drawTypes()[0]
        let bytes = Array(input.utf8)
        let payloads = try harness.sealed([Payload(bytes, contentType: payloadType)])
        let found = try run(
            Submit(id: id, type: type, input: bytes, payloads: payloads),
            draw(reference.sessions)
        )
        let expected = reference.submit(id, type: type, input: input, [payloadType])
        try compare("submitting \(id)", found, expected)
    }

    private mutating func execute() throws {
        let waiting = reference.executions.values.sorted { $0.number < $1.number }
            .filter { $0.status == .submitted }.map(\.id)
        var id = "unknown"
        if !generator.chance(20) {
            let isUseful = !waiting.isEmpty && !generator.chance(4)
            id = try draw(isUseful ? waiting : reference.executions.keys.sorted())
        }
        let found = try run(Execute(id: id), draw(reference.sessions))
        try compare("executing \(id)", found, reference.execute(id))
    }

    // MARK: Claiming

    /// Mostly an open session; now and then one that once held a lease.
    private mutating func drawClaimer() throws -> UInt64 {
        guard generator.chance(12), let old = leases.randomElement(using: &generator) else {
            return try draw(reference.sessions)
        }
        return old.session
    }

    private mutating func claimFirst() throws {
        let types = Self.types.shuffled(using: &generator)
            .prefix(Int.random(in: 0...3, using: &generator))
        let session = try drawClaimer()
        let found = try run(Claim(.first(of: Array(types))), session)
        let expected = reference.claimFirst(of: Array(types), by: session)
        try compare("claiming of \(types)", found, expected)
        if case .granted(let lease?) = expected { leases.append((lease, session)) }
    }

    private mutating func claimOne() throws {
        let ready = reference.executions.values.filter(\.isClaimable).map(\.number).sorted()
        let isUseful = !ready.isEmpty && !generator.chance(5)
        let number = try draw(isUseful ? ready : reference.ids.keys.sorted())
        let session = try drawClaimer()
        let found = try run(Claim(.execution(number)), session)
        let expected = reference.claim(number, by: session)
        try compare("claiming \(number)", found, expected)
        if case .granted(let lease?) = expected { leases.append((lease, session)) }
    }

    // MARK: Under a lease

    /// Mostly a valid lease and its session; now and then an old one, or another session.
    private mutating func drawLease() throws -> (lease: Lease, session: UInt64)? {
        let valid = leases.filter { lease, session in
            let known = reference.executions[lease.id]
            return known?.holder == session && known?.epoch == lease.epoch
        }
        let isUseful = !valid.isEmpty && !generator.chance(5)
        guard var drawn = (isUseful ? valid : leases).randomElement(using: &generator) else {
            return nil
        }
        if generator.chance(12) { drawn.session = try draw(reference.sessions) }
        return drawn
    }

    private mutating func underLease(
        _ make: (inout RandomWalk, Lease) throws -> ReferenceModel.Leased
    ) throws {
        guard let (lease, session) = try drawLease() else { return try claimFirst() }
        let command = try make(&self, lease)
        let found = try run(command, lease, session)
        let expected = reference.perform(command, lease, by: session)
        try compare("\(command) under \(lease) by \(session)", found, expected)
    }

    private mutating func run(
        _ command: ReferenceModel.Leased,
        _ lease: Lease,
        _ session: UInt64
    ) throws -> Outcome<UInt64> {
        switch command {
        case .start(let operation): return try run(StartOperation(lease, operation), session)
        case .record(let operation, let types, let logs):
            let payloads = try sealed(types)
            let outcome: RecordOutcome.Outcome =
                generator.chance(4)
                ? .failure(ErrorFacts(code: "failed"), payloads)
                : .success(payloads, verified: generator.chance(2))
            let command = RecordOutcome(
                lease,
                operation,
                outcome,
                startedAt: harness.now,
                logs: try sealed(logs: logs)
            )
            return try run(command, session)
        case .complete(let types, let logs):
            let output = try sealed(types)
            let logs = try sealed(logs: logs)
            return try run(Complete(lease, output: output, operations: 0, logs: logs), session)
        case .fail(let code, let types, let logs):
            let payloads = try sealed(types)
            let logs = try sealed(logs: logs)
            let error = ErrorFacts(code: code)
            return try run(Fail(lease, error, payloads: payloads, logs: logs), session)
                .map(\.sequence)
        case .release: return try run(Release(lease), session)
        case .park(let types):
            let divergence = Divergence(
                sequence: nil,
                recorded: nil,
                attempted: nil,
                location: "here"
            )
            return try run(Park(lease, divergence, message: try sealed(types)), session)
        }
    }

    private mutating func finishOne() throws {
        let isGood = !generator.chance(4)
        try underLease { walk, _ in
            let types = walk.drawTypes()
            let logs = walk.drawLogs()
            return isGood
                ? .complete(types, logs: logs) : .fail("code \(walk.step)", types, logs: logs)
        }
    }

    // MARK: Sessions

    mutating func openSession() throws {
        let found = try harness.open("session \(step)")
        try compare("opening", .granted(found), .granted(reference.open()))
    }

    private mutating func closeSession() throws {
        guard reference.sessions.count > 2 else { return try openSession() }
        let isKnown = !generator.chance(6)
        let session = isKnown ? try draw(reference.sessions) : 0
        let found = try run(CloseSession(), session)
        try compare("closing \(session)", found, reference.close(session))
    }

    private mutating func loseSession() throws {
        guard reference.sessions.count > 2 else { return try openSession() }
        let asker = try draw(reference.sessions)
        let lost = generator.chance(6) ? 0 : try draw(reference.sessions)
        let types = [drawTypes()[0]]
        let found = try run(LoseSession(lost, parkMessage: try sealed(types)), asker)
        try compare("losing \(lost) by \(asker)", found, reference.lose(lost, by: asker, types))
    }
}
