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
    // How waits are found is nobody's concern either.
    case let waits as WaitTable: return text(of: waits.inOrder)
    case let stopped as StoppedWaits:
        return text(of: stopped.waits.sorted { $0.sequence < $1.sequence })
    case let state as State: return text(ofState: state)
    case let execution as ExecutionState: return text(ofExecution: execution)
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

/// Whether there is a box for what most executions have little of says nothing: only what it holds.
private func text(ofExecution execution: ExecutionState) -> String {
    let parts = Mirror(reflecting: execution).children.map { child in
        let label = child.label ?? ""
        return label + ": " + text(of: label == "box" ? execution.rare : child.value)
    }
    return "(" + parts.joined(separator: ",\n") + ")"
}

/// Of the queues only what can be claimed is compared: when void places go is nobody's concern.
private func text(ofState base: State) -> String {
    let parts = Mirror(reflecting: base).children.map { child in
        let label = child.label ?? ""
        // Void deadlines go when they come, or when there are many.
        if let timers = child.value as? Timers {
            return label + ": " + text(of: live(timers, base.executions))
        }
        // Void places go when they come to the top, or when there are many.
        if let due = child.value as? DueTasks {
            return label + ": " + text(of: live(due, base.tasks))
        }
        // Void ones go when their turn comes.
        if let orphans = child.value as? Orphans {
            // What has gone on as a new run is looked up then.
            let live = orphans.items.filter {
                base.executions.hasOrphan($0) && base.executions.contains($0.child)
            }
            return label + ": " + text(of: Set(live))
        }
        // Kept also when nothing of a type is open any more.
        if label == "types" { return label }
        // What is noted of the batch under way is no part of what is folded.
        if label == "batch" { return label }
        guard label == "ready" else { return label + ": " + text(of: child.value) }
        let live = places(in: child.value).filter { place in
            guard let state = base.executions[place.number] else { return false }
            return state.isClaimable && state.readySequence == place.sequence
        }
        // Ascending within each queue: the order of the queues among them says nothing.
        let queues = Dictionary(grouping: live) { item in
            base.executions[item.number].map { "\($0.type) \($0.pinnedRevision ?? "")" } ?? ""
        }
        return label + ": " + text(of: queues)
    }
    return "(" + parts.joined(separator: ",\n") + ")"
}

/// The deadlines that stand, each once, in order.
private func live(_ timers: Timers, _ executions: ExecutionTable) -> [TimerItem] {
    var timers = timers
    var live: [TimerItem] = []
    while let item = timers.removeFirst(
        by: Timestamp(rawValue: .max),
        { executions[$0.execution]?.hasTimer($0) ?? false }
    ) {
        if live.last != item { live.append(item) }
    }
    return live
}

/// The tasks that wait, each once, in order.
private func live(_ due: DueTasks, _ tasks: Tasks) -> [String] {
    let all = due.orders.flatMap { kind, order in
        Set(order.all).filter { tasks[$0.task]?.stands(at: $0) ?? false }.map { item in
            "\(kind.type) \(kind.isPrioritised) \(item.time) \(item.rank) \(item.task)"
        }
    }
    return all.sorted()
}

extension State {
    /// Looks at the clock, as a process does that fires nothing: void deadlines at the top go.
    mutating func lookAtClock(_ now: Timestamp) {
        guard let due = removeDue(by: now) else { return }
        timers.insert(due)
    }
}

/// All places in queues, void ones included, whatever holds them.
func places(in value: Any) -> [ReadyQueues.Item] {
    if let place = value as? ReadyQueues.Item { return [place] }
    return Mirror(reflecting: value).children.flatMap { places(in: $0.value) }
}
