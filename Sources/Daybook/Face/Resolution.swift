import DaybookFormat
import DaybookModel

/// What a person says of an operation that may have happened.
@nonexhaustive
public enum Resolution: Sendable {
    /// It happened, and gave this.
    case done(any Encodable & Sendable)
    /// It happened, and gave this JSON.
    case doneEncoded([UInt8])
    /// It did not happen: the body runs.
    case notDone
    /// It failed with this: a failed try, on which the operation's retry policy decides.
    case failed(OperationError)

    /// What is recorded of it.
    func sealable(
        _ codec: any PayloadCodec
    ) throws -> (ResolveOperation.Verdict, Payload?) {
        switch self {
        case .done(let value):
            let type = codec.contentType(of: type(of: value))
            return (.done, Payload(try codec.encode(value), contentType: type))
        case .doneEncoded(let data):
            return (.done, Payload(data, contentType: codec.contentType))
        case .notDone: return (.notDone, nil)
        case .failed(let error): return (.failed(error.facts), .text(error.message))
        }
    }
}
