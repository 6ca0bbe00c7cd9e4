import DaybookFormat

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
    /// - Throws: ``UpcastFailed``; what ``decode(_:from:)`` throws.
    func decode<Value: Decodable>(
        _ type: Value.Type,
        from value: EncodedValue,
        _ contentType: (UInt32) -> String?
    ) throws -> Value {
        guard value.contentType != 0, type is any VersionedValue.Type else {
            return try decode(type, from: value.data)
        }
        return try decode(type, from: value.data, of: contentType(value.contentType) ?? "")
    }

    /// Decodes a value of a content type. A value that names no version is of version 1; one that is
    /// not, such as JSON that a person writes, is of the newest.
    /// - Throws: ``UpcastFailed``; what ``decode(_:from:)`` throws.
    func decode<Value: Decodable>(
        _ type: Value.Type,
        from data: [UInt8],
        of contentType: String
    ) throws -> Value {
        guard let versioned = type as? any VersionedValue.Type else {
            return try decode(type, from: data)
        }
        let recorded = ContentVersion.version(of: contentType)
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

    /// The version that a content type names; nil: it names none.
    static func version(of contentType: String) -> Int? {
        let parts = contentType.split(separator: ";").dropFirst()
        for part in parts where part.hasPrefix("v=") {
            if let version = Int(part.dropFirst(2)) { return version }
        }
        return nil
    }
}
