import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

/// All that belongs to an open journal: the engine, its threads, the store. Whoever may still want
/// something of it holds it; when nobody does any more it is closed.
final class Opening: Sendable {
    let engine: EngineCore
    private let parts: Parts
    private let isClosed = Locked(false)

    /// What is closed, in order. It does not keep the opening alive.
    private struct Parts: Sendable {
        let engine: EngineCore
        /// Nil: it is driven, without threads and without a file of its own.
        let files: Files?

        func close(grace: Duration) async throws {
            await engine.stop(grace: grace)
            if let files {
                await SystemThread.runBlocking {
                    files.watch.stop()
                    files.follower.join()
                }
            }
            let result: Result<Void, any Error>
            do {
                _ = try await engine.perform { CloseSession() }
                try engine.premises?.session.remove()
                result = .success(())
            } catch {
                result = .failure(error)
            }
            if let files {
                await SystemThread.runBlocking { engine.writer.stop() }
                engine.board.close()
                files.folder.close()
            } else {
                engine.writer.stop()
                engine.board.close()
            }
            try result.get()
        }
    }

    private struct Files: Sendable {
        let folder: OpenFolder
        let watch: FileWatch
        let follower: SystemThread
    }

    /// An engine that is driven: whoever drives it closes the store.
    init(driven engine: EngineCore) {
        self.engine = engine
        parts = Parts(engine: engine, files: nil)
    }

    /// Its process is no more: nothing is closed, now or later.
    func abandon() { isClosed.withLock { $0 = true } }

    /// Follows what other processes append, as long as there are any.
    ///
    /// Who is alone hears of no commit of its own. Whoever opens the journal for writing makes the
    /// lock file of its session before it writes anything, so that is what is watched.
    /// - Throws: `SystemError`.
    init(
        _ engine: EngineCore,
        _ folder: OpenFolder,
        following dataFile: String,
        of session: SessionLock
    ) throws {
        self.engine = engine
        let watch = try FileWatch(session.folder, .members)
        let (writer, logger) = (engine.writer, engine.options.logger)
        let follower: SystemThread
        do {
            follower = try SystemThread.start {
                do {
                    // Others may have been there before the watch.
                    watch.touch()
                    while try watch.wait(whileBehind: writer.isBehind) {
                        if try session.isAlone() {
                            watch.unfollow()
                        } else {
                            try watch.follow(dataFile)
                        }
                        // After the watch is set, so that nothing is missed in between.
                        writer.refresh()
                    }
                } catch {
                    logger.error(
                        "following other processes failed",
                        metadata: ["error": "\(error)"]
                    )
                }
            }
        } catch {
            watch.stop()
            throw error
        }
        let files = Files(folder: folder, watch: watch, follower: follower)
        parts = Parts(engine: engine, files: files)
    }

    deinit {
        guard !isClosed.withLock({ $0 }) else { return }
        let (parts, logger) = (parts, engine.options.logger)
        logger.warning(
            "a journal was dropped and not closed; call close() to learn whether that went well",
            metadata: ["journal": "\(engine.writer.journal.store.location)"]
        )
        Task(executorPreference: engine.executor) {
            do {
                try await parts.close(grace: .zero)
            } catch {
                logger.error("closing a dropped journal failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Closes everything, once. Asked again without patience, it tells bodies that still run.
    func close(grace: Duration) async throws {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        if isFirst { return try await parts.close(grace: grace) }
        if grace <= .zero { engine.hurry() }
    }
}
