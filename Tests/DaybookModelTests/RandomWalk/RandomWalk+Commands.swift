import DaybookFormat
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// Commands that need no lease: drawn, run, and asked of the reference model too.
extension RandomWalk {
    static let types: [Name] = ["alpha", "beta", "gamma"]
    static let revisions: [Name] = ["r1", "r2"]

    mutating func runCommand() throws {
        let isFull = reference.open.count > 12
        switch Int.random(in: 0..<152, using: &generator) {
        case 0..<9: try isFull ? finishOne() : submitNew()
        case 9..<11: try submitAgain()
        case 11..<20: try execute()
        case 20..<30: try claimFirst()
        case 30..<38: try claimOne()
        case 38..<88: try useLease()
        case 88..<98: try intervene()
        case 98..<108: try signal()
        case 108..<111: try openSession()
        case 111: try recordSnapshot()
        case 112: try generator.chance(3) ? rewrite() : adopt()
        case 113..<116: try closeSession()
        case 116..<120: try resolve()
        case 120..<122: try repin()
        case 122: try wipe()
        case 123: try erase()
        case 124: try archiveOrTakeBack()
        case 128..<152: try useTasks()
        default: try loseSession()
        }
    }

    mutating func run<C: Command, Value>(
        _ command: C,
        _ session: UInt64,
        _ value: (C.Answer) -> Value
    ) throws -> Outcome<Value> {
        do {
            return .granted(value(try harness.run(command, session: session)))
        } catch let refusal as Refusal {
            guard !refusal.message.isEmpty else { throw failure("a refusal without a message") }
            return .refused(refusal.code)
        }
    }

    // MARK: Draws

    mutating func draw<Element>(_ all: [Element]) throws -> Element {
        guard let element = all.randomElement(using: &generator) else {
            throw failure("nothing to draw from")
        }
        return element
    }

    mutating func drawTypes() -> [String] {
        (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            "t/\(Int.random(in: 0..<Int.random(in: 1...80, using: &generator), using: &generator))"
        }
    }

    mutating func sealed(_ types: [String]) throws -> SealedPayloads {
        try harness.sealed(types.map { Payload(Array($0.utf8), contentType: $0) })
    }

    /// Mostly one that has not ended.
    private mutating func drawID() throws -> Name {
        if generator.chance(25) { return "unknown" }
        let open = reference.open.filter { !$0.status.isFinal }.map(\.id)
        if !open.isEmpty, !generator.chance(6) { return try draw(open) }
        return try draw(reference.numbers.keys.sorted())
    }

    private mutating func drawTerms() throws -> Submit.Terms {
        var terms = Submit.Terms()
        if generator.chance(3) {
            terms.timeout = .seconds(Int.random(in: 5...60, using: &generator))
        }
        if generator.chance(4) { terms.delay = .seconds(Int.random(in: 1...20, using: &generator)) }
        if generator.chance(60) { terms.delay = .seconds(-1) }
        if generator.chance(2) { terms.retry = try drawPolicy() }
        if generator.chance(4) { terms.traceContext = "00-\(harness.next)-01" }
        if generator.chance(3) {
            let names = (0..<Int.random(in: 1...17, using: &generator)).map { Name("l\($0)") }
            terms.labels = Labels(
                names.map { Label(name: $0, value: generator.chance(2) ? "" : "v") }
            )
        }
        terms.isPinned = generator.chance(4)
        return terms
    }

    /// Somebody, or the session's own actor, with a reason or without.
    mutating func drawRequest() throws -> Request {
        if generator.chance(3) { return .session }
        return Request(
            actor: generator.chance(4) ? nil : try draw(["eve", "ann", "session 1"]),
            principal: generator.chance(3) ? "mtls:CN=eve" : nil,
            reason: generator.chance(2) ? try harness.sealed([.text("because")]) : nil
        )
    }

    mutating func drawPolicy() throws -> RetryPolicy {
        var policy = RetryPolicy(
            maxAttempts: UInt32.random(in: 2...4, using: &generator),
            baseDelay: .seconds(Int.random(in: 0...4, using: &generator)),
            multiplier: Double(Int.random(in: 1...3, using: &generator)),
            maxDelay: generator.chance(2) ? .seconds(6) : nil,
            fatalCodes: ["fatal"]
        )
        if generator.chance(4) { policy.retryableCodes = ["fatal", "transient"] }
        return policy
    }

    // MARK: Submitting and executing

    mutating func submitNew(_ type: Name? = nil) throws {
        let id =
            generator.chance(60)
            ? Name(String(repeating: "x", count: 256 * Int.random(in: 0...1, using: &generator)))
            : "id \(harness.next) \(step)"
        let terms = type == nil ? try drawTerms() : Submit.Terms()
        try submit(id, type: type ?? draw(Self.types), input: "input of \(id)", terms)
    }

    private mutating func submitAgain() throws {
        let known = try draw(reference.numbers.values.sorted())
        guard let known = reference.executions[known] else { throw failure("no \(known)") }
        let type = generator.chance(5) ? try draw(Self.types) : known.type
        let input = generator.chance(5) ? "another input" : known.input
        try submit(known.id, type: type, input: input, try drawTerms())
    }

    private mutating func submit(
        _ id: Name,
        type: Name,
        input: String,
        _ terms: Submit.Terms
    ) throws {
        let payloadType = drawTypes()[0]
        let bytes = Array(input.utf8)
        let payloads = try harness.sealed([Payload(bytes, contentType: payloadType)])
        let secrets = drawSecrets()
        let found = try run(
            Submit(
                id: id,
                type: type,
                input: bytes,
                payloads: payloads,
                terms: terms,
                secrets: secrets.isEmpty ? nil : try harness.secrets(secrets),
                by: try drawRequest()
            ),
            draw(reference.sessions)
        ) { $0 }
        let expected = reference.submit(
            id,
            type: type,
            input: input,
            terms,
            [payloadType],
            secrets: secrets
        )
        try compare("submitting \(id)", found, expected)
    }

    private mutating func execute() throws {
        let waiting = reference.open.filter { $0.status == .submitted }.map(\.id)
        let isUseful = !waiting.isEmpty && !generator.chance(4)
        try execute(isUseful ? draw(waiting) : drawID())
    }

    mutating func execute(_ id: Name) throws {
        let found = try run(Execute(id: id, by: try drawRequest()), draw(reference.sessions)) { $0 }
        if case .granted = found { noteStart(id) }
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

    mutating func claimFirst() throws {
        let types = Self.types.shuffled(using: &generator)
            .prefix(Int.random(in: 0...3, using: &generator))
        let session = try drawClaimer()
        let found = try run(Claim(.first(of: Array(types))), session) { $0 }
        let expected = reference.claimFirst(of: Array(types), by: session)
        try compare("claiming of \(types) by \(session)", found, expected)
        if case .granted(let lease?) = expected { leases.append((lease, session)) }
    }

    private mutating func claimOne() throws {
        let ready = reference.open.filter(\.isClaimable).map(\.number)
        let isUseful = !ready.isEmpty && !generator.chance(5)
        let number = try draw(isUseful ? ready : reference.executions.keys.sorted())
        try claim(number, by: drawClaimer())
    }

    mutating func claim(_ number: UInt64, by session: UInt64) throws {
        let found = try run(Claim(.execution(number)), session) { $0 }
        let expected = reference.claim(number, by: session)
        try compare("claiming \(number) by \(session)", found, expected)
        if case .granted(let lease?) = expected { leases.append((lease, session)) }
    }

    // MARK: People

    enum Action: CaseIterable { case cancel, force, pause, resume, retry }

    private mutating func intervene() throws {
        let action = try draw(
            [.cancel, .cancel, .force, .pause, .pause, .resume, .resume, .retry, .retry, .retry]
                as [Action]
        )
        let wanted = reference.all.filter { known in
            guard reference.numbers[known.id] == known.number else { return false }
            return switch action {
            case .cancel: !known.status.isFinal
            case .force: !known.status.isFinal && generator.chance(3) || known.owes
            case .pause: !known.isPaused && (!known.status.isFinal || known.owes)
            case .resume: known.isPaused
            case .retry: known.isParked || known.isClosed && known.status != .completed
            }
        }
        let isUseful = !wanted.isEmpty && !generator.chance(5)
        try intervene(action, isUseful ? draw(wanted).id : drawID())
    }

    mutating func intervene(_ action: Action, _ id: Name) throws {
        let intervention = Intervention(id: id, by: try drawRequest())
        let session = try draw(reference.sessions)
        let (found, expected) =
            switch action {
            case .cancel, .force:
                (
                    try run(Cancel(intervention, force: action == .force), session) { $0 },
                    reference.cancel(id, force: action == .force)
                )
            case .pause:
                (try run(Pause(intervention), session) { $0 }, reference.setPaused(true, id))
            case .resume:
                (try run(Resume(intervention), session) { $0 }, reference.setPaused(false, id))
            case .retry: try retry(intervention, session)
            }
        try compare("\(action) of \(id)", found, expected)
    }

    /// Mostly what is in doubt; now and then something else.
    private mutating func resolve() throws {
        let doubtful = reference.all.filter { !$0.doubts.isEmpty && !$0.status.isFinal }
        let isUseful = !doubtful.isEmpty && !generator.chance(6)
        let known = isUseful ? try draw(doubtful) : nil
        let path =
            known?.doubts.randomElement(using: &generator).map { OperationPath($0) }
            ?? OperationPath(scope: [], position: 0)
        try resolve(known?.id ?? drawID(), path)
    }

    mutating func resolve(_ id: Name, _ path: OperationPath) throws {
        let types = drawTypes()
        let verdict = try draw(
            [.done, .notDone, .failed(ErrorFacts(code: "said"))] as [ResolveOperation.Verdict]
        )
        let command = ResolveOperation(
            id: id,
            path,
            verdict,
            payloads: try sealed(types),
            by: try drawRequest()
        )
        let found = try run(command, draw(reference.sessions)) { $0.left.count }
        try compare(
            "\(path) of \(id) is \(verdict)",
            found,
            reference.resolve(id, path, types, isDone: verdict == .done)
        )
    }

    private mutating func repin() throws {
        let pinned = reference.open.filter { $0.terms.isPinned && !$0.status.isFinal }.map(\.id)
        let isUseful = !pinned.isEmpty && !generator.chance(6)
        try repin(isUseful ? draw(pinned) : drawID(), to: draw(Self.revisions))
    }

    mutating func repin(_ id: Name, to revision: Name) throws {
        let command = Repin(Intervention(id: id, by: try drawRequest()), to: revision)
        let found = try run(command, draw(reference.sessions)) { $0 }
        try compare("repinning \(id)", found, reference.repin(id, to: revision))
    }

    private mutating func signal() throws {
        let signalID: Name? =
            generator.chance(2) ? "s\(Int.random(in: 0..<3, using: &generator))" : nil
        let failure = generator.chance(4) ? "code \(step)" : nil
        try signal(drawID(), draw(Self.signals), signalID, failure: failure)
    }

    mutating func signal(
        _ id: Name,
        _ name: Name,
        _ signalID: Name?,
        failure: String? = nil
    ) throws {
        let signal = Signal(
            id: id,
            name: name,
            signalID: signalID,
            error: failure.map { ErrorFacts(code: $0) },
            payloads: try harness.sealed([.json([0x31])]),
            by: try drawRequest()
        )
        let found = try run(signal, draw(reference.sessions)) { $0 }
        let expected = reference.signal(id, name, signalID, failure: failure)
        try compare("\(name) \(signalID ?? "without id") to \(id)", found, expected)
    }

    // MARK: Time and sessions

    mutating func fire() throws {
        let found = try harness.fire(limit: fireLimit, by: draw(reference.sessions))
        try compare("firing", .granted(found), .granted(reference.fire(limit: fireLimit)))
    }

    mutating func openSession() throws {
        if reference.sessions.count > 5 { return try loseSession() }
        let revision = generator.chance(8) ? "" : try draw(Self.revisions)
        let found = try harness.open("session \(step)", revision: revision.text)
        try compare("opening", .granted(found), .granted(reference.openSession(revision)))
    }

    private mutating func closeSession() throws {
        guard reference.sessions.count > 2 else { return try openSession() }
        let isKnown = !generator.chance(6)
        let session = isKnown ? try draw(reference.sessions) : 0
        let found = try run(CloseSession(), session) { $0 }
        try compare("closing \(session)", found, reference.close(session))
    }

    private mutating func loseSession() throws {
        guard reference.sessions.count > 2 else { return try openSession() }
        let asker = try draw(reference.sessions)
        let lost = generator.chance(6) ? 0 : try draw(reference.sessions)
        let message = try harness.sealed([.text("lost too often")])
        let found = try run(LoseSession(lost, parkMessage: message), asker) { $0 }
        try compare("losing \(lost) by \(asker)", found, reference.lose(lost, by: asker))
    }

    private mutating func adopt() throws {
        let machine = generator.chance(4) ? nil : UInt8.random(in: 1...3, using: &generator)
        let inode = UInt64.random(in: 0...3, using: &generator)
        let isByNobody = generator.chance(8)
        let isRestored = generator.chance(3)
        let command = AdoptJournal(
            .with {
                $0.machine = Data(machine.map { [$0] } ?? [])
                $0.inode = inode
            },
            actor: isByNobody ? "" : "ann",
            reason: try harness.sealed([.text("moved")]),
            restoration: isRestored
                ? .init(size: harness.next, root: [1], origin: generator.chance(2) ? "o" : "")
                : nil
        )
        let found = try run(command, draw(reference.sessions)) { $0 }
        let expected = reference.adopt(
            machine,
            inode,
            byNobody: isByNobody,
            isRestored: isRestored
        )
        try compare("adopting by \(machine ?? 0), \(inode)", found, expected)
    }

    private mutating func rewrite() throws {
        let inode = UInt64.random(in: 0...3, using: &generator)
        let size = harness.next + (generator.chance(8) ? 1 : 0)
        let isByNobody = generator.chance(8)
        let command = RewriteJournal(
            generator.chance(2) ? .damage : .room,
            .init(
                binding: .with {
                    $0.machine = Data([1])
                    $0.inode = inode
                },
                size: size,
                root: [1],
                bytesBefore: 2,
                bytesAfter: 1
            ),
            actor: isByNobody ? "" : "ann",
            reason: try harness.sealed([.text("smaller")])
        )
        let found = try run(command, draw(reference.sessions)) { $0 }
        let expected = reference.rewrite(1, inode, size: size, byNobody: isByNobody)
        try compare("writing \(size) entries anew", found, expected)
    }

    private mutating func recordSnapshot() throws {
        let size = UInt64.random(in: 0...harness.next + 3, using: &generator)
        let command = RecordSnapshot(
            size: size,
            digest: Array(repeating: 1, count: generator.chance(20) ? 31 : 32),
            bytes: 1
        )
        let found = try run(command, draw(reference.sessions)) { $0 }
        let expected = reference.recordSnapshot(size, isWhole: command.digest.count == 32)
        try compare("snapshot of \(size)", found, expected)
    }
}
