#if CLI
import ArgumentParser
import DaybookInspector

struct TilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles",
        abstract: "Write the journal as the files of a static log.",
        subcommands: [ExportTilesCommand.self]
    )
}

struct ExportTilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write tiles, entries and a signed head into a folder.",
        discussion: """
            The layout is that of c2sp.org/tlog-tiles: `tile/LEVEL/NUMBER`, `tile/entries/NUMBER` and \
            `checkpoint`. Any client of such logs reads and verifies it, from the folder or from a web \
            server. Payloads are not in it. The folder of an earlier export is added to, and what is \
            there is compared.

            daybook tiles export log --key ops.key
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var end: HeadOptions

    @Argument(help: "The folder.")
    var folder: String

    func validate() throws { try end.check("an export") }

    func run() throws {
        let done = try common.inspect { inspector in
            let note = try end.head(of: inspector)
            let bar = ProgressBar(common.errors, "exporting")
            defer { bar.finish() }
            return try inspector.exportTiles(of: note, to: folder) { bar.update($0, of: $1) }
        }
        if common.json {
            common.write("daybook.tiles.export/1") { json in
                json.member("folder", folder)
                json.member("size", done.size)
                json.member("written", done.written)
                json.member("kept", done.kept)
            }
        } else {
            common.output.line(
                "\(done.size) entries in \(folder): \(done.written) files written, \(done.kept) there already"
            )
        }
    }
}
#endif
