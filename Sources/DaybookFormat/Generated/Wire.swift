// Made by tools/fields from daybook.proto; run tools/generate after a change there.

/// The fields of the messages in `daybook.proto`, by name, for what reads and writes them by hand.
public enum Wire {
    /// `Entry`.
    public enum Entry {
        /// `sequence`.
        @inlinable public static var sequence: WireField {
            WireField(1, .varint)
        }
        /// `time`.
        @inlinable public static var time: WireField {
            WireField(2, .fixed64)
        }
        /// `stream`.
        @inlinable public static var stream: WireField {
            WireField(3, .varint)
        }
        /// `ordinal`.
        @inlinable public static var ordinal: WireField {
            WireField(4, .varint)
        }
        /// `previous`.
        @inlinable public static var previous: WireField {
            WireField(5, .varint)
        }
        /// `schema`.
        @inlinable public static var schema: WireField {
            WireField(6, .varint)
        }
        /// `session`.
        @inlinable public static var session: WireField {
            WireField(7, .varint)
        }
        /// `correlation`.
        @inlinable public static var correlation: WireField {
            WireField(8, .varint)
        }
        /// `causation`.
        @inlinable public static var causation: WireField {
            WireField(9, .varint)
        }
        /// `commitments`.
        @inlinable public static var commitments: WireField {
            WireField(10, .lengthDelimited)
        }
        /// `request`.
        @inlinable public static var request: WireField {
            WireField(11, .lengthDelimited)
        }
        /// `journal_created`.
        @inlinable public static var journalCreated: WireField {
            WireField(16, .lengthDelimited)
        }
        /// `session_opened`.
        @inlinable public static var sessionOpened: WireField {
            WireField(17, .lengthDelimited)
        }
        /// `session_closed`.
        @inlinable public static var sessionClosed: WireField {
            WireField(18, .lengthDelimited)
        }
        /// `session_lost`.
        @inlinable public static var sessionLost: WireField {
            WireField(19, .lengthDelimited)
        }
        /// `content_type_interned`.
        @inlinable public static var contentTypeInterned: WireField {
            WireField(20, .lengthDelimited)
        }
        /// `snapshot_taken`.
        @inlinable public static var snapshotTaken: WireField {
            WireField(21, .lengthDelimited)
        }
        /// `journal_adopted`.
        @inlinable public static var journalAdopted: WireField {
            WireField(22, .lengthDelimited)
        }
        /// `execution_submitted`.
        @inlinable public static var executionSubmitted: WireField {
            WireField(32, .lengthDelimited)
        }
        /// `execution_readied`.
        @inlinable public static var executionReadied: WireField {
            WireField(33, .lengthDelimited)
        }
        /// `execution_claimed`.
        @inlinable public static var executionClaimed: WireField {
            WireField(34, .lengthDelimited)
        }
        /// `execution_completed`.
        @inlinable public static var executionCompleted: WireField {
            WireField(35, .lengthDelimited)
        }
        /// `execution_failed`.
        @inlinable public static var executionFailed: WireField {
            WireField(36, .lengthDelimited)
        }
        /// `execution_parked`.
        @inlinable public static var executionParked: WireField {
            WireField(37, .lengthDelimited)
        }
        /// `lease_lost`.
        @inlinable public static var leaseLost: WireField {
            WireField(38, .lengthDelimited)
        }
        /// `lease_released`.
        @inlinable public static var leaseReleased: WireField {
            WireField(39, .lengthDelimited)
        }
        /// `command_refused`.
        @inlinable public static var commandRefused: WireField {
            WireField(40, .lengthDelimited)
        }
        /// `attempt_failed`.
        @inlinable public static var attemptFailed: WireField {
            WireField(41, .lengthDelimited)
        }
        /// `execution_timed_out`.
        @inlinable public static var executionTimedOut: WireField {
            WireField(42, .lengthDelimited)
        }
        /// `execution_cancelled`.
        @inlinable public static var executionCancelled: WireField {
            WireField(43, .lengthDelimited)
        }
        /// `execution_expired`.
        @inlinable public static var executionExpired: WireField {
            WireField(44, .lengthDelimited)
        }
        /// `execution_continued`.
        @inlinable public static var executionContinued: WireField {
            WireField(45, .lengthDelimited)
        }
        /// `execution_closed`.
        @inlinable public static var executionClosed: WireField {
            WireField(46, .lengthDelimited)
        }
        /// `execution_paused`.
        @inlinable public static var executionPaused: WireField {
            WireField(47, .lengthDelimited)
        }
        /// `execution_resumed`.
        @inlinable public static var executionResumed: WireField {
            WireField(48, .lengthDelimited)
        }
        /// `execution_reopened`.
        @inlinable public static var executionReopened: WireField {
            WireField(49, .lengthDelimited)
        }
        /// `execution_waiting`.
        @inlinable public static var executionWaiting: WireField {
            WireField(50, .lengthDelimited)
        }
        /// `signal_received`.
        @inlinable public static var signalReceived: WireField {
            WireField(51, .lengthDelimited)
        }
        /// `cleaning_ended`.
        @inlinable public static var cleaningEnded: WireField {
            WireField(52, .lengthDelimited)
        }
        /// `cleaning_skipped`.
        @inlinable public static var cleaningSkipped: WireField {
            WireField(53, .lengthDelimited)
        }
        /// `execution_repinned`.
        @inlinable public static var executionRepinned: WireField {
            WireField(54, .lengthDelimited)
        }
        /// `operation_started`.
        @inlinable public static var operationStarted: WireField {
            WireField(64, .lengthDelimited)
        }
        /// `checkpoint_succeeded`.
        @inlinable public static var checkpointSucceeded: WireField {
            WireField(65, .lengthDelimited)
        }
        /// `checkpoint_failed`.
        @inlinable public static var checkpointFailed: WireField {
            WireField(66, .lengthDelimited)
        }
        /// `log_recorded`.
        @inlinable public static var logRecorded: WireField {
            WireField(67, .lengthDelimited)
        }
        /// `timer_started`.
        @inlinable public static var timerStarted: WireField {
            WireField(68, .lengthDelimited)
        }
        /// `timer_fired`.
        @inlinable public static var timerFired: WireField {
            WireField(69, .lengthDelimited)
        }
        /// `signal_awaited`.
        @inlinable public static var signalAwaited: WireField {
            WireField(70, .lengthDelimited)
        }
        /// `signal_delivered`.
        @inlinable public static var signalDelivered: WireField {
            WireField(71, .lengthDelimited)
        }
        /// `branches_started`.
        @inlinable public static var branchesStarted: WireField {
            WireField(72, .lengthDelimited)
        }
        /// `branch_settled`.
        @inlinable public static var branchSettled: WireField {
            WireField(73, .lengthDelimited)
        }
        /// `operation_recorded`.
        @inlinable public static var operationRecorded: WireField {
            WireField(74, .lengthDelimited)
        }
        /// `operation_retried`.
        @inlinable public static var operationRetried: WireField {
            WireField(75, .lengthDelimited)
        }
        /// `operation_resolved`.
        @inlinable public static var operationResolved: WireField {
            WireField(76, .lengthDelimited)
        }
        /// `child_started`.
        @inlinable public static var childStarted: WireField {
            WireField(77, .lengthDelimited)
        }
        /// `child_ended`.
        @inlinable public static var childEnded: WireField {
            WireField(78, .lengthDelimited)
        }
        /// `children_awaited`.
        @inlinable public static var childrenAwaited: WireField {
            WireField(79, .lengthDelimited)
        }
        /// `children_settled`.
        @inlinable public static var childrenSettled: WireField {
            WireField(80, .lengthDelimited)
        }
    }

    /// `Request`.
    public enum Request {
        /// `actor`.
        @inlinable public static var actor: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `principal`.
        @inlinable public static var principal: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `reason`.
        @inlinable public static var reason: WireField {
            WireField(3, .varint)
        }
    }

    /// `Label`.
    public enum Label {
        /// `name`.
        @inlinable public static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `value`.
        @inlinable public static var value: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `Commitment`.
    public enum Commitment {
        /// `mac`.
        @inlinable public static var mac: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `size`.
        @inlinable public static var size: WireField {
            WireField(2, .varint)
        }
        /// `content_type`.
        @inlinable public static var contentType: WireField {
            WireField(3, .varint)
        }
    }

    /// `Payloads`.
    public enum Payloads {
        /// `payloads`.
        @inlinable public static var payloads: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `Payload`.
    public enum Payload {
        /// `salt`.
        @inlinable public static var salt: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `data`.
        @inlinable public static var data: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `JournalCreated`.
    public enum JournalCreated {
        /// `uuid`.
        @inlinable public static var uuid: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `origin`.
        @inlinable public static var origin: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `format`.
        @inlinable public static var format: WireField {
            WireField(3, .varint)
        }
        /// `settings`.
        @inlinable public static var settings: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `content_types`.
        @inlinable public static var contentTypes: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `binding`.
        @inlinable public static var binding: WireField {
            WireField(6, .lengthDelimited)
        }
    }

    /// `Settings`.
    public enum Settings {
        /// `payload_limit`.
        @inlinable public static var payloadLimit: WireField {
            WireField(1, .varint)
        }
        /// `loss_limit`.
        @inlinable public static var lossLimit: WireField {
            WireField(2, .varint)
        }
        /// `submission_lifetime`.
        @inlinable public static var submissionLifetime: WireField {
            WireField(3, .varint)
        }
    }

    /// `Binding`.
    public enum Binding {
        /// `machine`.
        @inlinable public static var machine: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `device`.
        @inlinable public static var device: WireField {
            WireField(2, .varint)
        }
        /// `inode`.
        @inlinable public static var inode: WireField {
            WireField(3, .varint)
        }
    }

    /// `JournalAdopted`.
    public enum JournalAdopted {
        /// `binding`.
        @inlinable public static var binding: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `actor`.
        @inlinable public static var actor: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `SessionOpened`.
    public enum SessionOpened {
        /// `uuid`.
        @inlinable public static var uuid: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `actor`.
        @inlinable public static var actor: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `user`.
        @inlinable public static var user: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `host`.
        @inlinable public static var host: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `pid`.
        @inlinable public static var pid: WireField {
            WireField(5, .varint)
        }
        /// `program`.
        @inlinable public static var program: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `version`.
        @inlinable public static var version: WireField {
            WireField(7, .lengthDelimited)
        }
        /// `code`.
        @inlinable public static var code: WireField {
            WireField(8, .lengthDelimited)
        }
        /// `schema`.
        @inlinable public static var schema: WireField {
            WireField(9, .varint)
        }
        /// `pid_namespace`.
        @inlinable public static var pidNamespace: WireField {
            WireField(10, .varint)
        }
        /// `revision`.
        @inlinable public static var revision: WireField {
            WireField(11, .lengthDelimited)
        }
    }

    /// `SessionClosed`.
    public enum SessionClosed {
    }

    /// `SessionLost`.
    public enum SessionLost {
        /// `actor`.
        @inlinable public static var actor: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ContentTypeInterned`.
    public enum ContentTypeInterned {
        /// `content_type`.
        @inlinable public static var contentType: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `SnapshotTaken`.
    public enum SnapshotTaken {
        /// `projection`.
        @inlinable public static var projection: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `schema`.
        @inlinable public static var schema: WireField {
            WireField(2, .varint)
        }
        /// `size`.
        @inlinable public static var size: WireField {
            WireField(3, .varint)
        }
        /// `digest`.
        @inlinable public static var digest: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `bytes`.
        @inlinable public static var bytes: WireField {
            WireField(5, .varint)
        }
    }

    /// `ExecutionSubmitted`.
    public enum ExecutionSubmitted {
        /// `id`.
        @inlinable public static var id: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `type`.
        @inlinable public static var type: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `retry`.
        @inlinable public static var retry: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `timeout`.
        @inlinable public static var timeout: WireField {
            WireField(4, .varint)
        }
        /// `delay`.
        @inlinable public static var delay: WireField {
            WireField(5, .varint)
        }
        /// `expires_at`.
        @inlinable public static var expiresAt: WireField {
            WireField(6, .fixed64)
        }
        /// `continued_from`.
        @inlinable public static var continuedFrom: WireField {
            WireField(7, .varint)
        }
        /// `first_run`.
        @inlinable public static var firstRun: WireField {
            WireField(8, .varint)
        }
        /// `signal_ids`.
        @inlinable public static var signalIds: WireField {
            WireField(9, .lengthDelimited)
        }
        /// `labels`.
        @inlinable public static var labels: WireField {
            WireField(10, .lengthDelimited)
        }
        /// `trace_context`.
        @inlinable public static var traceContext: WireField {
            WireField(11, .lengthDelimited)
        }
        /// `pinned`.
        @inlinable public static var pinned: WireField {
            WireField(12, .varint)
        }
        /// `pinned_revision`.
        @inlinable public static var pinnedRevision: WireField {
            WireField(13, .lengthDelimited)
        }
        /// `parent`.
        @inlinable public static var parent: WireField {
            WireField(14, .varint)
        }
        /// `parent_operation`.
        @inlinable public static var parentOperation: WireField {
            WireField(15, .lengthDelimited)
        }
        /// `depth`.
        @inlinable public static var depth: WireField {
            WireField(16, .varint)
        }
        /// `finalizer`.
        @inlinable public static var finalizer: WireField {
            WireField(17, .varint)
        }
    }

    /// `RetryPolicy`.
    public enum RetryPolicy {
        /// `max_attempts`.
        @inlinable public static var maxAttempts: WireField {
            WireField(1, .varint)
        }
        /// `base_delay`.
        @inlinable public static var baseDelay: WireField {
            WireField(2, .varint)
        }
        /// `multiplier`.
        @inlinable public static var multiplier: WireField {
            WireField(3, .fixed64)
        }
        /// `max_delay`.
        @inlinable public static var maxDelay: WireField {
            WireField(4, .varint)
        }
        /// `jitter`.
        @inlinable public static var jitter: WireField {
            WireField(5, .fixed64)
        }
        /// `fatal_codes`.
        @inlinable public static var fatalCodes: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `retryable_codes`.
        @inlinable public static var retryableCodes: WireField {
            WireField(7, .lengthDelimited)
        }
    }

    /// `ExecutionReadied`.
    public enum ExecutionReadied {
        /// `not_before`.
        @inlinable public static var notBefore: WireField {
            WireField(1, .fixed64)
        }
    }

    /// `ExecutionClaimed`.
    public enum ExecutionClaimed {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `attempt`.
        @inlinable public static var attempt: WireField {
            WireField(2, .varint)
        }
        /// `deadline`.
        @inlinable public static var deadline: WireField {
            WireField(3, .fixed64)
        }
        /// `revision`.
        @inlinable public static var revision: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `ExecutionRepinned`.
    public enum ExecutionRepinned {
        /// `revision`.
        @inlinable public static var revision: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `AttemptFailed`.
    public enum AttemptFailed {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `retry_at`.
        @inlinable public static var retryAt: WireField {
            WireField(3, .fixed64)
        }
        /// `held`.
        @inlinable public static var held: WireField {
            WireField(4, .varint)
        }
        /// `failed_operation`.
        @inlinable public static var failedOperation: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ExecutionCompleted`.
    public enum ExecutionCompleted {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `operations`.
        @inlinable public static var operations: WireField {
            WireField(2, .varint)
        }
        /// `closes`.
        @inlinable public static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable public static var signalsLeft: WireField {
            WireField(4, .varint)
        }
        /// `run_output`.
        @inlinable public static var runOutput: WireField {
            WireField(5, .varint)
        }
    }

    /// `ExecutionFailed`.
    public enum ExecutionFailed {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `closes`.
        @inlinable public static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable public static var signalsLeft: WireField {
            WireField(4, .varint)
        }
        /// `failed_operation`.
        @inlinable public static var failedOperation: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `cause`.
        @inlinable public static var cause: WireField {
            WireField(6, .varint)
        }
        /// `finished_at`.
        @inlinable public static var finishedAt: WireField {
            WireField(7, .fixed64)
        }
    }

    /// `ExecutionTimedOut`.
    public enum ExecutionTimedOut {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `closes`.
        @inlinable public static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable public static var signalsLeft: WireField {
            WireField(4, .varint)
        }
        /// `failed_operation`.
        @inlinable public static var failedOperation: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ExecutionCancelled`.
    public enum ExecutionCancelled {
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `closes`.
        @inlinable public static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable public static var signalsLeft: WireField {
            WireField(4, .varint)
        }
        /// `failed_operation`.
        @inlinable public static var failedOperation: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(6, .varint)
        }
    }

    /// `ExecutionExpired`.
    public enum ExecutionExpired {
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `closes`.
        @inlinable public static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable public static var signalsLeft: WireField {
            WireField(4, .varint)
        }
    }

    /// `ExecutionContinued`.
    public enum ExecutionContinued {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `next`.
        @inlinable public static var next: WireField {
            WireField(2, .varint)
        }
        /// `closes`.
        @inlinable public static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable public static var signalsLeft: WireField {
            WireField(4, .varint)
        }
    }

    /// `ExecutionClosed`.
    public enum ExecutionClosed {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
    }

    /// `CleaningEnded`.
    public enum CleaningEnded {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `CleaningSkipped`.
    public enum CleaningSkipped {
    }

    /// `ExecutionPaused`.
    public enum ExecutionPaused {
    }

    /// `ExecutionResumed`.
    public enum ExecutionResumed {
    }

    /// `ExecutionReopened`.
    public enum ExecutionReopened {
    }

    /// `ExecutionWaiting`.
    public enum ExecutionWaiting {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
    }

    /// `SignalReceived`.
    public enum SignalReceived {
        /// `name`.
        @inlinable public static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `signal_id`.
        @inlinable public static var signalId: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `origin`.
        @inlinable public static var origin: WireField {
            WireField(4, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ExecutionParked`.
    public enum ExecutionParked {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `reason`.
        @inlinable public static var reason: WireField {
            WireField(2, .varint)
        }
        /// `divergence`.
        @inlinable public static var divergence: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `doubts`.
        @inlinable public static var doubts: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `Doubt`.
    public enum Doubt {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `started`.
        @inlinable public static var started: WireField {
            WireField(2, .varint)
        }
    }

    /// `Divergence`.
    public enum Divergence {
        /// `sequence`.
        @inlinable public static var sequence: WireField {
            WireField(1, .varint)
        }
        /// `recorded`.
        @inlinable public static var recorded: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `attempted`.
        @inlinable public static var attempted: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `location`.
        @inlinable public static var location: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `cause`.
        @inlinable public static var cause: WireField {
            WireField(5, .varint)
        }
    }

    /// `LeaseLost`.
    public enum LeaseLost {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `losses`.
        @inlinable public static var losses: WireField {
            WireField(2, .varint)
        }
    }

    /// `LeaseReleased`.
    public enum LeaseReleased {
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(1, .varint)
        }
    }

    /// `CommandRefused`.
    public enum CommandRefused {
        /// `reason`.
        @inlinable public static var reason: WireField {
            WireField(1, .varint)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `command`.
        @inlinable public static var command: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `Operation`.
    public enum Operation {
        /// `scope`.
        @inlinable public static var scope: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `position`.
        @inlinable public static var position: WireField {
            WireField(2, .varint)
        }
        /// `kind`.
        @inlinable public static var kind: WireField {
            WireField(3, .varint)
        }
        /// `name`.
        @inlinable public static var name: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `input_digest`.
        @inlinable public static var inputDigest: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `source_file`.
        @inlinable public static var sourceFile: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `source_line`.
        @inlinable public static var sourceLine: WireField {
            WireField(7, .varint)
        }
    }

    /// `OperationPath`.
    public enum OperationPath {
        /// `scope`.
        @inlinable public static var scope: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `position`.
        @inlinable public static var position: WireField {
            WireField(2, .varint)
        }
    }

    /// `OperationStarted`.
    public enum OperationStarted {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `asks`.
        @inlinable public static var asks: WireField {
            WireField(3, .varint)
        }
        /// `once`.
        @inlinable public static var once: WireField {
            WireField(4, .varint)
        }
    }

    /// `OperationResolved`.
    public enum OperationResolved {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `verdict`.
        @inlinable public static var verdict: WireField {
            WireField(2, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `started`.
        @inlinable public static var started: WireField {
            WireField(4, .varint)
        }
        /// `readies`.
        @inlinable public static var readies: WireField {
            WireField(5, .varint)
        }
    }

    /// `CheckpointSucceeded`.
    public enum CheckpointSucceeded {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `started_at`.
        @inlinable public static var startedAt: WireField {
            WireField(3, .fixed64)
        }
        /// `verified`.
        @inlinable public static var verified: WireField {
            WireField(4, .varint)
        }
        /// `input`.
        @inlinable public static var input: WireField {
            WireField(5, .varint)
        }
    }

    /// `CheckpointFailed`.
    public enum CheckpointFailed {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `started_at`.
        @inlinable public static var startedAt: WireField {
            WireField(3, .fixed64)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `handled`.
        @inlinable public static var handled: WireField {
            WireField(5, .varint)
        }
        /// `input`.
        @inlinable public static var input: WireField {
            WireField(6, .varint)
        }
    }

    /// `TimerStarted`.
    public enum TimerStarted {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `deadline`.
        @inlinable public static var deadline: WireField {
            WireField(3, .fixed64)
        }
        /// `idle`.
        @inlinable public static var idle: WireField {
            WireField(4, .varint)
        }
    }

    /// `TimerFired`.
    public enum TimerFired {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `readies`.
        @inlinable public static var readies: WireField {
            WireField(2, .varint)
        }
    }

    /// `SignalAwaited`.
    public enum SignalAwaited {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `deadline`.
        @inlinable public static var deadline: WireField {
            WireField(3, .fixed64)
        }
        /// `idle`.
        @inlinable public static var idle: WireField {
            WireField(4, .varint)
        }
    }

    /// `SignalDelivered`.
    public enum SignalDelivered {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `signal`.
        @inlinable public static var signal: WireField {
            WireField(2, .varint)
        }
        /// `readies`.
        @inlinable public static var readies: WireField {
            WireField(3, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `BranchesStarted`.
    public enum BranchesStarted {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `branches`.
        @inlinable public static var branches: WireField {
            WireField(3, .varint)
        }
    }

    /// `BranchSettled`.
    public enum BranchSettled {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `branch`.
        @inlinable public static var branch: WireField {
            WireField(3, .varint)
        }
        /// `failed`.
        @inlinable public static var failed: WireField {
            WireField(4, .varint)
        }
        /// `counted`.
        @inlinable public static var counted: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `failures`.
        @inlinable public static var failures: WireField {
            WireField(6, .varint)
        }
    }

    /// `OperationRecorded`.
    public enum OperationRecorded {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `source`.
        @inlinable public static var source: WireField {
            WireField(3, .varint)
        }
    }

    /// `ChildStarted`.
    public enum ChildStarted {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `child`.
        @inlinable public static var child: WireField {
            WireField(3, .varint)
        }
        /// `idle`.
        @inlinable public static var idle: WireField {
            WireField(4, .varint)
        }
        /// `reopens`.
        @inlinable public static var reopens: WireField {
            WireField(5, .varint)
        }
        /// `id`.
        @inlinable public static var id: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `spawned`.
        @inlinable public static var spawned: WireField {
            WireField(7, .varint)
        }
    }

    /// `ChildEnded`.
    public enum ChildEnded {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `child`.
        @inlinable public static var child: WireField {
            WireField(2, .varint)
        }
        /// `end`.
        @inlinable public static var end: WireField {
            WireField(3, .varint)
        }
        /// `status`.
        @inlinable public static var status: WireField {
            WireField(4, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `readies`.
        @inlinable public static var readies: WireField {
            WireField(6, .varint)
        }
        /// `unheard`.
        @inlinable public static var unheard: WireField {
            WireField(7, .varint)
        }
        /// `reopened`.
        @inlinable public static var reopened: WireField {
            WireField(8, .varint)
        }
        /// `run_output`.
        @inlinable public static var runOutput: WireField {
            WireField(9, .varint)
        }
        /// `spawned`.
        @inlinable public static var spawned: WireField {
            WireField(10, .varint)
        }
    }

    /// `ChildrenAwaited`.
    public enum ChildrenAwaited {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `idle`.
        @inlinable public static var idle: WireField {
            WireField(3, .varint)
        }
        /// `all_settled`.
        @inlinable public static var allSettled: WireField {
            WireField(4, .varint)
        }
    }

    /// `ChildrenSettled`.
    public enum ChildrenSettled {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `readies`.
        @inlinable public static var readies: WireField {
            WireField(2, .varint)
        }
    }

    /// `OperationRetried`.
    public enum OperationRetried {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `tries`.
        @inlinable public static var tries: WireField {
            WireField(4, .varint)
        }
        /// `retry_at`.
        @inlinable public static var retryAt: WireField {
            WireField(5, .fixed64)
        }
        /// `idle`.
        @inlinable public static var idle: WireField {
            WireField(6, .varint)
        }
        /// `deadline`.
        @inlinable public static var deadline: WireField {
            WireField(7, .fixed64)
        }
    }

    /// `Error`.
    public enum Error {
        /// `kind`.
        @inlinable public static var kind: WireField {
            WireField(1, .varint)
        }
        /// `code`.
        @inlinable public static var code: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `retryable`.
        @inlinable public static var retryable: WireField {
            WireField(3, .varint)
        }
    }

    /// `LogRecorded`.
    public enum LogRecorded {
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `lines`.
        @inlinable public static var lines: WireField {
            WireField(3, .varint)
        }
    }

    /// `LogBatch`.
    public enum LogBatch {
        /// `lines`.
        @inlinable public static var lines: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `LogLine`.
    public enum LogLine {
        /// `time`.
        @inlinable public static var time: WireField {
            WireField(1, .fixed64)
        }
        /// `stream`.
        @inlinable public static var stream: WireField {
            WireField(2, .varint)
        }
        /// `text`.
        @inlinable public static var text: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `ExecutionRow`.
    public enum ExecutionRow {
        /// `number`.
        @inlinable public static var number: WireField {
            WireField(1, .varint)
        }
        /// `closed`.
        @inlinable public static var closed: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `check`.
        @inlinable public static var check: WireField {
            WireField(3, .fixed64)
        }
    }

    /// `ExecutionSummary`.
    public enum ExecutionSummary {
        /// `type`.
        @inlinable public static var type: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `status`.
        @inlinable public static var status: WireField {
            WireField(2, .varint)
        }
        /// `submitted_at`.
        @inlinable public static var submittedAt: WireField {
            WireField(3, .fixed64)
        }
        /// `started_at`.
        @inlinable public static var startedAt: WireField {
            WireField(4, .fixed64)
        }
        /// `finished_at`.
        @inlinable public static var finishedAt: WireField {
            WireField(5, .fixed64)
        }
        /// `attempts`.
        @inlinable public static var attempts: WireField {
            WireField(6, .varint)
        }
        /// `last`.
        @inlinable public static var last: WireField {
            WireField(7, .varint)
        }
        /// `entries`.
        @inlinable public static var entries: WireField {
            WireField(8, .varint)
        }
        /// `error_code`.
        @inlinable public static var errorCode: WireField {
            WireField(9, .lengthDelimited)
        }
        /// `start_at`.
        @inlinable public static var startAt: WireField {
            WireField(10, .fixed64)
        }
        /// `updated_at`.
        @inlinable public static var updatedAt: WireField {
            WireField(11, .fixed64)
        }
        /// `losses`.
        @inlinable public static var losses: WireField {
            WireField(12, .varint)
        }
        /// `terms`.
        @inlinable public static var terms: WireField {
            WireField(13, .lengthDelimited)
        }
        /// `continued_from`.
        @inlinable public static var continuedFrom: WireField {
            WireField(14, .varint)
        }
        /// `outputs`.
        @inlinable public static var outputs: WireField {
            WireField(15, .lengthDelimited)
        }
        /// `parent`.
        @inlinable public static var parent: WireField {
            WireField(16, .varint)
        }
        /// `finalizer`.
        @inlinable public static var finalizer: WireField {
            WireField(17, .varint)
        }
    }

    /// `TreeEdge`.
    public enum TreeEdge {
        /// `size`.
        @inlinable public static var size: WireField {
            WireField(1, .varint)
        }
        /// `root`.
        @inlinable public static var root: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `leaves`.
        @inlinable public static var leaves: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `commit`.
        @inlinable public static var commit: WireField {
            WireField(4, .varint)
        }
    }

    /// `Snapshot`.
    public enum Snapshot {
        /// `projection`.
        @inlinable public static var projection: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `schema`.
        @inlinable public static var schema: WireField {
            WireField(2, .varint)
        }
        /// `size`.
        @inlinable public static var size: WireField {
            WireField(3, .varint)
        }
        /// `root`.
        @inlinable public static var root: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `sections`.
        @inlinable public static var sections: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `SnapshotSection`.
    public enum SnapshotSection {
        /// `part`.
        @inlinable public static var part: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `schema`.
        @inlinable public static var schema: WireField {
            WireField(2, .varint)
        }
        /// `items`.
        @inlinable public static var items: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `JournalState`.
    public enum JournalState {
        /// `created`.
        @inlinable public static var created: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `snapshot_size`.
        @inlinable public static var snapshotSize: WireField {
            WireField(2, .varint)
        }
        /// `entries`.
        @inlinable public static var entries: WireField {
            WireField(3, .varint)
        }
        /// `last`.
        @inlinable public static var last: WireField {
            WireField(4, .varint)
        }
    }

    /// `OpenSession`.
    public enum OpenSession {
        /// `number`.
        @inlinable public static var number: WireField {
            WireField(1, .varint)
        }
        /// `opened_at`.
        @inlinable public static var openedAt: WireField {
            WireField(2, .fixed64)
        }
        /// `uuid`.
        @inlinable public static var uuid: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `actor`.
        @inlinable public static var actor: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `host`.
        @inlinable public static var host: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `pid`.
        @inlinable public static var pid: WireField {
            WireField(6, .varint)
        }
        /// `program`.
        @inlinable public static var program: WireField {
            WireField(7, .lengthDelimited)
        }
        /// `pid_namespace`.
        @inlinable public static var pidNamespace: WireField {
            WireField(8, .varint)
        }
        /// `entries`.
        @inlinable public static var entries: WireField {
            WireField(9, .varint)
        }
        /// `last`.
        @inlinable public static var last: WireField {
            WireField(10, .varint)
        }
        /// `revision`.
        @inlinable public static var revision: WireField {
            WireField(11, .lengthDelimited)
        }
    }

    /// `OpenExecution`.
    public enum OpenExecution {
        /// `number`.
        @inlinable public static var number: WireField {
            WireField(1, .varint)
        }
        /// `id`.
        @inlinable public static var id: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `type`.
        @inlinable public static var type: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `submitted_at`.
        @inlinable public static var submittedAt: WireField {
            WireField(4, .fixed64)
        }
        /// `updated_at`.
        @inlinable public static var updatedAt: WireField {
            WireField(5, .fixed64)
        }
        /// `entries`.
        @inlinable public static var entries: WireField {
            WireField(6, .varint)
        }
        /// `last`.
        @inlinable public static var last: WireField {
            WireField(7, .varint)
        }
    }

    /// `ExecutionProgress`.
    public enum ExecutionProgress {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `scopes`.
        @inlinable public static var scopes: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ExecutionLease`.
    public enum ExecutionLease {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `session`.
        @inlinable public static var session: WireField {
            WireField(2, .varint)
        }
        /// `epoch`.
        @inlinable public static var epoch: WireField {
            WireField(3, .varint)
        }
        /// `attempt`.
        @inlinable public static var attempt: WireField {
            WireField(4, .varint)
        }
        /// `losses`.
        @inlinable public static var losses: WireField {
            WireField(5, .varint)
        }
        /// `continues_attempt`.
        @inlinable public static var continuesAttempt: WireField {
            WireField(6, .varint)
        }
        /// `previous_failure`.
        @inlinable public static var previousFailure: WireField {
            WireField(7, .varint)
        }
        /// `refused_epochs`.
        @inlinable public static var refusedEpochs: WireField {
            WireField(8, .lengthDelimited)
        }
        /// `attempts_before`.
        @inlinable public static var attemptsBefore: WireField {
            WireField(9, .varint)
        }
    }

    /// `ExecutionLifecycle`.
    public enum ExecutionLifecycle {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `status`.
        @inlinable public static var status: WireField {
            WireField(2, .varint)
        }
        /// `parked`.
        @inlinable public static var parked: WireField {
            WireField(3, .varint)
        }
        /// `paused`.
        @inlinable public static var paused: WireField {
            WireField(4, .varint)
        }
        /// `delayed`.
        @inlinable public static var delayed: WireField {
            WireField(5, .varint)
        }
        /// `start_at`.
        @inlinable public static var startAt: WireField {
            WireField(6, .fixed64)
        }
        /// `started_at`.
        @inlinable public static var startedAt: WireField {
            WireField(7, .fixed64)
        }
        /// `finished_at`.
        @inlinable public static var finishedAt: WireField {
            WireField(8, .fixed64)
        }
        /// `deadline`.
        @inlinable public static var deadline: WireField {
            WireField(9, .fixed64)
        }
        /// `ready_sequence`.
        @inlinable public static var readySequence: WireField {
            WireField(10, .varint)
        }
        /// `error_code`.
        @inlinable public static var errorCode: WireField {
            WireField(11, .lengthDelimited)
        }
    }

    /// `ExecutionWaits`.
    public enum ExecutionWaits {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `waits`.
        @inlinable public static var waits: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `stopped`.
        @inlinable public static var stopped: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `ExecutionMailbox`.
    public enum ExecutionMailbox {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `signals`.
        @inlinable public static var signals: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `signal_ids`.
        @inlinable public static var signalIds: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `ExecutionCleaning`.
    public enum ExecutionCleaning {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `registrations`.
        @inlinable public static var registrations: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `reopenings`.
        @inlinable public static var reopenings: WireField {
            WireField(3, .varint)
        }
        /// `skipped`.
        @inlinable public static var skipped: WireField {
            WireField(4, .varint)
        }
        /// `claimed`.
        @inlinable public static var claimed: WireField {
            WireField(5, .varint)
        }
    }

    /// `Registration`.
    public enum Registration {
        /// `sequence`.
        @inlinable public static var sequence: WireField {
            WireField(1, .varint)
        }
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `name`.
        @inlinable public static var name: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `finished`.
        @inlinable public static var finished: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `ended`.
        @inlinable public static var ended: WireField {
            WireField(5, .varint)
        }
        /// `lost`.
        @inlinable public static var lost: WireField {
            WireField(6, .varint)
        }
    }

    /// `ExecutionStore`.
    public enum ExecutionStore {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `values`.
        @inlinable public static var values: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ExecutionOutputs`.
    public enum ExecutionOutputs {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `outputs`.
        @inlinable public static var outputs: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ExecutionTerms`.
    public enum ExecutionTerms {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `retry`.
        @inlinable public static var retry: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `timeout`.
        @inlinable public static var timeout: WireField {
            WireField(3, .varint)
        }
        /// `delay`.
        @inlinable public static var delay: WireField {
            WireField(4, .varint)
        }
        /// `labels`.
        @inlinable public static var labels: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ExecutionLineage`.
    public enum ExecutionLineage {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `continued_from`.
        @inlinable public static var continuedFrom: WireField {
            WireField(2, .varint)
        }
        /// `first_run`.
        @inlinable public static var firstRun: WireField {
            WireField(3, .varint)
        }
        /// `trace_context`.
        @inlinable public static var traceContext: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `ExecutionDoubts`.
    public enum ExecutionDoubts {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `doubts`.
        @inlinable public static var doubts: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ExecutionPin`.
    public enum ExecutionPin {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `pinned`.
        @inlinable public static var pinned: WireField {
            WireField(2, .varint)
        }
        /// `revision`.
        @inlinable public static var revision: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `ExecutionFamily`.
    public enum ExecutionFamily {
        /// `execution`.
        @inlinable public static var execution: WireField {
            WireField(1, .varint)
        }
        /// `parent`.
        @inlinable public static var parent: WireField {
            WireField(2, .varint)
        }
        /// `parent_operation`.
        @inlinable public static var parentOperation: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `depth`.
        @inlinable public static var depth: WireField {
            WireField(4, .varint)
        }
        /// `root`.
        @inlinable public static var root: WireField {
            WireField(5, .varint)
        }
        /// `children`.
        @inlinable public static var children: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `end`.
        @inlinable public static var end: WireField {
            WireField(7, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(8, .lengthDelimited)
        }
        /// `finalizer`.
        @inlinable public static var finalizer: WireField {
            WireField(9, .varint)
        }
        /// `run_output`.
        @inlinable public static var runOutput: WireField {
            WireField(10, .varint)
        }
        /// `failed`.
        @inlinable public static var failed: WireField {
            WireField(11, .lengthDelimited)
        }
        /// `joined`.
        @inlinable public static var joined: WireField {
            WireField(12, .varint)
        }
        /// `all_settled`.
        @inlinable public static var allSettled: WireField {
            WireField(13, .varint)
        }
    }

    /// `OpenChild`.
    public enum OpenChild {
        /// `child`.
        @inlinable public static var child: WireField {
            WireField(1, .varint)
        }
        /// `id`.
        @inlinable public static var id: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `started`.
        @inlinable public static var started: WireField {
            WireField(3, .varint)
        }
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `stopped_by`.
        @inlinable public static var stoppedBy: WireField {
            WireField(5, .varint)
        }
        /// `reopens`.
        @inlinable public static var reopens: WireField {
            WireField(6, .varint)
        }
        /// `spawned`.
        @inlinable public static var spawned: WireField {
            WireField(7, .varint)
        }
        /// `wanted_by`.
        @inlinable public static var wantedBy: WireField {
            WireField(8, .varint)
        }
        /// `end`.
        @inlinable public static var end: WireField {
            WireField(9, .varint)
        }
        /// `status`.
        @inlinable public static var status: WireField {
            WireField(10, .varint)
        }
        /// `ended_at`.
        @inlinable public static var endedAt: WireField {
            WireField(11, .fixed64)
        }
    }

    /// `ScopeState`.
    public enum ScopeState {
        /// `path`.
        @inlinable public static var path: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `next`.
        @inlinable public static var next: WireField {
            WireField(2, .varint)
        }
        /// `failure`.
        @inlinable public static var failure: WireField {
            WireField(3, .varint)
        }
        /// `branches`.
        @inlinable public static var branches: WireField {
            WireField(4, .varint)
        }
        /// `settled`.
        @inlinable public static var settled: WireField {
            WireField(5, .varint)
        }
        /// `decided`.
        @inlinable public static var decided: WireField {
            WireField(6, .varint)
        }
        /// `failed_splits`.
        @inlinable public static var failedSplits: WireField {
            WireField(7, .lengthDelimited)
        }
        /// `begun`.
        @inlinable public static var begun: WireField {
            WireField(8, .varint)
        }
    }

    /// `FailedSplit`.
    public enum FailedSplit {
        /// `position`.
        @inlinable public static var position: WireField {
            WireField(1, .varint)
        }
        /// `branches`.
        @inlinable public static var branches: WireField {
            WireField(2, .varint)
        }
        /// `settled`.
        @inlinable public static var settled: WireField {
            WireField(3, .varint)
        }
    }

    /// `OpenWait`.
    public enum OpenWait {
        /// `kind`.
        @inlinable public static var kind: WireField {
            WireField(1, .varint)
        }
        /// `operation`.
        @inlinable public static var operation: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `deadline`.
        @inlinable public static var deadline: WireField {
            WireField(3, .fixed64)
        }
        /// `sequence`.
        @inlinable public static var sequence: WireField {
            WireField(4, .varint)
        }
        /// `child`.
        @inlinable public static var child: WireField {
            WireField(5, .varint)
        }
    }

    /// `BufferedSignal`.
    public enum BufferedSignal {
        /// `name`.
        @inlinable public static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `sequence`.
        @inlinable public static var sequence: WireField {
            WireField(2, .varint)
        }
        /// `error`.
        @inlinable public static var error: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `NamedEntry`.
    public enum NamedEntry {
        /// `name`.
        @inlinable public static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `sequence`.
        @inlinable public static var sequence: WireField {
            WireField(2, .varint)
        }
    }
}
