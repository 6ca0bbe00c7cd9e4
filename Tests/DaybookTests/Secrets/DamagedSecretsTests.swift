import Daybook
import DaybookInspector
import DaybookJournal
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Logging
import Testing

/// Secrets whose time is over, of an execution whose record has changed on the disk.
@Suite(.timeLimit(.minutes(20))) struct DamagedSecretsTests {
    private let room = ClockedJournal()

    private var options: EngineOptions {
        var options = room.options
        options.journalKey = .bytes([UInt8](repeating: 7, count: 32))
        return options
    }

    private static let broken = "the-broken-one"

    private static let code: Scripted.Code = { input, _ in
        guard input > 0 else { return "done" }
        throw OperationError(code: "no", message: "it does not work", isRetryable: false)
    }

    /// Two executions that have failed, with secrets, and a snapshot after them: nobody reads their entries
    /// to open the journal.
    private func prepare(_ path: String) async throws {
        let taken = Locked(0)
        var options = options
        options.snapshotInterval = 1
        options.observers.append { event in
            if case .snapshotTaken = event { taken.withLock { $0 += 1 } }
        }
        try await withEngine(path, options, code: Self.code) { engine async throws in
            var terms = ExecutionOptions()
            terms.secrets = ["TOKEN": "hunter2-and-more"]
            for (id, input) in [(Self.broken, 1), ("whole", 2)] {
                try await engine.start(id, terms, input: input)
                _ = try await engine.wait(for: id) { $0.isClosed }
            }
            let before = taken.withLock { $0 }
            var number = 0
            // More entries than the newest tile of the tree has: those are looked at by all.
            while taken.withLock({ $0 }) < before + 2 || number < 150 {
                try Task.checkCancellation()
                try await engine.start("more-\(number)", input: 0)
                _ = try await engine.wait(for: "more-\(number)") { $0.isClosed }
                number += 1
            }
        }
        let file = URL(filePath: JournalFolder(path).dataFile)
        var bytes = [UInt8](try Data(contentsOf: file))
        let name = Array(Self.broken.utf8)
        var count = 0
        for place in bytes.indices.dropFirst().dropLast(name.count)
        where bytes[place - 1] == UInt8(name.count)
            && bytes[place..<place + name.count].elementsEqual(name)
        {
            // The length of the id in its first entry: there are not so many bytes.
            bytes[place - 1] = 0x7F
            count += 1
        }
        try #require(count > 0)
        try Data(bytes).write(to: file)
    }

    @Test func theJournalIsOpenedAndTheOthersAreWiped() async throws {
        var creation = room.creation
        creation.secretLifetime = .seconds(7 * 86_400)
        try await withJournal(creation) { path in
            try await prepare(path)
            room.clock.pass(.seconds(8 * 86_400))
            let lines = CallLog()
            var options = options
            options.logger = Logger(label: "test") { _ in CollectingHandler { lines.add($0) } }
            try await withEngine(path, options, code: Self.code) { engine async throws in
                // What is due beside it is seen to.
                try await engine.start("next", input: 0)
                #expect(try await engine.result(of: "next") == "\"done\"")
                // Who asks for it by name is told why not.
                let error = await #expect(throws: JournalError.self) {
                    try await engine.wipeSecrets(of: Self.broken)
                }
                #expect(error?.code == .integrity)
            }
            let told = lines.lines.filter { $0.contains("cannot be wiped") }
            #expect(told.count == 1 && told[0].contains(Self.broken), "\(lines.lines)")
            #expect(told.first?.contains("TOKEN") == true)
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            #expect(try inspector.secrets(of: "whole").first?.wiped?.cause == "expired")
        }
    }
}
