import DaybookFormat
import SwiftProtobuf

/// A handler asked for something else than what its history holds.
public struct Divergence: Error, Hashable, Sendable, CustomStringConvertible {
    /// The entry that recorded the operation; nil: nothing is recorded there.
    public let sequence: UInt64?
    /// What is recorded; nil: nothing.
    public let recorded: Operation?
    /// What was asked for; nil: the handler ended.
    public let attempted: Operation?
    /// File and line of the call.
    public let location: String
    /// What differs.
    public let cause: Cause
    /// What a decoder says of a value that is not of the type that is asked for. Of what is recorded
    /// only the message has it.
    public let detail: String?
    /// Why it differs, as far as that is known.
    package var origin = Origin.unknown

    /// Why code and history differ, as far as that is known: it decides what is advised.
    package enum Origin: Hashable, Sendable {
        case unknown
        /// The same revision of the code has recorded it.
        case sameRevision
        /// Another codec has recorded the value.
        case otherCodec
        /// The code does not say any more what is to run at a bad end: how a checkpoint is undone, or what it had
        /// registered.
        case lostUndoing
    }

    /// What differs between what is recorded and what the code does.
    @nonexhaustive
    public enum Cause: Hashable, Sendable {
        /// The kind or name of the operation, or that there is one at all.
        case operation
        /// The input that it declares.
        case input
        /// The recorded value is not of the type that is asked for.
        case value
        /// The number of branches.
        case branches
        /// A branch that decided with an error ends well now, or the other way round.
        case ending
    }

    /// What is recorded where, and what the code did instead.
    /// - Parameters:
    ///   - sequence: the entry of what is recorded; nil: nothing is.
    ///   - cause: nil: the operations differ, or their inputs do where they look the same.
    package init(
        sequence: UInt64?,
        recorded: Operation?,
        attempted: Operation?,
        location: String,
        cause: Cause? = nil,
        detail: String? = nil
    ) {
        self.sequence = sequence
        self.recorded = recorded
        self.attempted = attempted
        self.location = location
        self.detail = detail
        let isSame = recorded?.kind == attempted?.kind && recorded?.name == attempted?.name
        self.cause = cause ?? (isSame && recorded != nil ? .input : .operation)
    }

    /// The recorded input of an execution is not of the type that its workflow takes.
    /// - Parameters:
    ///   - reason: the decoder's sentence.
    ///   - type: the type that the workflow takes.
    ///   - number: the execution's.
    ///   - origin: why it is not.
    package init(
        undecodable reason: String,
        as type: String,
        inputOf number: UInt64,
        _ origin: Origin
    ) {
        self.origin = origin
        sequence = number
        recorded = nil
        attempted = nil
        location = type
        cause = .value
        detail = reason
    }

    /// What is to run because an execution has ended badly has no code any more.
    /// - Parameters:
    ///   - operation: the one that registered it: a checkpoint that is to be undone, or another.
    ///   - sequence: its entry.
    ///   - workflow: whose code it is.
    package init(lostUndoingOf operation: Operation, _ sequence: UInt64, in workflow: String) {
        self.init(sequence: sequence, recorded: operation, attempted: nil, location: workflow)
        origin = .lostUndoing
    }

    /// The recorded form.
    package var proto: ProtoDivergence {
        .with {
            $0.sequence = sequence ?? 0
            if let recorded { $0.recorded = recorded.proto }
            if let attempted { $0.attempted = attempted.proto }
            $0.location = location
            $0.cause =
                switch cause {
                case .operation: .operation
                case .input: .input
                case .value: .value
                case .branches: .branches
                case .ending: .ending
                }
        }
    }

    /// What to do about it in the code, so that the execution can go on.
    public var mend: String { "\(correction); then retry it" }

    /// What to do about it in the code.
    package var correction: String {
        switch origin {
        case .unknown: break
        case .sameRevision:
            return
                "the same revision of the code recorded that and asks otherwise now, so the code is not deterministic: look for clocks, random numbers, the order of dictionaries and sets, and whatever else it learns outside of the context and the bodies"
        case .otherCodec:
            return
                "open the journal with the codec that recorded it, or with one that reads both"
        case .lostUndoing:
            return recorded?.kind == .checkpoint
                ? "give the checkpoint a `compensate` again, which may be another than it had"
                : "register it again, by the name and at the place that it had"
        }
        return switch cause {
        case .operation where attempted == nil:
            "the code leaves out what it did before: put the call back, for executions that began with it by `if try await context.version(\"…\") {} else {…}`"
        case .operation:
            "put what is new behind `if try await context.version(\"…\")`, or after all that was there before, and put back what is gone"
        case .input:
            "declare the input as before, or do what is new behind `if try await context.version(\"…\")`"
        case .value:
            "make the type take what is recorded: give it a version and an upcaster (VersionedValue), or make what is new optional"
        case .branches:
            "give it as many branches as before, or do what is new behind `if try await context.version(\"…\")`"
        case .ending:
            "let the branch end as it did before"
        }
    }

    /// What differs, in words.
    public var description: String {
        if cause == .value, recorded == nil {
            let entry = sequence ?? 0
            return "the input in entry \(entry) cannot be decoded as \(location): \(detail ?? "")"
        }
        if origin == .lostUndoing, let recorded {
            let entry = "\"\(recorded.name)\" (entry \(sequence ?? 0))"
            return recorded.kind == .checkpoint
                ? "the checkpoint \(entry) is to be undone, and the code of \(location) does not say any more how; nothing is undone until it does"
                : "\(entry) is to run at this end, and the code of \(location) does not register it any more; nothing that was registered runs until it does"
        }
        let asked =
            attempted.map {
                "the code asks for the \($0.kind.rawValue) \"\($0.name)\" at \(location)"
            }
            ?? "the handler ended at \(location)"
        guard let recorded else { return "\(asked), and nothing is recorded there" }
        let found =
            "entry \(sequence ?? 0) records the \(recorded.kind.rawValue) \"\(recorded.name)\""
            + (recorded.source.map { " by \($0)" } ?? "")
        let difference =
            switch cause {
            case .operation: ""
            case .input: " with another input"
            case .value: " with a value of another type"
            case .branches: " with another number of branches"
            case .ending: " with another ending of the branch that decided it"
            }
        return "\(asked), but \(found)\(difference)\(detail.map { ": \($0)" } ?? "")"
    }
}
