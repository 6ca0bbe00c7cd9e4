/// A type whose recorded values have versions: an input, a result, a signal or a stored value that
/// was recorded by older code is brought up to date, step by step, before it is decoded.
///
/// The version is recorded in the payload's content type, as in `application/json;v=2`; what was
/// recorded before the type had versions is of version 1. Only the type that is asked for is looked
/// at, and not those inside of it, but for the parts of ``FamilyOutput`` and ``FinalizerInput``.
///
///     struct Order: Codable, VersionedValue {
///         static let version = 2
///         static let upcasters = [Upcaster(from: 1) { (old: OrderV1) in Order(old, currency: "EUR") }]
///     }
public protocol VersionedValue {
    /// The version of what is encoded now, from 1.
    static var version: Int { get }
    /// The steps from older versions, in any order: one from each version that journals may hold.
    static var upcasters: [Upcaster] { get }
}

/// A step from one version of a type's recorded values to the next one.
public struct Upcaster: Sendable {
    /// The version that it begins with.
    public let version: Int
    let step: @Sendable ([UInt8], any PayloadCodec) throws -> [UInt8]

    /// - Parameters:
    ///   - version: the version that it begins with, from 1; what it gives is of the next one.
    ///   - body: makes the newer value of the older one. It must depend on nothing else: it runs
    ///     whenever the value is read.
    public init<Old: Decodable & SendableMetatype, New: Encodable & SendableMetatype>(
        from version: Int,
        _ body: @escaping @Sendable (Old) throws -> New
    ) {
        self.version = version
        step = { data, codec in try codec.encode(try body(try codec.decode(Old.self, from: data))) }
    }
}

/// A recorded value cannot be brought up to date.
public struct UpcastFailed: Error, CustomStringConvertible {
    /// The type that is asked for.
    public let type: String
    /// The version in which the value is recorded.
    public let recorded: Int
    /// What is wrong.
    public let reason: String

    /// What is wrong, in words.
    public var description: String {
        "it is recorded as version \(recorded) of \(type), \(reason)"
    }
}

extension VersionedValue {
    /// Brings a recorded value up to date.
    static func upcast(
        _ data: [UInt8],
        from recorded: Int,
        _ codec: any PayloadCodec
    ) throws -> [UInt8] {
        func failed(_ reason: String) -> UpcastFailed {
            UpcastFailed(type: "\(Self.self)", recorded: recorded, reason: reason)
        }
        guard recorded <= version else {
            throw failed("which is newer than version \(version), the newest that this code knows")
        }
        var data = data
        for version in recorded..<version {
            guard let upcaster = upcasters.first(where: { $0.version == version }) else {
                throw failed("and there is no upcaster from version \(version) to \(version + 1)")
            }
            do {
                data = try upcaster.step(data, codec)
            } catch {
                throw failed(
                    "and the upcaster from version \(version) fails: \(UndecodableValue.sentence(error))"
                )
            }
        }
        return data
    }
}
