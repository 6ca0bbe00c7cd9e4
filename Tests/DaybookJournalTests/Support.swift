import DaybookFormat
import DaybookSystem
import FoundationEssentials
import LMDB
import Testing

@testable import DaybookJournal

/// The stores that every test of the journal runs over.
enum StoreKind: CaseIterable, Sendable {
    case memory, lmdb

    /// Runs `body` with an empty store.
    func withStore(_ body: (any JournalStore) throws -> Void) throws {
        switch self {
        case .memory: try body(MemoryStore())
        case .lmdb:
            try withTemporaryFolder { folder in
                let store = try LMDBStore.open(folder, .scratch)
                defer { store.close() }
                try body(store)
            }
        }
    }

    /// Runs `body` with an empty store.
    func withStore(_ body: (any JournalStore) async throws -> Void) async throws {
        switch self {
        case .memory: try await body(MemoryStore())
        case .lmdb:
            try await withTemporaryFolder { folder in
                let store = try LMDBStore.open(folder, .scratch)
                defer { store.close() }
                try await body(store)
            }
        }
    }

    /// Runs `body` with a journal that has entry 0.
    func withJournal(
        clock: any WallClock = SystemClock(),
        _ body: (Journal) throws -> Void
    ) throws {
        try withStore { (store: any JournalStore) throws in
            try body(Journal.create(in: store, event: Drafts.created, clock: clock))
        }
    }
}

/// Runs `body` with an empty folder that is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/journal-\(UUID())"
    try Folder.create(path)
    do {
        try body(path)
    } catch {
        try FileManager.default.removeItem(atPath: path)
        throw error
    }
    try FileManager.default.removeItem(atPath: path)
}

/// Runs `body` with an empty folder that is removed afterwards.
func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    let path = FileManager.default.temporaryDirectory.path + "/journal-\(UUID())"
    try Folder.create(path)
    do {
        try await body(path)
    } catch {
        try FileManager.default.removeItem(atPath: path)
        throw error
    }
    try FileManager.default.removeItem(atPath: path)
}

extension EnvironmentOptions {
    /// For files that need not outlive the machine.
    static var scratch: EnvironmentOptions {
        var options = EnvironmentOptions()
        options.synchronizes = false
        return options
    }

    static var readOnly: EnvironmentOptions {
        var options = scratch
        options.isReadOnly = true
        return options
    }
}

/// Entries to write.
enum Drafts {
    /// The event of entry 0.
    static var created: [UInt8] {
        var event = ProtoJournalCreated()
        event.origin = "test.example/journal"
        event.format = 1
        event.contentTypes = ContentTypes.initial
        return ProtoEntry.OneOf_Event.journalCreated(event).encoded()
    }

    /// An entry of an execution; `text` takes so many bytes more.
    static func entry(_ execution: UInt64, text: String = "") -> EntryDraft {
        var event = ProtoExecutionSubmitted()
        event.id = text
        return EntryDraft(
            stream: StreamID(execution),
            event: ProtoEntry.OneOf_Event.executionSubmitted(event).encoded(),
            session: 1
        )
    }
}

/// A clock that shows what a test says.
final class ManualClock: WallClock {
    private let time: Locked<UInt64>

    init(_ time: UInt64) { self.time = Locked(time) }

    func set(_ time: UInt64) { self.time.withLock { $0 = time } }
    /// No time passes by itself.
    func elapsed() -> UInt64 { 0 }
    func now() -> Timestamp { Timestamp(rawValue: time.withLock { $0 }) }
}

/// An entry as it was read.
struct ReadEntry: Equatable {
    let header: EntryHeader
    let event: UInt32
    let leaf: TreeHash

    init(_ view: EntryView) {
        header = view.header
        event = view.event
        leaf = .leaf(view.bytes)
    }
}

extension Journal {
    /// All entries, from `sequence` on.
    func entries(from sequence: UInt64 = 0) throws -> [ReadEntry] {
        var all: [ReadEntry] = []
        try scan(from: sequence) { entry in
            all.append(ReadEntry(entry))
            return true
        }
        return all
    }

    /// Everything that must hold of a journal: dense, in time, chained, and committed to by its
    /// tree.
    func checkInvariants(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let all = try entries()
        var last: [StreamID: EntryHeader] = [:]
        var time = Timestamp(rawValue: 0)
        for (index, entry) in all.enumerated() {
            let header = entry.header
            #expect(header.sequence == UInt64(index), sourceLocation: sourceLocation)
            #expect(header.time >= time, sourceLocation: sourceLocation)
            time = header.time
            let before = last[header.stream]
            #expect(header.ordinal == before.map { $0.ordinal + 1 } ?? 0, "\(header)")
            #expect(header.previous == before?.sequence ?? 0, "\(header)")
            last[header.stream] = header
        }
        #expect(head.size == UInt64(all.count), sourceLocation: sourceLocation)
        let root = ReferenceTree(all.map(\.leaf)).root(all.count)
        #expect(head.root == root, sourceLocation: sourceLocation)
        #expect(try Journal.open(store).head == head, sourceLocation: sourceLocation)
    }
}

/// The error of the journal that `body` throws; it is an issue if it throws none.
func journalError(
    _ body: () throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
) -> JournalError? {
    #expect(throws: JournalError.self, sourceLocation: sourceLocation) { try body() }
}

/// Why something was refused; nil: it was not, or with an error of another kind.
func proofError(_ body: () throws -> Void) -> ProofError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ProofError)?.code
    }
}
