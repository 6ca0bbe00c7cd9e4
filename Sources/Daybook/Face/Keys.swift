/// The name of a signal with the type of its value: one constant for who sends and who receives.
///
///     extension SignalKey where Value == Approval {
///         static var approval: SignalKey { SignalKey("approval") }
///     }
public struct SignalKey<Value: Codable & Sendable>: Hashable, Sendable {
    /// The signal's name, 1 to 255 bytes; it is checked where it is used.
    public let name: String

    /// A key of that name.
    public init(_ name: String) { self.name = name }
}

/// A signal that a workflow says it takes: ``Workflow/signals``.
public protocol SignalDeclaration: Sendable {
    /// The signal's name.
    var name: String { get }
    /// - Parameter contentType: of the bytes, with the version of the value's type if it has one.
    /// - Throws: what the codec says of a value that is not one; ``UpcastFailed``.
    func check(_ data: [UInt8], of contentType: String, _ codec: any PayloadCodec) throws
}

extension SignalKey: SignalDeclaration {
    /// - Throws: what the codec says of bytes that are no `Value`; ``UpcastFailed``.
    public func check(_ data: [UInt8], of contentType: String, _ codec: any PayloadCodec) throws {
        _ = try codec.decode(Value.self, from: data, of: contentType)
    }
}

/// The name of an output with the type of its value: one constant for the workflow and who reads it.
public struct OutputKey<Value: Codable & Sendable>: Hashable, Sendable {
    /// The output's name, 1 to 255 bytes; it is checked where it is used.
    public let name: String

    /// A key of that name.
    public init(_ name: String) { self.name = name }
}
