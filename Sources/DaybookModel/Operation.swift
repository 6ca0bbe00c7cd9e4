import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// Which call through a context it is: what must agree when a handler runs again.
public struct Operation: Hashable, Sendable {
    /// What kind of call it is.
    @nonexhaustive
    public enum Kind: String, Sendable, CaseIterable, Codable {
        /// `checkpoint`.
        case checkpoint
        /// `sleep`.
        case sleep
        /// `signal`.
        case signal
        /// `map`.
        case map
        /// `parallel`.
        case parallel
        /// `race`.
        case race
        /// `version`.
        case version
        /// `store.get`.
        case storeGet = "store_get"
        /// `store.set`.
        case storeSet = "store_set"
        /// `store.delete`.
        case storeDelete = "store_delete"
        /// `output`.
        case output
        /// `poll`.
        case poll
        /// `onUnfinished`.
        case onUnfinished = "on_unfinished"
        /// `finished`.
        case finished
        /// `run`.
        case child
        /// `spawn`.
        case spawn
        /// The handler has returned, and what it has spawned is waited for.
        case join
        /// The finalizer.
        case finalize
    }

    /// Numbers that a scope may have: twice as many as operations may be inside each other.
    static let scopeLimit = 256

    /// The scope: empty for the handler itself, else pairs of position and branch.
    public let scope: [UInt32]
    /// Its place in the scope, from 0.
    public let position: UInt32
    /// What kind of call it is.
    public let kind: Kind
    /// The name that the handler gave it.
    public let name: Name
    /// First 16 bytes of the HMAC of the declared input under the execution's salt; empty: none.
    package let inputDigest: [UInt8]
    /// Where the call stands in the code; nil: it is not known. It takes no part in which operation
    /// it is: two that differ in nothing else are equal.
    public let source: SourceLine?

    /// Nothing is checked here: names and depth are when the operation is recorded.
    @usableFromInline
    package init(
        scope: [UInt32],
        position: UInt32,
        kind: Kind,
        name: Name,
        inputDigest: [UInt8],
        source: SourceLine? = nil
    ) {
        self.scope = scope
        self.position = position
        self.kind = kind
        self.name = name
        self.inputDigest = inputDigest
        self.source = source
    }

    /// Whether place, kind, name and declared input are the same.
    public static func == (left: Operation, right: Operation) -> Bool {
        left.position == right.position && left.kind == right.kind && left.scope == right.scope
            && left.name == right.name && left.inputDigest == right.inputDigest
    }

    /// Hashes what equality compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(scope)
        hasher.combine(position)
        hasher.combine(kind)
        hasher.combine(name)
        hasher.combine(inputDigest)
    }

    /// Reads the recorded form.
    /// - Throws: `WireError` for a kind that this version does not know, and for a scope that is
    ///   too deep.
    package init(_ proto: ProtoOperation) throws(WireError) {
        try Self.check(scope: proto.scope)
        self.init(
            scope: proto.scope,
            position: proto.position,
            kind: try Kind(recorded: proto.kind.rawValue),
            name: Name(proto.name),
            inputDigest: Array(proto.inputDigest),
            source: proto.sourceFile.isEmpty
                ? nil : SourceLine(proto.sourceFile, Int(proto.sourceLine))
        )
    }

    /// The recorded form.
    package var proto: ProtoOperation {
        .with {
            $0.scope = scope
            $0.position = position
            $0.kind = kind.proto
            $0.name = name.text
            $0.inputDigest = Data(inputDigest)
            $0.sourceFile = source?.file ?? ""
            $0.sourceLine = source?.line ?? 0
        }
    }

    /// Writes the recorded form, as SwiftProtobuf would.
    func write(to writer: inout WireWriter) {
        writer.packed(scope.lazy.map(UInt64.init), Wire.Operation.scope)
        writer.varint(UInt64(position), Wire.Operation.position)
        writer.varint(UInt64(kind.proto.rawValue), Wire.Operation.kind)
        writer.string(name.text, Wire.Operation.name)
        if !inputDigest.isEmpty { writer.message(inputDigest, Wire.Operation.inputDigest) }
        if let source {
            writer.string(source.file, Wire.Operation.sourceFile)
            writer.varint(UInt64(source.line), Wire.Operation.sourceLine)
        }
    }

    /// Reads the recorded form, in a fraction of the time that SwiftProtobuf takes.
    init(reading bytes: UnsafeRawBufferPointer) throws(WireError) {
        var scope: [UInt32] = []
        var position: UInt32 = 0
        var kind: Kind?
        var name: Name = ""
        var inputDigest: [UInt8] = []
        var (file, line) = ("", UInt32(0))
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.Operation.scope:
                scope = try reader.packed().map { UInt32(truncatingIfNeeded: $0) }
            case Wire.Operation.position: position = UInt32(truncatingIfNeeded: try reader.varint())
            case Wire.Operation.kind:
                kind = try Kind(recorded: Int(truncatingIfNeeded: try reader.varint()))
            case Wire.Operation.name: name = Name(try reader.string())
            case Wire.Operation.inputDigest: inputDigest = Array(try reader.bytes())
            case Wire.Operation.sourceFile: file = try reader.string()
            case Wire.Operation.sourceLine: line = UInt32(truncatingIfNeeded: try reader.varint())
            default: try reader.skip(field)
            }
        }
        guard let kind else { throw WireError("an operation has no kind") }
        try Self.check(scope: scope)
        self.init(
            scope: scope,
            position: position,
            kind: kind,
            name: name,
            inputDigest: inputDigest,
            source: file.isEmpty ? nil : SourceLine(file, Int(line))
        )
    }

    /// - Throws: `WireError` for one that is deeper than any that is written.
    static func check(scope: [UInt32]) throws(WireError) {
        guard scope.count <= scopeLimit else {
            throw WireError("a scope has \(scope.count) parts; at most \(scopeLimit) are written")
        }
    }

    /// The first operation that a scope is in, and the branch: no scope that is in order ends
    /// between the two.
    static func step(
        into scope: ArraySlice<UInt32>
    ) -> (position: UInt32, branch: UInt32, rest: ArraySlice<UInt32>)? {
        scope.first.map { ($0, scope.dropFirst().first ?? .max, scope.dropFirst(2)) }
    }

    /// Whether it is the same call, whatever was recorded of it.
    func isSamePlace(as other: Operation) -> Bool {
        position == other.position && scope == other.scope
    }

    /// A UUID that is the same for every run of this operation of this execution, and for no
    /// other: to hand to systems that drop duplicates by key.
    /// - Parameter generation: the entry that took back what was done at this place before, so that
    ///   what is done now is not taken for it.
    package func idempotencyKey(
        journal: Identifier,
        execution: UInt64,
        generation: UInt64? = nil
    ) -> Identifier {
        // No scope has an odd number of parts: a generation cannot look like a scope.
        let place =
            [execution, UInt64(position)] + scope.map(UInt64.init)
            + (generation.map { [$0] } ?? [])
        return .derived(from: [
            Array("daybook operation".utf8), journal.bytes,
            place.flatMap { number in withUnsafeBytes(of: number.littleEndian) { Array($0) } },
        ])
    }
}

extension Operation.Kind {
    /// Whether it puts a value of the execution, or looks for one: behind a checkpoint that was undone and runs
    /// again it is done again.
    var isOfValues: Bool {
        switch self {
        case .storeGet, .storeSet, .storeDelete, .output: true
        default: false
        }
    }

    /// - Throws: `WireError` for a number that this version does not know.
    init(recorded number: Int) throws(WireError) {
        guard let kind = ProtoOperation.Kind(rawValue: number).flatMap(Self.init) else {
            throw number == 0
                ? WireError("an operation has no kind") : .newer("kind of operation", number)
        }
        self = kind
    }

    /// Reads the recorded form.
    /// - Returns: nil for one that this version does not know.
    package init?(_ proto: ProtoOperation.Kind) {
        switch proto {
        case .unspecified, .UNRECOGNIZED: return nil
        case .checkpoint: self = .checkpoint
        case .sleep: self = .sleep
        case .signal: self = .signal
        case .map: self = .map
        case .parallel: self = .parallel
        case .race: self = .race
        case .version: self = .version
        case .storeGet: self = .storeGet
        case .storeSet: self = .storeSet
        case .storeDelete: self = .storeDelete
        case .output: self = .output
        case .poll: self = .poll
        case .onUnfinished: self = .onUnfinished
        case .finished: self = .finished
        case .child: self = .child
        case .spawn: self = .spawn
        case .join: self = .join
        case .finalize: self = .finalize
        }
    }

    fileprivate var proto: ProtoOperation.Kind {
        switch self {
        case .checkpoint: .checkpoint
        case .sleep: .sleep
        case .signal: .signal
        case .map: .map
        case .parallel: .parallel
        case .race: .race
        case .version: .version
        case .storeGet: .storeGet
        case .storeSet: .storeSet
        case .storeDelete: .storeDelete
        case .output: .output
        case .poll: .poll
        case .onUnfinished: .onUnfinished
        case .finished: .finished
        case .child: .child
        case .spawn: .spawn
        case .join: .join
        case .finalize: .finalize
        }
    }
}
