#if CLI
import ArgumentParser
import DaybookInspector

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the journal into a new folder, while others write it.",
        discussion: """
            The copy is a journal that every command which only looks works on: compacted, and without the \
            keys of secrets. It has its name once it is whole and on the disk. To write to it, restore it \
            (`daybook restore`). Keep the root that is printed somewhere else, or sign it (`daybook head`): \
            it shows later that nothing is missing.

            daybook backup /mnt/backup/orders-monday.daybook
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "The folder to make, by convention NAME.daybook.")
    var destination: String

    @Flag(
        help:
            "Copy the keys of secrets too: whoever has the copy and the journal key can read them."
    )
    var withKeys = false

    func run() throws {
        var options = BackupOptions()
        options.includesKeys = withKeys
        let journal = try common.journalPath()
        let backup = try common.inspect { try $0.backup(to: destination, options) }
        if common.json {
            common.write("daybook.backup/1") { json in
                json.member("journal", journal)
                json.member("backup", backup.path)
                json.member("size", backup.size)
                json.member("root", backup.root.hex)
                json.member("bytes", backup.bytes)
                json.member("snapshots", UInt64(backup.snapshots))
                json.member("keys", backup.hasKeys)
            }
        } else {
            common.output.line(
                "\(backup.path): \(backup.size) entries, \(backup.bytes) bytes\(backup.hasKeys ? ", with the keys of secrets" : "")"
            )
            common.output.line("root \(backup.root.hex)")
        }
    }
}
#endif
