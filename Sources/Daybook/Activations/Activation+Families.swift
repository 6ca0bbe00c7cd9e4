import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView

/// What an attempt has come to.
struct RunEnd: Sendable {
    /// The output of the execution, or its error.
    let result: Result<[UInt8], OperationError>
    /// What the handler returned, and the entry that holds it, if the output is another one.
    var run: (output: [UInt8], sequence: UInt64)?
    /// Who has failed.
    var cause = FailureCause.code
    /// The content type of the output; nil: that of the workflow's.
    var contentType: String?

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
            // Of a fork what its origin has spawned, too.
            try history.scan(from: drawsAs) { entry, _ in
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

    // MARK: Values

    /// Reads values that may be those of a family.
    private var familyReader: FamilyReader {
        FamilyReader(
            payloads: { [history] in try history.payloads(of: $0) },
            child: { [history] in try history.child(endedBy: $0) },
            contentType: { [host] in host.contentType($0) }
        )
    }

    /// Decodes what stands for the values of a family.
    /// - Throws: ``PayloadErased``; what the codec says; ``UpcastFailed``; `CancellationError` when the
    ///   journal cannot be read.
    func decode<Value: Decodable>(
        _ type: Value.Type,
        from manifest: FamilyManifest
    ) throws -> Value {
        do {
            let parts = FamilyParts(manifest, familyReader, host.codec) { [host] in
                host.contentType($0)
            }
            return try parts.decode(type)
        } catch let error as JournalError {
            latch(.journalFailed(error))
            throw CancellationError()
        }
    }

    /// Decodes the input of the execution: a finalizer's stands for the values of a family.
    /// - Throws: as ``decode(_:from:)``.
    func decodeInput<Value: Decodable>(_ type: Value.Type, from value: EncodedValue) throws -> Value
    {
        guard lease.isFinalizer,
            host.contentType(value.contentType) == FamilyManifest.contentType
        else { return try decode(type, from: value) }
        let manifest = try reading {
            try FamilyManifest(decoding: value.data, at: lease.execution)
        }
        return try decode(type, from: manifest)
    }

    // MARK: Refusing

    /// - Throws: ``OperationError`` when the handler may not spawn so many more children.
    func checkMaySpawn(_ count: Int) throws(OperationError) {
        try checkCodecOfFamily()
        let all = state.withLock { $0.spawned.count } + count
        let limit = FamilyManifest.capacity(of: host.payloadLimit)
        guard all <= limit else {
            throw OperationError(
                code: "too-many-children",
                message:
                    "\(lease.id) spawns \(all) children, and where a payload may have \(host.payloadLimit) bytes at most \(limit) are allowed; have children of it spawn them",
                isRetryable: false
            )
        }
    }

    /// - Throws: ``OperationError`` when values of a family cannot be put together.
    func checkCodecOfFamily() throws(OperationError) {
        guard host.codec.contentType == ContentTypes.json else {
            throw OperationError(
                code: "family-needs-json",
                message:
                    "the outputs of a family are put together as JSON, and the codec writes \(host.codec.contentType); use one that writes JSON, or await children by run",
                isRetryable: false
            )
        }
    }

    // MARK: Failures

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
            let message = try messageIfAny(facts, at: member.end)
            let short = String(message.prefix(Self.errorLimit.characters))
            let child = member.child
            if count < Self.errorLimit.named {
                let colon = short.isEmpty ? "" : ": \(short)"
                words.append("\(child.words) \(facts.words)\(colon)")
            }
            if count > 0 { details.append(UInt8(ascii: ",")) }
            details += try child.json + Array(",\"code\":".utf8) + codec.encode(facts.code)
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

extension Activation {
    /// The message of a child's error; empty once that is erased.
    private func messageIfAny(_ facts: ErrorFacts, at end: UInt64) throws -> String {
        do { return try error(facts, at: end).message } catch is PayloadErased { return "" }
    }
}

extension SpawnedChild {
    /// Which one it is, in words.
    var words: String { "child \(index) (\(type), \(id))" }
    /// The beginning of an object of JSON that says which one it is.
    var json: [UInt8] { Array(EndedChildName(type: type, id: id).json(index).utf8) }
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
