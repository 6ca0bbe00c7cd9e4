import DaybookFormat
public import DaybookJournal
import DaybookModel
public import LMDB
public import Logging

/// How a journal is opened by an engine.
public struct EngineOptions: Sendable {
    /// Which executions an engine claims.
    @nonexhaustive
    public enum Claims: Sendable {
        /// All whose workflow is registered, in the order in which they became ready.
        case registered
        /// None: others run what is ready.
        case nothing
        /// Only those that ``ExecutionHandle/execute(by:)`` was called for in this process.
        case named
    }

    /// Which executions it claims.
    public var claims = Claims.registered
    /// Which tasks it dispatches once they are due; nil: none. It dispatches none either unless it claims
    /// what is registered (``claims``).
    public var schedules: ScheduleOptions? = ScheduleOptions()
    /// Maximum number of handlers whose code runs at once, at least 1. One that waits for a timer or a signal does not
    /// count; when that has come it waits for its turn, which comes before anything new is claimed.
    public var maxConcurrent = 256
    /// Handlers in memory. Beyond this number waiting handlers are evicted, those with the latest
    /// deadline first, and replayed when what they wait for has come.
    public var maxResident = 10_000
    /// After so many entries the state is written to a file in the background, so that recovery
    /// need not fold them. Nil: never. What takes long is done less often: after one has been taken, none is
    /// begun for 20 times as long as that took.
    public var snapshotInterval: UInt64? = 100_000
    /// Told of snapshots that are damaged, and why, when the journal is opened. The logger is too.
    package var damagedSnapshot: @Sendable (_ name: String, _ reason: String) -> Void = { _, _ in }
    /// Where the folders lie that executions keep files in: in it one for each journal, named by its UUID.
    /// Nil: in the journal's folder. Only what runs on this machine is kept there; the journal has the rest.
    public var workspaces: String?
    /// Bytes that the folder of an execution may have as a tar archive, in which it is saved in the journal
    /// after each operation that has changed it: at most 1,073,741,824. 0: it is not saved, and another
    /// instance begins with an empty one.
    public var workspaceLimit = 50_000_000
    /// The folders that executions keep files in stay when these have completed. Otherwise they are
    /// removed then, and those that a crash left when the journal is opened. What ended otherwise keeps
    /// its folder in either case, because it can be retried.
    public var keepsWorkspaces = false
    /// Why a journal that is somewhere else than it was, as a copy or a restored backup is, may be
    /// written from here on. It is recorded with the actor; without a reason such a journal is not
    /// opened. Without effect on one that is at home.
    public var adoption: String?
    /// Who acts, for the record. By default the operating system's user.
    public var actor: String?
    /// Name of the program, for the record. By default that of the executable.
    public var program: String?
    /// The revision of the program's code, 1 to 255 bytes: pinned executions are claimed only by
    /// processes of the revision that claimed them first. Two builds of the same revision must run
    /// each other's executions. Nil: the SHA-256 of the executable file, in hexadecimal digits.
    public var revision: String?
    /// Where the key comes from that secrets are kept under.
    public var journalKey = JournalKeySource.environment
    /// Whether operations keep their declared inputs, unless a workflow or an operation says
    /// otherwise: one payload more for each that declares one.
    public var recordsInputs = false
    /// How values become payloads.
    public var codec: any PayloadCodec = JSONPayloadCodec()
    /// Where the time comes from.
    public var clock: any WallClock = SystemClock()
    /// A time of day that is farther behind the journal's time than this is warned of.
    public var clockTolerance = Duration.seconds(60)
    /// Where handlers run. Nil: on the process's own threads; but one that has none beside it runs on
    /// a thread of the journal's, where it writes what it records itself instead of waiting for the
    /// writer's thread. With an executor that is given here only the writer's thread writes.
    public var executor: (any TaskExecutor)?
    /// How the environment is opened.
    public var environment = EnvironmentOptions()
    /// Limits of the queue and of a group commit.
    public var writer = GroupWriterOptions()
    /// Where the engine says what an operator should know.
    public var logger = Logger(label: "daybook")
    /// Told, one after the other, of everything that the engine does, after it is on the disk. They are
    /// called on the engine's tasks, and must be quick.
    public var observers: [@Sendable (EngineEvent) -> Void] = []
    /// What runs around handlers and bodies, the outermost first.
    public var interceptors: [any Interceptor] = []

    /// The defaults.
    public init() {}

    /// The names of the workflows that this process claims of its own accord, sorted.
    func claimedTypes(of workflows: [Name: RegisteredWorkflow]) -> [Name] {
        if case .registered = claims { workflows.keys.sorted() } else { [] }
    }

    /// How this process dispatches tasks that are due; nil: others do.
    func scheduler(of workflows: [Name: RegisteredWorkflow]) -> TaskScheduler? {
        guard case .registered = claims, let schedules else { return nil }
        return TaskScheduler(schedules, codec, workflows)
    }

    /// How this process sees to what is due; nil: it leaves that to those that run something.
    func firing() throws -> FireTimers? {
        if case .nothing = claims { return nil }
        return FireTimers(
            timeoutMessage: try SealedPayloads([.text("Task timed out")], limit: 1 << 16),
            expiryMessage: try SealedPayloads(
                [.text("it was submitted, and not executed in time")],
                limit: 1 << 16
            )
        )
    }
}

/// What is decided once, when a journal is created.
public struct CreationOptions: Sendable {
    /// The origin line of its checkpoints; by default made from the journal's UUID.
    public var origin: String?
    /// Maximum size of a payload, in bytes. Default 16 MiB.
    public var payloadLimit = 16 << 20
    /// Lost leases in a row after which an execution is parked. Default 5.
    public var lossLimit: UInt32 = 5
    /// What is submitted and not executed within this time expires: it is not run any more unless a
    /// person retries it. Nil, the default: never.
    public var submissionLifetime: Duration?
    /// Secrets of what failed, timed out, expired or was cancelled are wiped so long after it was closed, which
    /// is once all is undone that is to be, if nobody has retried it: 7 days are a good choice. Nil, the default: never. What completes has
    /// its secrets wiped at once.
    public var secretLifetime: Duration?
    /// Where the time comes from.
    public var clock: any WallClock = SystemClock()
    /// How the environment is opened.
    public var environment = EnvironmentOptions()

    /// The defaults.
    public init() {}
}
