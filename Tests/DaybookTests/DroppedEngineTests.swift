import Daybook
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Logging
import Testing

/// An engine that nobody closes and nobody holds any more.
@Suite(.timeLimit(.minutes(20))) struct DroppedEngineTests {
    /// Files under a path that this process has open.
    private func openFiles(under path: String) throws -> [String] {
        let folder = "/proc/self/fd"
        var found: [String] = []
        for name in (try FileManager.default.contentsOfDirectory(atPath: folder)) {
            do {
                let link = "\(folder)/\(name)"
                let place = try FileManager.default.destinationOfSymbolicLink(atPath: link)
                if place.hasPrefix(path) { found.append(place) }
            } catch {
                // One that was closed meanwhile leads nowhere.
            }
        }
        return found
    }

    @Test func itSaysSoAndLetsGoOfItsFiles() async throws {
        try await withJournal { path in
            let messages = Locked<[String]>([])
            var options = EngineOptions()
            options.logger = Logger(label: "test") { _ in
                CollectingHandler { line in messages.withLock { $0.append(line) } }
            }
            func open() async throws {
                let engine = try await Engine.open(at: path, options)
                #expect(!engine.sessions.isEmpty)
                #expect(try !openFiles(under: path).isEmpty)
            }
            try await open()
            while try !openFiles(under: path).isEmpty { await Task.yield() }
            let said = messages.withLock { $0 }
            #expect(said.count == 1)
            #expect(said.first?.contains("dropped and not closed; call close()") == true)
            // Its session was ended in good order.
            try await Engine.withOpen(at: path) { engine in
                #expect(engine.sessions.map(\.number) == [engine.session])
                var events: [String] = []
                for try await entry in engine.entries() {
                    events.append(entry.event)
                    if entry.sequence == engine.session { break }
                }
                #expect(
                    events == [
                        "journal_created", "session_opened", "session_closed", "session_opened",
                    ]
                )
            }
        }
    }
}
