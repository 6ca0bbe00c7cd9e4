import DaybookSystem

/// Lines that bodies have written, in order.
package final class CallLog: Sendable {
    private let state = Locked<[String]>([])

    package init() {}

    package func add(_ line: String) { state.withLock { $0.append(line) } }
    package var lines: [String] { state.withLock { $0 } }
}
