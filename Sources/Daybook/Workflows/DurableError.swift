import FoundationEssentials

/// An error of a program's own that is recorded whole, and comes back typed.
///
/// Thrown by the body of an operation, or by a handler, it is recorded under ``code``, with its
/// encoding as the details. Who catches the ``OperationError``, at once or in a replay or from
/// another process, gets it back by ``OperationError/as(_:)``. The code stands in the program's text,
/// so that a type that is renamed keeps it.
///
/// Its message is its `description` when it conforms to `CustomStringConvertible`, else its ``code``
/// alone: what its fields hold is shown to people only where the program says how. The details are
/// plain JSON of all its fields. They do not go through ``EngineOptions/codec``, and whoever reads the
/// journal reads them too: leave secrets out of it.
public protocol DurableError: Error, Codable, Sendable {
    /// The stable word that it is recorded under, 1 to 255 bytes.
    static var code: String { get }
    /// Whether trying again may help. By default it may.
    var isRetryable: Bool { get }
}

extension DurableError {
    /// It may.
    public var isRetryable: Bool { true }
}

extension OperationError {
    /// The program's own error that was recorded; nil: it was none of that type, or its details are
    /// left out or do not decode.
    public func `as`<Failure: DurableError>(_ type: Failure.Type) -> Failure? {
        guard code == Failure.code, let details else { return nil }
        do {
            return try JSONDecoder().decode(Failure.self, from: Data(details))
        } catch {
            return nil
        }
    }

    /// Records a program's own error.
    init(durable error: some DurableError) {
        let details: [UInt8]?
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            details = Array(try encoder.encode(error))
        } catch {
            // What cannot be encoded is still an error with a code and a message.
            details = nil
        }
        self.init(
            code: type(of: error).code,
            message: (error as? any CustomStringConvertible)?.description ?? type(of: error).code,
            isRetryable: error.isRetryable,
            details: details
        )
    }
}
