import DaybookFormat
import DaybookJournal
import DaybookModel

/// A store whose process may die while it writes.
final class CrashingStore: JournalStore {
    private let base: any JournalStore
    private let trial: Trial
    private let engine: Int

    /// Why a batch was lost. Nobody learns of it: the process is dead.
    struct Lost: Error {}

    /// - Parameter engine: its number in the trial.
    init(_ base: any JournalStore, _ trial: Trial, _ engine: Int) {
        self.base = base
        self.trial = trial
        self.engine = engine
    }

    var location: String { base.location }

    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        try base.read(body)
    }

    func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        let before = try base.read { try $0.entryCount() }
        var count: UInt64 = 0
        let result = try base.write { writer in
            let result = try body(writer)
            count = try writer.reader.entryCount() - before
            // Before there is a journal no process has done anything.
            let batch = Int(before)..<Int(before + count)
            if before > 0, trial.loses(batch, of: engine) { throw Lost() }
            return result
        }
        let isOfExecution = try base.read { reader in
            try (before..<before + count).contains { sequence in
                try reader.withEntry(sequence) { try Self.isOfExecution($0) } ?? false
            }
        }
        let batch = Int(before)..<Int(before + count)
        trial.wrote(batch, of: engine, isOfExecution: isOfExecution)
        return result
    }

    private static func isOfExecution(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        EventKind(rawValue: try EntryView(bytes).event)?.isOfExecution ?? false
    }

    func reopen() throws { try base.reopen() }
    func isOutOfRoom() throws -> Bool { try base.isOutOfRoom() }
    func hasUnpublishedCommit() throws -> Bool { try base.hasUnpublishedCommit() }
    func close() { base.close() }
}
