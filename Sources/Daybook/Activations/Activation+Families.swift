import DaybookFormat
import DaybookModel
import DaybookSystem

/// What an attempt has come to.
struct RunEnd: Sendable {
    /// The output of the execution, or its error.
    let result: Result<[UInt8], OperationError>
    /// What the handler returned, and the entry that holds it, if the output is another one.
    var run: (output: [UInt8], sequence: UInt64)?
    /// Who has failed.
    var cause = FailureCause.code

    /// What the handler itself came to.
    init(_ result: Result<[UInt8], OperationError>) { self.result = result }

    init(
        _ result: Result<[UInt8], OperationError>,
        run: (output: [UInt8], sequence: UInt64),
        _ cause: FailureCause = .code
    ) {
        self.result = result
        self.run = run
        self.cause = cause
    }
}

/// What became of the children that a handler has spawned.
struct FamilyEnd {
    /// How a child has ended.
    struct Member {
        let child: SpawnedChild
        /// Its entry.
        let end: UInt64
        /// Nil: it has completed.
        let error: ErrorFacts?
    }

    /// In the order in which they were spawned.
    let members: [Member]

    /// Those that have failed, without those that were cancelled because another one had.
    var failed: [Member] {
        members.filter { member in member.error.map { $0 != .siblingFailed } ?? false }
    }
}

extension Activation {
    /// What became of the children that the handler has spawned, all of which have ended.
    func familyEnd() throws -> FamilyEnd {
        let spawned = state.withLock { $0.spawned }
        let wanted = Set(spawned.map(\.position))
        var children: [UInt32: UInt64] = [:]
        var ends: [UInt64: (end: UInt64, error: ErrorFacts?)] = [:]
        try reading {
            try history.scan(from: lease.execution) { entry, _ in
                switch EventKind(rawValue: entry.event) {
                case .childStarted:
                    let event = try ProtoChildStarted(decoding: entry)
                    guard event.spawned, wanted.contains(event.operation.position) else { break }
                    children[event.operation.position] = event.child
                    ends[event.child] = nil
                case .childEnded:
                    let event = try ProtoChildEnded(decoding: entry)
                    let error = event.hasError ? try ErrorFacts(event.error) : nil
                    ends[event.child] = event.reopened ? nil : (event.end, error)
                default: break
                }
                return true
            }
        }
        return FamilyEnd(
            members: try spawned.map { position, child in
                guard let end = children[position].flatMap({ ends[$0] }) else {
                    throw ExecutionReader.missingPayload(of: children[position] ?? lease.execution)
                }
                return FamilyEnd.Member(child: child, end: end.end, error: end.error)
            }
        )
    }

    /// What the children gave, as JSON: `[{"index": …, "type": …, "id": …, "output": …}]`.
    func outputs(of family: FamilyEnd) throws -> [UInt8] {
        var json = Array("[".utf8)
        for member in family.members {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            json += try describe(member.child) + Array(",\"output\":".utf8)
            json += try value(at: member.end).data + Array("}".utf8)
            // What is larger than a payload can be is not put together.
            guard json.count <= host.payloadLimit else {
                throw OperationError.tooLarge(json.count, host.payloadLimit)
            }
        }
        return json + Array("]".utf8)
    }

    private func describe(_ child: SpawnedChild) throws -> [UInt8] {
        let codec = JSONPayloadCodec()
        return try Array("{\"index\":\(child.index),\"type\":".utf8) + codec.encode(child.type)
            + Array(",\"id\":".utf8) + codec.encode(child.id)
    }

    /// Errors of children that an error is made of, at most, and characters of each message.
    private static let errorLimit = (children: 100, named: 10, characters: 500)

    /// What an execution fails with whose children have failed.
    func failure(of family: FamilyEnd, _ join: Operation) throws -> OperationError {
        let failed = family.failed
        var words: [String] = []
        var details = Array("{\"failed\":\(failed.count),\"children\":[".utf8)
        let codec = JSONPayloadCodec()
        for (count, member) in failed.prefix(Self.errorLimit.children).enumerated() {
            guard let facts = member.error else { continue }
            let message = try error(facts, at: member.end).message
            let short = String(message.prefix(Self.errorLimit.characters))
            let child = member.child
            if count < Self.errorLimit.named {
                let colon = short.isEmpty ? "" : ": \(short)"
                words.append(
                    "child \(child.index) (\(child.type), \(child.id)) \(facts.words)\(colon)"
                )
            }
            if count > 0 { details.append(UInt8(ascii: ",")) }
            details += try describe(child) + Array(",\"code\":".utf8) + codec.encode(facts.code)
            details += try Array(",\"message\":".utf8) + codec.encode(short) + Array("}".utf8)
        }
        let rest = failed.count - words.count
        if rest > 0 { words.append("and \(rest) more") }
        let all = family.members.count
        return OperationError(
            code: "children-failed",
            message: "\(failed.count) of \(all) children failed: \(words.joined(separator: "; "))",
            isRetryable: false,
            details: details + Array("]}".utf8)
        ).from(join)
    }
}

extension ErrorFacts {
    /// What became of the execution that has this error, in words.
    fileprivate var words: String {
        switch kind {
        case .cancelled: "was cancelled"
        case .timedOut: "took too long"
        default: "failed"
        }
    }
}
