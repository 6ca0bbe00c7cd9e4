#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import LMDB

struct EntryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "entry",
        abstract: "Show one entry, complete."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "The entry's sequence.")
    var sequence: UInt64

    @Flag(help: "Write the stored bytes: the leaf of the Merkle tree.")
    var raw = false

    func run() async throws {
        let entry = try common.inspect { try $0.entry(sequence) }
        if raw {
            common.output.write(entry.bytes)
        } else if common.json {
            var json = JSONWriter()
            try entry.write(to: &json)
            common.output.write(json.bytes + [UInt8(ascii: "\n")])
        } else {
            try writeText(entry)
        }
    }

    private func writeText(_ entry: JournalEntry) throws {
        let output = common.output
        output.line("\(output.styled("entry \(entry.sequence)", .bold))  \(entry.eventName)")
        output.line("  time       \(entry.time)")
        let after = entry.entry.ordinal == 0 ? "" : ", after \(entry.entry.previous)"
        output.line(
            "  stream     \(entry.entry.stream), its entry \(entry.entry.ordinal)\(after)"
        )
        if entry.entry.session != 0 { output.line("  session    \(entry.entry.session)") }
        if entry.entry.causation != 0 { output.line("  follows    \(entry.entry.causation)") }
        output.line("  bytes      \(entry.bytes.count)")
        output.line(
            "  leaf hash  \(entry.bytes.withUnsafeBytes { TreeHash.leaf($0) }.hex)"
        )
        if !entry.summary.isEmpty { output.line("  \(entry.summary)") }
        for (index, commitment) in entry.entry.commitments.enumerated() {
            output.line(
                "  payload \(index)  \(commitment.size) bytes, HMAC \(commitment.mac.hexadecimal)"
            )
            if entry.payloads.indices.contains(index), entry.payloads[index].isErased {
                output.line("    \(entry.erasedText)")
                continue
            }
            guard !entry.eventName.hasPrefix("log_") else { continue }
            if entry.kind == .secretsStored {
                output.line("    (sealed)")
                continue
            }
            if entry.kind == .workspaceSaved {
                output.line("    (a tar archive; `daybook workspace` writes it)")
                continue
            }
            output.line("    \(entry.text(ofPayload: index) ?? "")")
        }
        for line in try entry.logLines() { output.line("    \(line.text)") }
    }
}
#endif
