/// A type whose values encode to the same bytes in every process, whatever it is made of.
///
/// For a type that encodes a `Set`, or a dictionary with other keys than strings and integers, in an
/// order of its own.
public protocol StablyEncodable: Encodable {}

/// An input whose encoding would differ from process to process: its order follows from hashes,
/// which are seeded anew in each.
public struct UnstableInput: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the input it is, for example `input.tags`.
    public let path: String
    /// The type that has no order.
    public let type: String

    /// What was found and what to do.
    public var description: String {
        "\(path) is a \(type), which encodes in another order in each process, so that the same input would look like another one; use a sorted array, or encode it in an order of your own and conform to StablyEncodable"
    }
}

/// Finds what has no order of its own in a value that is compared by its bytes.
enum StableEncoding {
    /// - Throws: ``UnstableInput``.
    static func check(_ value: Any, _ path: String = "input") throws(UnstableInput) {
        switch value {
        case is any StablyEncodable, is String, is any Numeric, is Bool, is [UInt8], is [Int],
            is [String],
            is [Double], is any RawRepresentable:
            return
        default: break
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .set: throw UnstableInput(path: path, type: "\(type(of: value))")
        case .dictionary:
            for (_, pair) in mirror.children {
                let parts = Array(Mirror(reflecting: pair).children)
                guard parts.count == 2 else { continue }
                guard parts[0].value is String || parts[0].value is Int else {
                    throw UnstableInput(path: path, type: "\(type(of: value))")
                }
                try check(parts[1].value, "\(path)[\(parts[0].value)]")
            }
        case .collection:
            for (index, child) in mirror.children.enumerated() {
                try check(child.value, "\(path)[\(index)]")
            }
        case .struct, .class, .enum, .tuple, .optional:
            for child in mirror.children {
                try check(child.value, child.label.map { "\(path).\($0)" } ?? path)
            }
        default: return
        }
    }
}
