import Daybook
import Foundation
import Orders
import Testing

/// Today's code goes on agreeing with what it did before.
///
/// A history was written by `daybook export ID --format jsonl`, or by `tools/examples/check --histories`.
@Suite struct ReplayTests {
    /// Replays need no shop: no body runs.
    private struct NoShop: Shop {
        struct Called: Error {}

        func reserve(_ item: String, for order: String, key: String) throws { throw Called() }
        func charge(_ cents: Int, for order: String, key: String) throws -> String {
            throw Called()
        }
        func ship(_ items: [String], for order: String, key: String) throws -> String {
            throw Called()
        }
        func undo(_ order: String) throws { throw Called() }
    }

    private static let files: [URL] = {
        let folder = Bundle.module.url(forResource: "Histories", withExtension: nil)
        guard let folder,
            let names = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        else { return [] }
        return names.compactMap { $0 as? URL }.filter { $0.pathExtension == "jsonl" }
    }()

    @Test func thereAreHistories() { #expect(Self.files.count >= 3) }

    @Test(arguments: files)
    func todaysCodeAgrees(_ file: URL) async throws {
        let replayer = Replayer(workflows: [ProcessOrder(shop: NoShop())])
        for history in try RecordedHistory.all(exported: Array(try Data(contentsOf: file))) {
            let report = try await replayer.replay(history)
            switch report.outcome {
            case .agrees, .agreesSoFar: break
            default: Issue.record("\(report.id): \(report.outcome)")
            }
            // So does each beginning of it: an execution may have stopped anywhere.
            for length in 1..<history.count {
                let outcome = try await replayer.replay(history.prefix(length)).outcome
                guard case .agreesSoFar = outcome else {
                    Issue.record("the first \(length) entries of \(report.id): \(outcome)")
                    continue
                }
            }
        }
    }
}
