import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import SwiftProtobuf

/// Snapshots of the state against the entries that vouch for them, and against the fold.
struct SnapshotAudit {
    private let folder: SnapshotFolder?
    /// Files whose entry has not come yet, by size; with what the fold says of them.
    private var open: [UInt64: [UInt8]?] = [:]
    /// Those that agree.
    private(set) var count = 0
    /// Names of those that do not.
    private(set) var unfit: [String] = []

    /// - Parameters:
    ///   - folder: nil: there is nothing to check.
    ///   - horizon: those of fewer entries are of no use any more.
    init(_ folder: SnapshotFolder?, horizon: UInt64) throws {
        self.folder = folder
        for file in try folder?.files(of: State.projection) ?? [] where file.size >= horizon {
            open[file.size] = .some(nil)
        }
    }

    /// Whether there is a file of so many entries.
    func isNeeded(at size: UInt64) -> Bool { open[size] != nil }

    /// Takes in what the fold has come to.
    mutating func fold(at size: UInt64, _ state: State?, _ root: TreeHash) throws {
        guard let state else { return }
        open[size] = try SnapshotFolder.digest(
            of: .init(projection: State.projection, size: size),
            schema: State.snapshotSchema,
            root: root
        ) { try state.writeSnapshot(to: $0) }
    }

    /// Takes in an entry.
    mutating func follow(
        _ view: EntryView,
        at sequence: UInt64,
        _ note: (UInt64?, String) -> Void
    ) throws {
        guard let folder, view.event == EventKind.snapshotTaken.rawValue else { return }
        let event: ProtoSnapshotTaken
        do throws(WireError) {
            event = try ProtoSnapshotTaken(decoding: view)
        } catch {
            // The fold has said so.
            return
        }
        guard event.projection == State.projection,
            let folded = open.removeValue(forKey: event.size)
        else { return }
        let file = SnapshotFolder.File(projection: event.projection, size: event.size)
        let digest: [UInt8]
        do {
            digest = try folder.digest(of: file)
        } catch let error as SystemError where error.isNotFound {
            // A newer one has taken its place meanwhile.
            return
        }
        guard digest == Array(event.digest) else {
            unfit.append(file.name)
            note(
                sequence,
                "the file of the snapshot \(file.name) is not the one that it vouches for; remove it"
            )
            return
        }
        // Another version's fold may come to something else.
        guard event.schema == State.snapshotSchema, let folded else { return }
        guard folded == Array(event.digest) else {
            unfit.append(file.name)
            note(
                sequence,
                "the snapshot \(file.name) is not what the entries before \(event.size) come to"
            )
            return
        }
        count += 1
    }
}
