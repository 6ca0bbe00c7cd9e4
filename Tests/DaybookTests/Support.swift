import Daybook
import DaybookSystem
import FoundationEssentials

/// Lines that bodies have written, in order.
final class CallLog: Sendable {
    private let state = Locked<[String]>([])

    func add(_ line: String) { state.withLock { $0.append(line) } }
    var lines: [String] { state.withLock { $0 } }
}

/// Runs `body` with an empty journal that is removed afterwards.
func withJournal(
    _ options: CreationOptions = CreationOptions(),
    _ body: (String) async throws -> Void
) async throws {
    let path = FileManager.default.temporaryDirectory.path + "/test-\(UUID()).daybook"
    try Daybook.create(at: path, options)
    do {
        try await body(path)
    } catch {
        try FileManager.default.removeItem(atPath: path)
        throw error
    }
    try FileManager.default.removeItem(atPath: path)
}
