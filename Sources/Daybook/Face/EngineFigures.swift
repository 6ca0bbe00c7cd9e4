public import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// How much there is of what, at a moment: for gauges.
public struct EngineFigures: Sendable, Equatable {
    /// Executions that are not closed.
    public var open = 0
    /// Those of them that were submitted, and that nobody has asked to run.
    public var submitted = 0
    /// Those that somebody could claim now, in this process or another.
    public var ready = 0
    /// Those whose code runs, or whose session holds their lease.
    public var running = 0
    /// Those that wait for a time, a signal or a branch.
    public var waiting = 0
    /// Those that wait for a person, whatever they did before.
    public var parked = 0
    /// Those that are paused, whatever they did before.
    public var paused = 0
    /// How long the one that has been ready for the longest has been so; nil: none is ready.
    public var oldestReady: Duration?
    /// Entries of the journal.
    public var entries: UInt64 = 0
    /// Bytes of its file that are in use; nil: it is kept in no file.
    public var journalBytes: UInt64?
    /// Commits by this process since it opened the journal.
    public var commits: UInt64 = 0
    /// How long the last of them took, with its sync; nil: there was none.
    public var lastCommit: Duration?
    /// What has ended since this process opened the journal, in whatever process.
    public var endings = EndingCounts()
}

/// How often executions have ended in which way.
public struct EndingCounts: Sendable, Equatable {
    /// Well; a run that went on as a new one is not counted here.
    public var completed: UInt64 = 0
    /// With an error.
    public var failed: UInt64 = 0
    /// Because the last attempt took too long.
    public var timedOut: UInt64 = 0
    /// By a cancel.
    public var cancelled: UInt64 = 0
    /// Because nobody asked for it to run.
    public var expired: UInt64 = 0
    /// As a new run of the same id.
    public var continued: UInt64 = 0
    /// Not at all: they wait for a person since.
    public var parked: UInt64 = 0

    /// Takes in an entry.
    mutating func note(_ kind: EventKind?) {
        switch kind {
        case .executionCompleted: completed += 1
        case .executionFailed: failed += 1
        case .executionTimedOut: timedOut += 1
        case .executionCancelled: cancelled += 1
        case .executionExpired: expired += 1
        case .executionContinued: continued += 1
        case .executionParked: parked += 1
        default: break
        }
    }

    mutating func add(_ other: EndingCounts) {
        completed += other.completed
        failed += other.failed
        timedOut += other.timedOut
        cancelled += other.cancelled
        expired += other.expired
        continued += other.continued
        parked += other.parked
    }
}

/// Whether an engine can take on work.
public struct EngineReadiness: Sendable {
    /// It claims executions of its workflows; false also for one that is opened to claim nothing.
    public var canClaim = false
    /// The journal can be written.
    public var canWrite = false
    /// Why not, and what to do; nil: it can.
    public var problem: String?
    /// When this process last committed something; nil: it has not.
    public var lastCommitAt: Timestamp?
    /// Bytes that are free where the journal lies; nil: it lies in no folder.
    public var freeBytes: UInt64?

    /// Whether it can do what it was opened for: write.
    public var isReady: Bool { canWrite }
}

extension Engine {
    /// How much there is of what. It takes a moment where a great many executions are open, and holds
    /// nobody up: they are counted in steps.
    /// - Throws: ``JournalError``.
    public func figures() async throws -> EngineFigures {
        let engine = engine
        return try await SystemThread.run { try engine.figures() }
    }

    /// Whether it can take on work: for the probe of who restarts it or sends it some.
    public var readiness: EngineReadiness {
        get async {
            let engine = engine
            do {
                return try await SystemThread.run { engine.readiness() }
            } catch {
                var readiness = EngineReadiness()
                readiness.problem = "\(error)"
                return readiness
            }
        }
    }
}

extension EngineCore {
    /// Executions that are counted while the writer is held up.
    private static var step: Int { 8_192 }

    fileprivate func figures() throws -> EngineFigures {
        var figures = EngineFigures()
        var tally = OpenTally()
        var place = 0
        while let next = writer.inspect({ $0.state.tally(from: place, upTo: Self.step, &tally) }) {
            place = next
        }
        figures.open = tally.open
        figures.submitted = tally.submitted
        figures.ready = tally.ready
        figures.running = tally.running
        figures.waiting = tally.waiting
        figures.parked = tally.parked
        figures.paused = tally.paused
        try writer.journal.store.read { reader in
            figures.entries = try reader.entryCount()
            guard tally.ready > 0 else { return }
            let since = try reader.withView(of: tally.oldestReady) { $0.header.time }
            figures.oldestReady = since.map { max(.zero, writer.journal.now().since($0)) }
        }
        figures.journalBytes = try (writer.journal.store as? LMDBStore)?.bytesInUse()
        let commits = writer.commits
        figures.commits = commits.count
        figures.lastCommit = commits.duration
        figures.endings = board.endings
        return figures
    }

    fileprivate func readiness() -> EngineReadiness {
        var readiness = EngineReadiness()
        readiness.lastCommitAt = writer.commits.last
        if let folder = premises?.folder.path {
            do throws(SystemError) {
                readiness.freeBytes = try FreeSpace.bytes(at: folder)
            } catch {
                readiness.problem = "the folder of the journal cannot be looked at: \(error)"
                return readiness
            }
        }
        if isStopped {
            readiness.problem = "the engine is closed, or closes"
            return readiness
        }
        if let halt {
            readiness.problem = "the journal cannot be written: \(halt)"
            return readiness
        }
        if let free = readiness.freeBytes, free < 1 << 20 {
            readiness.problem =
                "less than 1 MiB is free where the journal lies; make room, or nothing can be written"
            return readiness
        }
        readiness.canWrite = true
        if case .nothing = options.claims { return readiness }
        if let trouble = machines.tell({ $0.dispatcher.failure }) {
            readiness.problem = "it claims nothing at the moment: \(trouble)"
            return readiness
        }
        readiness.canClaim = true
        return readiness
    }
}
