#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import LMDB

struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show figures of the journal."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try common.inspect { inspector in
            let (file, databases) = try inspector.database.information()
            let first = try inspector.entry(0)
            let count = try inspector.entryCount()
            let last = try inspector.entry(count - 1)
            guard case .journalCreated(let created) = first.entry.event else {
                throw JournalError(
                    .integrity,
                    "entry 0: it is not \(EventKind.journalCreated.name)",
                    sequence: 0
                )
            }
            let uuid = Identifier(Array(created.uuid)).map { "\($0)" } ?? "(unreadable)"
            let size = (file.lastPage + 1) * file.pageSize
            let origin = try inspector.origin()
            let positions = try inspector.positions()
            let snapshots = try inspector.snapshots()
            let pruned = try inspector.prunedPart()
            if common.json {
                common.write("daybook.info/1") { json in
                    json.member("journal", inspector.folder.path)
                    json.member("uuid", uuid)
                    json.member("origin", origin)
                    json.member("format", created.format)
                    json.member("entries", count)
                    json.member("createdAt", first.time.description)
                    json.member("lastEntryAt", last.time.description)
                    json.key("settings")
                    json.object { created.settings.write(to: &$0) }
                    json.member("bytesInUse", size)
                    json.member("mapSize", file.mapSize)
                    json.member("commits", file.transaction)
                    json.key("databases")
                    json.object { json in
                        for (name, statistics) in databases {
                            json.member(name, statistics.entries)
                        }
                    }
                    pruned?.write(to: &json)
                    json.key("snapshots")
                    json.array { json in
                        for snapshot in snapshots { json.object { snapshot.write(to: &$0) } }
                    }
                    json.key("positions")
                    json.object { json in
                        for (name, sequence) in positions { json.member(name, sequence) }
                    }
                }
                return
            }
            let output = common.output
            output.line(output.styled("\(inspector.folder.path)", .bold))
            output.line("  uuid       \(uuid)")
            output.line("  origin     \(origin)")
            output.line("  format     \(created.format)")
            output.line("  created    \(time.text(first.time))")
            output.line("  settings   \(created.settings.words)")
            output.line("  entries    \(count), the last \(time.text(last.time))")
            output.line("  size       \(size) bytes in use, \(file.transaction) commits")
            for (name, statistics) in databases {
                let pad = String(repeating: " ", count: max(1, 11 - name.count))
                output.line("  \(name)\(pad)\(statistics.entries) items")
            }
            if let pruned { output.line("  gone       \(pruned.words)") }
            for snapshot in snapshots {
                output.line("  snapshot   of \(snapshot.size) entries, \(snapshot.words)")
            }
            for (name, sequence) in positions {
                let behind = count - min(sequence, count)
                output.line("  reader     \(name) at entry \(sequence), \(behind) behind")
            }
        }
    }
}

extension PrunedPart {
    fileprivate var words: String {
        "\(entries) entries of \(executions) executions before entry \(horizon) are pruned, and lie in archives"
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.key("pruned")
        json.object { json in
            json.member("horizon", horizon)
            json.member("entries", entries)
            json.member("executions", executions)
        }
    }
}

extension ProtoSettings {
    /// How long what is submitted may wait to be executed; nil: for ever.
    private var lifetime: Duration? {
        submissionLifetime == 0 ? nil : Duration(nanoseconds: submissionLifetime)
    }

    /// What they say, in words.
    fileprivate var words: String {
        let expiry =
            lifetime.map { "what is not executed within \($0.brief) expires" }
            ?? "submissions do not expire"
        return
            "payloads of at most \(payloadLimit) bytes; parked after \(lossLimit) lost leases in a row; \(expiry)"
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.member("payloadLimit", payloadLimit)
        json.member("lossLimit", lossLimit)
        json.member("submissionLifetime", lifetime.map { "\($0)" })
    }
}
#endif
