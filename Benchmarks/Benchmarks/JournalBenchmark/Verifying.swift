import CBaseline
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import Foundation

/// `verify`, against SHA-256 alone over as many bytes.
enum Verifying {
    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        say("\nVerifying, against SHA-256 of as many bytes in pieces of 8 KiB, in turn:")
        let path = settings.quietFolder + "/verify.daybook"
        try Engine.create(at: path)
        let daybook = try await Engine.open(at: path, workflows: [FiveSteps()])
        try await FiveSteps.run(settings.isShort ? 5_000 : 100_000, 1_024, series: "v", daybook)
        try await daybook.close()
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        let bytes = try hashedBytes(inspector)
        var rounds: [(verify: Double, hash: Double)] = []
        for _ in 0..<(settings.isShort ? 3 : 9) {
            let verify = try seconds {
                let found = try Verifier.verify(inspector.store)
                guard found.isGood else { throw BenchmarkFailed(what: "\(found.problems)") }
            }
            rounds.append((verify, Double(baseline_hash_time(bytes)) / 1e9))
        }
        let ratio = median(rounds.map { $0.hash / $0.verify })
        report.set("verify", ratio)
        report.set("verify_bytes_per_second", Double(bytes) / median(rounds.map(\.verify)))
        say(
            "\(bytes) bytes to hash: verified in \(text(median(rounds.map(\.verify)), 3)) s,"
                + " hashed in \(text(median(rounds.map(\.hash)), 3)) s, ratio \(text(ratio))"
        )
    }

    /// The bytes that SHA-256 must see, without its padding: a leaf for each entry, a node for each
    /// leaf, and for each payload an HMAC.
    private static func hashedBytes(_ inspector: Inspector) throws -> UInt64 {
        var sum: UInt64 = 0
        try inspector.store.read { reader in
            try reader.scanEntries(from: 0) { _, bytes in
                sum += 1 + UInt64(bytes.count) + 65
                for commitment in try EntryView(bytes).commitments() {
                    sum += 64 + commitment.size + 64 + 32
                }
                return true
            }
        }
        return sum
    }
}
