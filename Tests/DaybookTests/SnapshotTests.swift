import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import LMDB
import Logging
import Testing

@testable import Daybook

/// Snapshots on the disk, as recovery finds them.
@Suite(.timeLimit(.minutes(20))) struct StateSnapshotTests {
    private func options(every interval: UInt64?) -> EngineOptions {
        var options = EngineOptions()
        options.snapshotInterval = interval
        return options
    }

    /// Runs work in a journal until snapshots of it are recorded.
    private func fill(_ path: String, snapshots: Int, every interval: UInt64 = 40) async throws {
        let taken = Locked(0)
        var options = options(every: interval)
        options.observers.append { event in
            guard case .snapshotTaken = event else { return }
            taken.withLock { $0 += 1 }
        }
        try await withEngine(
            path,
            options,
            code: { _, context in
                for step in 0..<5 {
                    _ = try await context.checkpoint("step \(step)") { _ in step }
                }
                return try await context.receive("go", as: String.self)
            }
        ) { daybook in
            var number = 0
            while try daybook.record(of: "w\(number)") != nil { number += 1 }
            while taken.withLock({ $0 }) < snapshots {
                try Task.checkCancellation()
                try await daybook.submit(Scripted.self, id: "w\(number)", input: number).execute()
                _ = try await daybook.wait(for: "w\(number)") { $0.status == .waiting }
                number += 1
            }
        }
    }

    private func files(_ path: String) throws -> [SnapshotFolder.File] {
        try JournalFolder(path).snapshots.files(of: State.projection)
    }

    private func verify(_ path: String) throws -> VerificationReport {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        return try Verifier.verify(inspector.store, snapshots: inspector.folder.snapshots)
    }

    /// Opens the journal again, and has all that waits go on.
    /// - Returns: what was said about snapshots that were left aside.
    private func finish(_ path: String) async throws -> [String] {
        let messages = Locked<[String]>([])
        var options = options(every: nil)
        options.logger = Logger(label: "test") { _ in
            CollectingHandler { line in messages.withLock { $0.append(line) } }
        }
        options.logger.logLevel = .info
        try await withEngine(
            path,
            options,
            code: { _, context in
                for step in 0..<5 {
                    _ = try await context.checkpoint("step \(step)") { _ in step }
                }
                return try await context.receive("go", as: String.self)
            }
        ) { daybook in
            for number in 0... {
                // Without who submitted it: that stands in the entry of a session.
                guard try daybook.engine.record(of: "w\(number)") != nil else { break }
                try await daybook.signal("w\(number)", "go", "on")
                let record = try await daybook.engine.waitForEnd(of: "w\(number)")
                #expect(record.status == .completed)
            }
        }
        return messages.withLock { $0 }
    }

    @Test func theyAreTakenInTheBackgroundAndTheLastTwoAreKept() async throws {
        try await withJournal { path in
            try await fill(path, snapshots: 3)
            let files = try files(path)
            #expect(files.count == 2)
            let report = try verify(path)
            #expect(report.problems == [])
            #expect(report.snapshots == 2)
            let messages = try await finish(path)
            #expect(messages == [])
            let after = try verify(path)
            #expect(after.problems == [])
        }
    }

    /// The entries before a snapshot are not folded when it is used: the first session's is spoilt
    /// here, which nothing else needs. Its hash is in a full tile by then.
    @Test func recoveryBeginsWithTheNewest() async throws {
        try await withJournal { path in
            try await fill(path, snapshots: 1, every: 300)
            try spoil(path, entry: 1)
            let messages = try await finish(path)
            #expect(messages == [])
            for file in try files(path) { try damage(path, file) }
            let error = await #expect(throws: JournalError.self) { _ = try await finish(path) }
            #expect(error?.code == .integrity)
            #expect(error?.sequence == 1)
        }
    }

    @Test func aDamagedOneIsLeftAsideForTheOneBefore() async throws {
        try await withJournal { path in
            try await fill(path, snapshots: 2)
            let newest = try #require(files(path).first)
            try damage(path, newest)
            let report = try verify(path)
            #expect(report.problems.count == 1)
            #expect(report.problems.first?.reason.contains(newest.name) == true)
            let messages = try await finish(path)
            #expect(messages.count == 1)
            #expect(messages.first?.contains(newest.name) == true)
        }
    }

    @Test func whenAllAreDamagedEverythingIsFolded() async throws {
        try await withJournal { path in
            try await fill(path, snapshots: 2)
            for file in try files(path) { try damage(path, file) }
            let messages = try await finish(path)
            #expect(messages.count == 2)
        }
    }

    /// As a process leaves it that was killed between file and entry.
    @Test func whatNoEntryVouchesForIsNotUsedAndGoes() async throws {
        try await withJournal { path in
            try await fill(path, snapshots: 1)
            let folder = path + "/snapshots/"
            let known = try #require(files(path).first)
            let stray = SnapshotFolder.File(projection: State.projection, size: known.size + 1)
            try FileManager.default.copyItem(
                atPath: folder + known.name,
                toPath: folder + stray.name
            )
            try FileManager.default.copyItem(
                atPath: folder + known.name,
                toPath: folder + stray.name + ".unfinished"
            )
            let messages = try await finish(path)
            #expect(messages.count == 1)
            let report = try verify(path)
            #expect(report.problems == [])
            try await fill(path, snapshots: 1)
            let names = try files(path).map(\.size)
            #expect(!names.contains(stray.size))
        }
    }

    /// A whole snapshot of another journal, under the name of one of this.
    @Test func thatOfAnotherJournalIsNotUsed() async throws {
        try await withJournal { path in
            try await fill(path, snapshots: 1)
            try await withJournal { other in
                try await fill(other, snapshots: 1)
                let mine = try #require(files(path).first)
                let theirs = try #require(files(other).first)
                let place = path + "/snapshots/" + mine.name
                try FileManager.default.removeItem(atPath: place)
                try FileManager.default.copyItem(
                    atPath: other + "/snapshots/" + theirs.name,
                    toPath: place
                )
            }
            let messages = try await finish(path)
            #expect(messages.count == 1)
        }
    }

    /// Nobody may take one while another process does.
    @Test func onlyOneIsTakenAtATime() async throws {
        try await withJournal { path in
            let folder = JournalFolder(path).snapshots
            let lock = try folder.lock()
            #expect(lock != nil)
            #expect(try folder.lock() == nil)
            withExtendedLifetime(lock) {}
        }
    }

    // MARK: Spoiling

    private func damage(_ path: String, _ file: SnapshotFolder.File) throws {
        let place = path + "/snapshots/" + file.name
        var bytes = try File.contents(of: place)
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(filePath: place))
    }

    /// Overwrites an entry, so that it cannot be read any more.
    private func spoil(_ path: String, entry sequence: UInt64) throws {
        let environment = try Environment.open(JournalFolder(path).dataFile)
        defer { environment.close() }
        let all = try environment.openDatabases([("entries", .integerKeys), ("meta", [])])
        try environment.write { transaction in
            try Array("no entry".utf8).withUnsafeBytes {
                try transaction.put($0, in: all[0], for: sequence)
            }
            // The record of the last commit goes along: it is not what is spoilt here.
            try Array("edge".utf8).withUnsafeBytes { key in
                // Of a field that comes twice the last one counts.
                var edge = WireWriter()
                if let span = try transaction.value(in: all[1], for: key) {
                    span.withUnsafeBytes { edge.raw($0) }
                }
                edge.varint(transaction.commitNumber ?? 0, Wire.TreeEdge.commit)
                try Array(edge.bytes).withUnsafeBytes {
                    try transaction.put($0, in: all[1], for: key)
                }
            }
        }
    }
}

/// Hands on what is logged.
struct CollectingHandler: LogHandler {
    let add: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(_ add: @escaping @Sendable (String) -> Void) { self.add = add }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { add("\(event.message) \(event.metadata ?? [:])") }
}
