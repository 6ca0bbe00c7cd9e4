import DaybookFormat
import DaybookModel

/// The bytes of a value, as they were recorded or as this program has just made them.
struct EncodedValue: Sendable {
    let data: [UInt8]
    /// The number of its content type in the journal; 0: this program has made it.
    var contentType: UInt32 = 0
}

extension StoredPayload {
    /// Its bytes, with what is needed to decode them.
    var encoded: EncodedValue { EncodedValue(data: data, contentType: contentType) }
}

extension PayloadCodec {
    /// The content type of what ``encode(_:)`` makes of a value: with its version, if it has one.
    func contentType(of type: Any.Type) -> String {
        guard let versioned = type as? any VersionedValue.Type, versioned.version > 1 else {
            return contentType
        }
        return "\(contentType)\(ContentVersion.parameter)\(versioned.version)"
    }

    /// Decodes a value that may have been recorded by an older version of its type.
    /// - Parameter contentType: looks up what its number stands for.
    /// - Throws: ``UpcastFailed``; ``CodecMismatch`` when another codec has recorded it; what
    ///   ``decode(_:from:)`` throws.
    func decode<Value: Decodable>(
        _ type: Value.Type,
        from value: EncodedValue,
        _ contentType: (UInt32) -> String?
    ) throws -> Value {
        do {
            return try decodeAny(type, from: value, contentType)
        } catch {
            guard value.contentType != 0, let recorded = contentType(value.contentType),
                recorded != self.contentType, version(of: recorded) == nil
            else { throw error }
            throw CodecMismatch(
                recorded: recorded,
                own: self.contentType,
                reason: UndecodableValue.sentence(error)
            )
        }
    }

    private func decodeAny<Value: Decodable>(
        _ type: Value.Type,
        from value: EncodedValue,
        _ contentType: (UInt32) -> String?
    ) throws -> Value {
        guard value.contentType != 0, type is any VersionedValue.Type else {
            return try decode(type, from: value.data)
        }
        guard let name = contentType(value.contentType) else {
            throw UpcastFailed(
                type: "\(type)",
                recorded: 0,
                reason: "and the journal has no content type \(value.contentType)"
            )
        }
        return try decode(type, from: value.data, of: name)
    }

    /// Decodes a value of a content type. One that names no version is read as version 1, as older code
    /// recorded it; and what is no value of version 1, as the newest.
    /// - Throws: ``UpcastFailed``; what ``decode(_:from:)`` throws.
    func decode<Value: Decodable>(
        _ type: Value.Type,
        from data: [UInt8],
        of contentType: String
    ) throws -> Value {
        guard let versioned = type as? any VersionedValue.Type else {
            return try decode(type, from: data)
        }
        let recorded = version(of: contentType)
        do {
            return try decode(type, from: versioned.upcast(data, from: recorded ?? 1, self))
        } catch {
            guard recorded == nil else { throw error }
            do { return try decode(type, from: data) } catch _ { throw error }
        }
    }
}

/// The version of a value's type in its content type: `application/json;v=2`.
enum ContentVersion {
    static let parameter = ";v="
}

extension PayloadCodec {
    /// The version that stands behind the codec's own content type; nil: none does. A codec may have
    /// parameters of its own.
    fileprivate func version(of recorded: String) -> Int? {
        let own = contentType + ContentVersion.parameter
        return recorded.hasPrefix(own) ? Int(recorded.dropFirst(own.count)) : nil
    }
}

/// A value does not decode, and was recorded under another content type than that of the engine's codec.
public struct CodecMismatch: Error, Hashable, Sendable, CustomStringConvertible {
    /// The content type that it was recorded under.
    public let recorded: String
    /// That of ``EngineOptions/codec``.
    public let own: String
    /// What the codec says of the bytes.
    public let reason: String

    /// What was found, and what the codec is for.
    public var description: String {
        "it is recorded as \(recorded), and the engine's codec is for \(own): \(reason)"
    }
}

extension Divergence.Origin {
    /// Why a recorded value does not decode.
    init(_ error: any Error) { self = error is CodecMismatch ? .otherCodec : .unknown }
}
