import DaybookFormat
import SwiftProtobuf

@testable import DaybookModel

/// A value with all that it holds as text, private fields included, so that a field that is added
/// later is compared too: equal values have the same text. Dictionaries come in order.
func text(of value: Any) -> String {
    switch value {
    // Where a state lies in the table depends on what was there before, and is nobody's concern.
    case let table as ExecutionTable:
        return "\(table.count) of " + text(of: table.numbers.map { table[$0] })
    case let string as String: return String(reflecting: string)
    case let number as UInt64: return "\(number)"
    case let message as any Message: return message.textFormatString()
    default: break
    }
    let mirror = Mirror(reflecting: value)
    let parts = mirror.children.map { child in
        (child.label.map { "\($0): " } ?? "") + text(of: child.value)
    }
    switch mirror.displayStyle {
    case .optional: return parts.first ?? "nil"
    case .collection: return "[" + parts.joined(separator: ", ") + "]"
    case .dictionary, .set: return "[" + parts.sorted().joined(separator: ", ") + "]"
    default:
        return parts.isEmpty
            ? String(describing: value) : "(" + parts.joined(separator: ",\n") + ")"
    }
}
