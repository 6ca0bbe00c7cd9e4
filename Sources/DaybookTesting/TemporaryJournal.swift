import Daybook
import DaybookJournal
import DaybookSystem
import FoundationEssentials
import Logging

/// A journal in a folder that is removed with this object.
final class TemporaryJournal: Sendable {
    let place: JournalFolder
    private let opened: OpenFolder
    private let isRemoved = Locked(false)
    private let logger: @Sendable (any Error) -> Void

    init(_ creation: CreationOptions, _ options: EngineOptions) throws {
        let path = FileManager.default.temporaryDirectory.path + "/test-\(UUID()).daybook"
        place = JournalFolder(path)
        var creation = creation
        // Nothing of it has to outlive the machine.
        creation.environment.synchronizes = false
        var environment = options.environment
        environment.synchronizes = false
        try Engine.create(at: path, creation)
        opened = try place.open(environment)
        let log = options.logger
        logger = { error in
            log.warning("a temporary journal was not removed", metadata: ["error": "\(error)"])
        }
    }

    var store: any JournalStore { opened.store }

    /// Closes it and removes its folder, once: whoever is left over from a process that died finds it
    /// closed.
    func remove() {
        let isFirst = isRemoved.withLock { isRemoved in
            defer { isRemoved = true }
            return !isRemoved
        }
        guard isFirst else { return }
        opened.close()
        do {
            try FileManager.default.removeItem(atPath: place.path)
        } catch {
            logger(error)
        }
    }

    deinit { remove() }
}
