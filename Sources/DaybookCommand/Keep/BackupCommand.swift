#if CLI
import ArgumentParser
import DaybookInspector
import DaybookSystem

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the journal into a new folder, while others write it.",
        discussion: """
            The copy is a journal that every command which only looks works on: compacted, and without the \
            keys of secrets. It has its name once it is whole and on the disk. To write to it, restore it \
            (`daybook restore`). Keep the root that is printed somewhere else, or sign it (`daybook head`): \
            it shows later that nothing is missing.

            With --follow the copy is kept up with the journal until Ctrl-C; one that is there is gone on with.

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

    @Flag(help: "Append to the copy what comes, until Ctrl-C.")
    var follow = false

    func validate() throws {
        if follow, withKeys {
            throw ValidationError("--follow and --with-keys exclude each other.")
        }
    }

    func run() async throws {
        if follow { return try await keepUp() }
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

    /// Keeps the copy up with the journal.
    private func keepUp() async throws {
        let inspector = try Inspector(path: try common.journalPath())
        defer { inspector.close() }
        // Before the copy: nothing that comes after it is missed.
        let followed = try inspector.follow()
        let kept = Locked(Kept(note: FollowingNote(common.errors, destination)))
        defer { kept.withLock { $0.copy?.close() } }
        _ = try await Following.run(followed, inspector) { () throws -> Void? in
            try kept.withLock { kept in
                // The first copy, too, is made where Ctrl-C ends it in good order.
                let copy = try kept.copy ?? inspector.followedBackup(at: destination)
                kept.copy = copy
                try copy.catchUp { size in
                    kept.note.update(size)
                    return !followed.watch.isStopped
                }
                if !followed.watch.isStopped {
                    kept.note.isLevel(at: copy.size)
                    try followed.watch.rest(for: copy.rest)
                }
            }
            return nil
        }
        guard let (size, root) = kept.withLock({ $0.copy.map { ($0.size, $0.root) } }) else {
            return
        }
        if common.json {
            common.write("daybook.backup/1") { json in
                json.member("journal", inspector.folder.path)
                json.member("backup", destination)
                json.member("size", size)
                json.member("root", root.hex)
            }
        } else {
            common.output.line("\(destination): \(size) entries")
            common.output.line("root \(root.hex)")
        }
    }

    /// Sendable without the compiler's check: it is used by one thread at a time, under a lock.
    private struct Kept: @unchecked Sendable {
        var copy: FollowedBackup?
        let note: FollowingNote
    }
}

/// Says now and then how far a copy has come: once it is level, and then at most once a second.
private final class FollowingNote {
    private let terminal: Terminal
    private let path: String
    private var last: ContinuousClock.Instant?
    private var hasBeenLevel = false

    init(_ terminal: Terminal, _ path: String) {
        self.terminal = terminal
        self.path = path
    }

    func update(_ size: UInt64) {
        let now = ContinuousClock.now
        if let last, last.duration(to: now) < .seconds(1) { return }
        last = now
        terminal.line("\(path): \(size) entries")
    }

    func isLevel(at size: UInt64) {
        guard !hasBeenLevel else { return }
        hasBeenLevel = true
        terminal.line(
            "\(path) is level with the journal at \(size) entries, and follows it until Ctrl-C"
        )
    }
}
#endif
