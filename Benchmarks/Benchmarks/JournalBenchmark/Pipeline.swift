import DaybookFormat
import DaybookSystem

/// Batches that one thread makes ready while another writes.
final class Pipeline: Sendable {
    private struct State {
        var ready: [Result<[EntryDraft], any Error>] = []
    }

    private let state = Locked(State())

    /// How many batches are made ready ahead.
    private static let depth = 4

    func produce(
        _ count: Int,
        _ make: @escaping @Sendable (Int) throws -> [EntryDraft]
    ) throws {
        _ = try SystemThread.start { [self] in
            for index in 0..<count {
                let batch = Result { try make(index) }
                state.wait(until: { $0.ready.count < Self.depth }) { $0.ready.append(batch) }
                state.wakeAll()
            }
        }
    }

    func take() throws -> [EntryDraft] {
        let batch = state.wait(until: { !$0.ready.isEmpty }) { $0.ready.removeFirst() }
        state.wakeAll()
        return try batch.get()
    }
}
