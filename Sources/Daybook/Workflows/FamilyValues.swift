import DaybookFormat
import DaybookView

/// A value that is made of those of a family, each of which is decoded as what it is: also by the
/// upcasters of its type.
protocol FamilyComposition: Decodable {
    init(_ parts: FamilyParts) throws
}

/// The values of a family, where they are.
struct FamilyParts {
    let manifest: FamilyManifest
    let reader: FamilyReader
    let codec: any PayloadCodec
    let contentType: (UInt32) -> String?

    init(
        _ manifest: FamilyManifest,
        _ reader: FamilyReader,
        _ codec: any PayloadCodec,
        _ contentType: @escaping (UInt32) -> String?
    ) {
        self.manifest = manifest
        self.reader = reader
        self.codec = codec
        self.contentType = contentType
    }

    /// Decodes all of it.
    /// - Throws: ``PayloadErased``; what the codec says; ``UpcastFailed``.
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard let composition = type as? any FamilyComposition.Type else {
            return try codec.decode(type, from: reader.json(of: manifest))
        }
        return try made(composition)
    }

    /// A composition is made of its parts as what it was asked for.
    private func made<Value: Decodable>(_ type: any FamilyComposition.Type) throws -> Value {
        guard let value = try type.init(self) as? Value else {
            throw UndecodableFamily(type: "\(Value.self)")
        }
        return value
    }

    /// Decodes a value of it.
    func value<Value: Decodable>(of sequence: UInt64) throws -> Value {
        let payload = try reader.payload(of: sequence)
        guard let nested = try reader.manifest(in: payload, of: sequence) else {
            return try codec.decode(Value.self, from: payload.encoded, contentType)
        }
        return try FamilyParts(nested, reader, codec, contentType).decode(Value.self)
    }

    func children<Value: Codable & Sendable>() throws -> [ChildOutput<Value>] {
        try manifest.children.enumerated().map { index, end in
            let name = try reader.name(ofChild: end)
            return ChildOutput(
                index: index,
                type: name.type,
                id: name.id,
                output: try value(of: end)
            )
        }
    }
}

/// What stands for a family is no value of the type that is asked for.
struct UndecodableFamily: Error, CustomStringConvertible {
    let type: String
    var description: String { "it is put together from a family, and is no \(type)" }
}

extension FamilyOutput: FamilyComposition {
    init(_ parts: FamilyParts) throws {
        output = try parts.value(of: parts.manifest.output)
        children = try parts.children()
    }
}

extension FinalizerInput: FamilyComposition {
    init(_ parts: FamilyParts) throws {
        guard let entry = parts.manifest.input else {
            throw UndecodableFamily(type: "\(Self.self)")
        }
        input = try parts.value(of: entry)
        output = try parts.value(of: parts.manifest.output)
        children = try parts.children()
    }
}
