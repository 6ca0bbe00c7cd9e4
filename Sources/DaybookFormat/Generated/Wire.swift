// Made by tools/fields from daybook.proto; run tools/generate after a change there.

/// The fields of the messages in `daybook.proto`, by name, for what reads and writes them by hand.
@usableFromInline
package enum Wire {
    /// `Entry`.
    @usableFromInline
    package enum Entry {
        /// `sequence`.
        @inlinable package static var sequence: WireField {
            WireField(1, .varint)
        }
        /// `time`.
        @inlinable package static var time: WireField {
            WireField(2, .fixed64)
        }
        /// `stream`.
        @inlinable package static var stream: WireField {
            WireField(3, .varint)
        }
        /// `ordinal`.
        @inlinable package static var ordinal: WireField {
            WireField(4, .varint)
        }
        /// `previous`.
        @inlinable package static var previous: WireField {
            WireField(5, .varint)
        }
        /// `schema`.
        @inlinable package static var schema: WireField {
            WireField(6, .varint)
        }
        /// `session`.
        @inlinable package static var session: WireField {
            WireField(7, .varint)
        }
        /// `correlation`.
        @inlinable package static var correlation: WireField {
            WireField(8, .varint)
        }
        /// `causation`.
        @inlinable package static var causation: WireField {
            WireField(9, .varint)
        }
        /// `commitments`.
        @inlinable package static var commitments: WireField {
            WireField(10, .lengthDelimited)
        }
        /// `request`.
        @inlinable package static var request: WireField {
            WireField(11, .lengthDelimited)
        }
        /// `journal_created`.
        @inlinable package static var journalCreated: WireField {
            WireField(16, .lengthDelimited)
        }
        /// `session_opened`.
        @inlinable package static var sessionOpened: WireField {
            WireField(17, .lengthDelimited)
        }
        /// `session_closed`.
        @inlinable package static var sessionClosed: WireField {
            WireField(18, .lengthDelimited)
        }
        /// `session_lost`.
        @inlinable package static var sessionLost: WireField {
            WireField(19, .lengthDelimited)
        }
        /// `content_type_interned`.
        @inlinable package static var contentTypeInterned: WireField {
            WireField(20, .lengthDelimited)
        }
        /// `snapshot_taken`.
        @inlinable package static var snapshotTaken: WireField {
            WireField(21, .lengthDelimited)
        }
        /// `journal_adopted`.
        @inlinable package static var journalAdopted: WireField {
            WireField(22, .lengthDelimited)
        }
        /// `journal_restored`.
        @inlinable package static var journalRestored: WireField {
            WireField(23, .lengthDelimited)
        }
        /// `journal_rewritten`.
        @inlinable package static var journalRewritten: WireField {
            WireField(24, .lengthDelimited)
        }
        /// `archive_sealed`.
        @inlinable package static var archiveSealed: WireField {
            WireField(25, .lengthDelimited)
        }
        /// `archive_dropped`.
        @inlinable package static var archiveDropped: WireField {
            WireField(26, .lengthDelimited)
        }
        /// `execution_submitted`.
        @inlinable package static var executionSubmitted: WireField {
            WireField(32, .lengthDelimited)
        }
        /// `execution_readied`.
        @inlinable package static var executionReadied: WireField {
            WireField(33, .lengthDelimited)
        }
        /// `execution_claimed`.
        @inlinable package static var executionClaimed: WireField {
            WireField(34, .lengthDelimited)
        }
        /// `execution_completed`.
        @inlinable package static var executionCompleted: WireField {
            WireField(35, .lengthDelimited)
        }
        /// `execution_failed`.
        @inlinable package static var executionFailed: WireField {
            WireField(36, .lengthDelimited)
        }
        /// `execution_parked`.
        @inlinable package static var executionParked: WireField {
            WireField(37, .lengthDelimited)
        }
        /// `lease_lost`.
        @inlinable package static var leaseLost: WireField {
            WireField(38, .lengthDelimited)
        }
        /// `lease_released`.
        @inlinable package static var leaseReleased: WireField {
            WireField(39, .lengthDelimited)
        }
        /// `command_refused`.
        @inlinable package static var commandRefused: WireField {
            WireField(40, .lengthDelimited)
        }
        /// `attempt_failed`.
        @inlinable package static var attemptFailed: WireField {
            WireField(41, .lengthDelimited)
        }
        /// `execution_timed_out`.
        @inlinable package static var executionTimedOut: WireField {
            WireField(42, .lengthDelimited)
        }
        /// `execution_cancelled`.
        @inlinable package static var executionCancelled: WireField {
            WireField(43, .lengthDelimited)
        }
        /// `execution_expired`.
        @inlinable package static var executionExpired: WireField {
            WireField(44, .lengthDelimited)
        }
        /// `execution_continued`.
        @inlinable package static var executionContinued: WireField {
            WireField(45, .lengthDelimited)
        }
        /// `execution_closed`.
        @inlinable package static var executionClosed: WireField {
            WireField(46, .lengthDelimited)
        }
        /// `execution_paused`.
        @inlinable package static var executionPaused: WireField {
            WireField(47, .lengthDelimited)
        }
        /// `execution_resumed`.
        @inlinable package static var executionResumed: WireField {
            WireField(48, .lengthDelimited)
        }
        /// `execution_reopened`.
        @inlinable package static var executionReopened: WireField {
            WireField(49, .lengthDelimited)
        }
        /// `execution_waiting`.
        @inlinable package static var executionWaiting: WireField {
            WireField(50, .lengthDelimited)
        }
        /// `signal_received`.
        @inlinable package static var signalReceived: WireField {
            WireField(51, .lengthDelimited)
        }
        /// `cleaning_ended`.
        @inlinable package static var cleaningEnded: WireField {
            WireField(52, .lengthDelimited)
        }
        /// `cleaning_skipped`.
        @inlinable package static var cleaningSkipped: WireField {
            WireField(53, .lengthDelimited)
        }
        /// `execution_repinned`.
        @inlinable package static var executionRepinned: WireField {
            WireField(54, .lengthDelimited)
        }
        /// `operation_started`.
        @inlinable package static var operationStarted: WireField {
            WireField(64, .lengthDelimited)
        }
        /// `checkpoint_succeeded`.
        @inlinable package static var checkpointSucceeded: WireField {
            WireField(65, .lengthDelimited)
        }
        /// `checkpoint_failed`.
        @inlinable package static var checkpointFailed: WireField {
            WireField(66, .lengthDelimited)
        }
        /// `log_recorded`.
        @inlinable package static var logRecorded: WireField {
            WireField(67, .lengthDelimited)
        }
        /// `timer_started`.
        @inlinable package static var timerStarted: WireField {
            WireField(68, .lengthDelimited)
        }
        /// `timer_fired`.
        @inlinable package static var timerFired: WireField {
            WireField(69, .lengthDelimited)
        }
        /// `signal_awaited`.
        @inlinable package static var signalAwaited: WireField {
            WireField(70, .lengthDelimited)
        }
        /// `signal_delivered`.
        @inlinable package static var signalDelivered: WireField {
            WireField(71, .lengthDelimited)
        }
        /// `branches_started`.
        @inlinable package static var branchesStarted: WireField {
            WireField(72, .lengthDelimited)
        }
        /// `branch_settled`.
        @inlinable package static var branchSettled: WireField {
            WireField(73, .lengthDelimited)
        }
        /// `operation_recorded`.
        @inlinable package static var operationRecorded: WireField {
            WireField(74, .lengthDelimited)
        }
        /// `operation_retried`.
        @inlinable package static var operationRetried: WireField {
            WireField(75, .lengthDelimited)
        }
        /// `operation_resolved`.
        @inlinable package static var operationResolved: WireField {
            WireField(76, .lengthDelimited)
        }
        /// `child_started`.
        @inlinable package static var childStarted: WireField {
            WireField(77, .lengthDelimited)
        }
        /// `child_ended`.
        @inlinable package static var childEnded: WireField {
            WireField(78, .lengthDelimited)
        }
        /// `children_awaited`.
        @inlinable package static var childrenAwaited: WireField {
            WireField(79, .lengthDelimited)
        }
        /// `children_settled`.
        @inlinable package static var childrenSettled: WireField {
            WireField(80, .lengthDelimited)
        }
        /// `secrets_stored`.
        @inlinable package static var secretsStored: WireField {
            WireField(96, .lengthDelimited)
        }
        /// `secrets_wiped`.
        @inlinable package static var secretsWiped: WireField {
            WireField(97, .lengthDelimited)
        }
        /// `workspace_saved`.
        @inlinable package static var workspaceSaved: WireField {
            WireField(112, .lengthDelimited)
        }
        /// `workspace_unsaved`.
        @inlinable package static var workspaceUnsaved: WireField {
            WireField(113, .lengthDelimited)
        }
        /// `payloads_erased`.
        @inlinable package static var payloadsErased: WireField {
            WireField(128, .lengthDelimited)
        }
        /// `execution_archived`.
        @inlinable package static var executionArchived: WireField {
            WireField(129, .lengthDelimited)
        }
        /// `task_type_registered`.
        @inlinable package static var taskTypeRegistered: WireField {
            WireField(160, .lengthDelimited)
        }
        /// `task_created`.
        @inlinable package static var taskCreated: WireField {
            WireField(161, .lengthDelimited)
        }
        /// `task_dispatched`.
        @inlinable package static var taskDispatched: WireField {
            WireField(162, .lengthDelimited)
        }
        /// `task_run_ended`.
        @inlinable package static var taskRunEnded: WireField {
            WireField(163, .lengthDelimited)
        }
        /// `task_disabled`.
        @inlinable package static var taskDisabled: WireField {
            WireField(164, .lengthDelimited)
        }
        /// `task_respawned`.
        @inlinable package static var taskRespawned: WireField {
            WireField(165, .lengthDelimited)
        }
        /// `task_archived`.
        @inlinable package static var taskArchived: WireField {
            WireField(166, .lengthDelimited)
        }
        /// `runbook_stored`.
        @inlinable package static var runbookStored: WireField {
            WireField(167, .lengthDelimited)
        }
    }

    /// `Request`.
    @usableFromInline
    package enum Request {
        /// `actor`.
        @inlinable package static var actor: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `principal`.
        @inlinable package static var principal: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `reason`.
        @inlinable package static var reason: WireField {
            WireField(3, .varint)
        }
    }

    /// `Label`.
    @usableFromInline
    package enum Label {
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `value`.
        @inlinable package static var value: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `Commitment`.
    @usableFromInline
    package enum Commitment {
        /// `mac`.
        @inlinable package static var mac: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `size`.
        @inlinable package static var size: WireField {
            WireField(2, .varint)
        }
        /// `content_type`.
        @inlinable package static var contentType: WireField {
            WireField(3, .varint)
        }
    }

    /// `Payloads`.
    @usableFromInline
    package enum Payloads {
        /// `payloads`.
        @inlinable package static var payloads: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `Payload`.
    @usableFromInline
    package enum Payload {
        /// `salt`.
        @inlinable package static var salt: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `data`.
        @inlinable package static var data: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `slices`.
        @inlinable package static var slices: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `JournalCreated`.
    @usableFromInline
    package enum JournalCreated {
        /// `uuid`.
        @inlinable package static var uuid: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `origin`.
        @inlinable package static var origin: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `format`.
        @inlinable package static var format: WireField {
            WireField(3, .varint)
        }
        /// `settings`.
        @inlinable package static var settings: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `content_types`.
        @inlinable package static var contentTypes: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `binding`.
        @inlinable package static var binding: WireField {
            WireField(6, .lengthDelimited)
        }
    }

    /// `Settings`.
    @usableFromInline
    package enum Settings {
        /// `payload_limit`.
        @inlinable package static var payloadLimit: WireField {
            WireField(1, .varint)
        }
        /// `loss_limit`.
        @inlinable package static var lossLimit: WireField {
            WireField(2, .varint)
        }
        /// `submission_lifetime`.
        @inlinable package static var submissionLifetime: WireField {
            WireField(3, .varint)
        }
        /// `secret_lifetime`.
        @inlinable package static var secretLifetime: WireField {
            WireField(4, .varint)
        }
    }

    /// `Binding`.
    @usableFromInline
    package enum Binding {
        /// `machine`.
        @inlinable package static var machine: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `device`.
        @inlinable package static var device: WireField {
            WireField(2, .varint)
        }
        /// `inode`.
        @inlinable package static var inode: WireField {
            WireField(3, .varint)
        }
        /// `made_at`.
        @inlinable package static var madeAt: WireField {
            WireField(4, .varint)
        }
    }

    /// `JournalAdopted`.
    @usableFromInline
    package enum JournalAdopted {
        /// `binding`.
        @inlinable package static var binding: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `actor`.
        @inlinable package static var actor: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `JournalRestored`.
    @usableFromInline
    package enum JournalRestored {
        /// `binding`.
        @inlinable package static var binding: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `actor`.
        @inlinable package static var actor: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `size`.
        @inlinable package static var size: WireField {
            WireField(3, .varint)
        }
        /// `root`.
        @inlinable package static var root: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `origin`.
        @inlinable package static var origin: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `JournalRewritten`.
    @usableFromInline
    package enum JournalRewritten {
        /// `binding`.
        @inlinable package static var binding: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `actor`.
        @inlinable package static var actor: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `size`.
        @inlinable package static var size: WireField {
            WireField(3, .varint)
        }
        /// `root`.
        @inlinable package static var root: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `cause`.
        @inlinable package static var cause: WireField {
            WireField(5, .varint)
        }
        /// `bytes_before`.
        @inlinable package static var bytesBefore: WireField {
            WireField(6, .varint)
        }
        /// `bytes_after`.
        @inlinable package static var bytesAfter: WireField {
            WireField(7, .varint)
        }
        /// `pruning`.
        @inlinable package static var pruning: WireField {
            WireField(8, .lengthDelimited)
        }
        /// `archives`.
        @inlinable package static var archives: WireField {
            WireField(9, .lengthDelimited)
        }
    }

    /// `Pruning`.
    @usableFromInline
    package enum Pruning {
        /// `horizon`.
        @inlinable package static var horizon: WireField {
            WireField(1, .varint)
        }
        /// `entries`.
        @inlinable package static var entries: WireField {
            WireField(2, .varint)
        }
        /// `gaps`.
        @inlinable package static var gaps: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `executions`.
        @inlinable package static var executions: WireField {
            WireField(4, .varint)
        }
        /// `tombstones`.
        @inlinable package static var tombstones: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ArchiveSealed`.
    @usableFromInline
    package enum ArchiveSealed {
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `digest`.
        @inlinable package static var digest: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `bytes`.
        @inlinable package static var bytes: WireField {
            WireField(3, .varint)
        }
        /// `size`.
        @inlinable package static var size: WireField {
            WireField(4, .varint)
        }
        /// `root`.
        @inlinable package static var root: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `first`.
        @inlinable package static var first: WireField {
            WireField(6, .varint)
        }
        /// `last`.
        @inlinable package static var last: WireField {
            WireField(7, .varint)
        }
        /// `executions`.
        @inlinable package static var executions: WireField {
            WireField(8, .varint)
        }
        /// `entries`.
        @inlinable package static var entries: WireField {
            WireField(9, .varint)
        }
        /// `payloads`.
        @inlinable package static var payloads: WireField {
            WireField(10, .varint)
        }
    }

    /// `ArchiveDropped`.
    @usableFromInline
    package enum ArchiveDropped {
        /// `archive`.
        @inlinable package static var archive: WireField {
            WireField(1, .varint)
        }
    }

    /// `SessionOpened`.
    @usableFromInline
    package enum SessionOpened {
        /// `uuid`.
        @inlinable package static var uuid: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `actor`.
        @inlinable package static var actor: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `user`.
        @inlinable package static var user: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `host`.
        @inlinable package static var host: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `pid`.
        @inlinable package static var pid: WireField {
            WireField(5, .varint)
        }
        /// `program`.
        @inlinable package static var program: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `version`.
        @inlinable package static var version: WireField {
            WireField(7, .lengthDelimited)
        }
        /// `code`.
        @inlinable package static var code: WireField {
            WireField(8, .lengthDelimited)
        }
        /// `schema`.
        @inlinable package static var schema: WireField {
            WireField(9, .varint)
        }
        /// `pid_namespace`.
        @inlinable package static var pidNamespace: WireField {
            WireField(10, .varint)
        }
        /// `revision`.
        @inlinable package static var revision: WireField {
            WireField(11, .lengthDelimited)
        }
    }

    /// `SessionClosed`.
    @usableFromInline
    package enum SessionClosed {
    }

    /// `SessionLost`.
    @usableFromInline
    package enum SessionLost {
        /// `actor`.
        @inlinable package static var actor: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ContentTypeInterned`.
    @usableFromInline
    package enum ContentTypeInterned {
        /// `content_type`.
        @inlinable package static var contentType: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `SnapshotTaken`.
    @usableFromInline
    package enum SnapshotTaken {
        /// `projection`.
        @inlinable package static var projection: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `schema`.
        @inlinable package static var schema: WireField {
            WireField(2, .varint)
        }
        /// `size`.
        @inlinable package static var size: WireField {
            WireField(3, .varint)
        }
        /// `digest`.
        @inlinable package static var digest: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `bytes`.
        @inlinable package static var bytes: WireField {
            WireField(5, .varint)
        }
    }

    /// `ExecutionSubmitted`.
    @usableFromInline
    package enum ExecutionSubmitted {
        /// `id`.
        @inlinable package static var id: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `type`.
        @inlinable package static var type: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `retry`.
        @inlinable package static var retry: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `timeout`.
        @inlinable package static var timeout: WireField {
            WireField(4, .varint)
        }
        /// `delay`.
        @inlinable package static var delay: WireField {
            WireField(5, .varint)
        }
        /// `expires_at`.
        @inlinable package static var expiresAt: WireField {
            WireField(6, .fixed64)
        }
        /// `continued_from`.
        @inlinable package static var continuedFrom: WireField {
            WireField(7, .varint)
        }
        /// `first_run`.
        @inlinable package static var firstRun: WireField {
            WireField(8, .varint)
        }
        /// `signal_ids`.
        @inlinable package static var signalIds: WireField {
            WireField(9, .lengthDelimited)
        }
        /// `labels`.
        @inlinable package static var labels: WireField {
            WireField(10, .lengthDelimited)
        }
        /// `trace_context`.
        @inlinable package static var traceContext: WireField {
            WireField(11, .lengthDelimited)
        }
        /// `pinned`.
        @inlinable package static var pinned: WireField {
            WireField(12, .varint)
        }
        /// `pinned_revision`.
        @inlinable package static var pinnedRevision: WireField {
            WireField(13, .lengthDelimited)
        }
        /// `parent`.
        @inlinable package static var parent: WireField {
            WireField(14, .varint)
        }
        /// `parent_operation`.
        @inlinable package static var parentOperation: WireField {
            WireField(15, .lengthDelimited)
        }
        /// `depth`.
        @inlinable package static var depth: WireField {
            WireField(16, .varint)
        }
        /// `finalizer`.
        @inlinable package static var finalizer: WireField {
            WireField(17, .varint)
        }
        /// `forked_from`.
        @inlinable package static var forkedFrom: WireField {
            WireField(18, .varint)
        }
        /// `forked_before`.
        @inlinable package static var forkedBefore: WireField {
            WireField(19, .varint)
        }
        /// `begins_after`.
        @inlinable package static var beginsAfter: WireField {
            WireField(20, .varint)
        }
        /// `task`.
        @inlinable package static var task: WireField {
            WireField(160, .varint)
        }
        /// `eventful`.
        @inlinable package static var eventful: WireField {
            WireField(161, .varint)
        }
    }

    /// `RetryPolicy`.
    @usableFromInline
    package enum RetryPolicy {
        /// `max_attempts`.
        @inlinable package static var maxAttempts: WireField {
            WireField(1, .varint)
        }
        /// `base_delay`.
        @inlinable package static var baseDelay: WireField {
            WireField(2, .varint)
        }
        /// `multiplier`.
        @inlinable package static var multiplier: WireField {
            WireField(3, .fixed64)
        }
        /// `max_delay`.
        @inlinable package static var maxDelay: WireField {
            WireField(4, .varint)
        }
        /// `jitter`.
        @inlinable package static var jitter: WireField {
            WireField(5, .fixed64)
        }
        /// `fatal_codes`.
        @inlinable package static var fatalCodes: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `retryable_codes`.
        @inlinable package static var retryableCodes: WireField {
            WireField(7, .lengthDelimited)
        }
    }

    /// `ExecutionReadied`.
    @usableFromInline
    package enum ExecutionReadied {
        /// `not_before`.
        @inlinable package static var notBefore: WireField {
            WireField(1, .fixed64)
        }
    }

    /// `ExecutionClaimed`.
    @usableFromInline
    package enum ExecutionClaimed {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `attempt`.
        @inlinable package static var attempt: WireField {
            WireField(2, .varint)
        }
        /// `deadline`.
        @inlinable package static var deadline: WireField {
            WireField(3, .fixed64)
        }
        /// `revision`.
        @inlinable package static var revision: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `ExecutionRepinned`.
    @usableFromInline
    package enum ExecutionRepinned {
        /// `revision`.
        @inlinable package static var revision: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `AttemptFailed`.
    @usableFromInline
    package enum AttemptFailed {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `retry_at`.
        @inlinable package static var retryAt: WireField {
            WireField(3, .fixed64)
        }
        /// `held`.
        @inlinable package static var held: WireField {
            WireField(4, .varint)
        }
        /// `failed_operation`.
        @inlinable package static var failedOperation: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ExecutionCompleted`.
    @usableFromInline
    package enum ExecutionCompleted {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `operations`.
        @inlinable package static var operations: WireField {
            WireField(2, .varint)
        }
        /// `closes`.
        @inlinable package static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable package static var signalsLeft: WireField {
            WireField(4, .varint)
        }
        /// `run_output`.
        @inlinable package static var runOutput: WireField {
            WireField(5, .varint)
        }
        /// `eventful`.
        @inlinable package static var eventful: WireField {
            WireField(160, .varint)
        }
    }

    /// `ExecutionFailed`.
    @usableFromInline
    package enum ExecutionFailed {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `closes`.
        @inlinable package static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable package static var signalsLeft: WireField {
            WireField(4, .varint)
        }
        /// `failed_operation`.
        @inlinable package static var failedOperation: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `cause`.
        @inlinable package static var cause: WireField {
            WireField(6, .varint)
        }
        /// `finished_at`.
        @inlinable package static var finishedAt: WireField {
            WireField(7, .fixed64)
        }
    }

    /// `ExecutionTimedOut`.
    @usableFromInline
    package enum ExecutionTimedOut {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `closes`.
        @inlinable package static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable package static var signalsLeft: WireField {
            WireField(4, .varint)
        }
        /// `failed_operation`.
        @inlinable package static var failedOperation: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ExecutionCancelled`.
    @usableFromInline
    package enum ExecutionCancelled {
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `closes`.
        @inlinable package static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable package static var signalsLeft: WireField {
            WireField(4, .varint)
        }
        /// `failed_operation`.
        @inlinable package static var failedOperation: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(6, .varint)
        }
        /// `successor`.
        @inlinable package static var successor: WireField {
            WireField(7, .varint)
        }
    }

    /// `ExecutionExpired`.
    @usableFromInline
    package enum ExecutionExpired {
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `closes`.
        @inlinable package static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable package static var signalsLeft: WireField {
            WireField(4, .varint)
        }
    }

    /// `ExecutionContinued`.
    @usableFromInline
    package enum ExecutionContinued {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `next`.
        @inlinable package static var next: WireField {
            WireField(2, .varint)
        }
        /// `closes`.
        @inlinable package static var closes: WireField {
            WireField(3, .varint)
        }
        /// `signals_left`.
        @inlinable package static var signalsLeft: WireField {
            WireField(4, .varint)
        }
    }

    /// `ExecutionClosed`.
    @usableFromInline
    package enum ExecutionClosed {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
    }

    /// `CleaningEnded`.
    @usableFromInline
    package enum CleaningEnded {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `CleaningSkipped`.
    @usableFromInline
    package enum CleaningSkipped {
        /// `keeps_compensations`.
        @inlinable package static var keepsCompensations: WireField {
            WireField(1, .varint)
        }
        /// `heir`.
        @inlinable package static var heir: WireField {
            WireField(2, .varint)
        }
        /// `before`.
        @inlinable package static var before: WireField {
            WireField(3, .varint)
        }
        /// `given`.
        @inlinable package static var given: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `ExecutionPaused`.
    @usableFromInline
    package enum ExecutionPaused {
    }

    /// `ExecutionResumed`.
    @usableFromInline
    package enum ExecutionResumed {
    }

    /// `SecretsStored`.
    @usableFromInline
    package enum SecretsStored {
        /// `secrets`.
        @inlinable package static var secrets: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `SecretsWiped`.
    @usableFromInline
    package enum SecretsWiped {
        /// `cause`.
        @inlinable package static var cause: WireField {
            WireField(1, .varint)
        }
        /// `secrets`.
        @inlinable package static var secrets: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `SecretKey`.
    @usableFromInline
    package enum SecretKey {
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `slot`.
        @inlinable package static var slot: WireField {
            WireField(2, .varint)
        }
        /// `key`.
        @inlinable package static var key: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `PayloadsErased`.
    @usableFromInline
    package enum PayloadsErased {
        /// `cause`.
        @inlinable package static var cause: WireField {
            WireField(1, .varint)
        }
        /// `from`.
        @inlinable package static var from: WireField {
            WireField(2, .varint)
        }
        /// `through`.
        @inlinable package static var through: WireField {
            WireField(3, .varint)
        }
    }

    /// `ExecutionArchived`.
    @usableFromInline
    package enum ExecutionArchived {
        /// `archive`.
        @inlinable package static var archive: WireField {
            WireField(1, .varint)
        }
    }

    /// `ExecutionReopened`.
    @usableFromInline
    package enum ExecutionReopened {
    }

    /// `ExecutionWaiting`.
    @usableFromInline
    package enum ExecutionWaiting {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
    }

    /// `SignalReceived`.
    @usableFromInline
    package enum SignalReceived {
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `signal_id`.
        @inlinable package static var signalId: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `origin`.
        @inlinable package static var origin: WireField {
            WireField(4, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ExecutionParked`.
    @usableFromInline
    package enum ExecutionParked {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `reason`.
        @inlinable package static var reason: WireField {
            WireField(2, .varint)
        }
        /// `divergence`.
        @inlinable package static var divergence: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `doubts`.
        @inlinable package static var doubts: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `Doubt`.
    @usableFromInline
    package enum Doubt {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `started`.
        @inlinable package static var started: WireField {
            WireField(2, .varint)
        }
    }

    /// `Divergence`.
    @usableFromInline
    package enum Divergence {
        /// `sequence`.
        @inlinable package static var sequence: WireField {
            WireField(1, .varint)
        }
        /// `recorded`.
        @inlinable package static var recorded: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `attempted`.
        @inlinable package static var attempted: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `location`.
        @inlinable package static var location: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `cause`.
        @inlinable package static var cause: WireField {
            WireField(5, .varint)
        }
    }

    /// `LeaseLost`.
    @usableFromInline
    package enum LeaseLost {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `losses`.
        @inlinable package static var losses: WireField {
            WireField(2, .varint)
        }
    }

    /// `LeaseReleased`.
    @usableFromInline
    package enum LeaseReleased {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
    }

    /// `CommandRefused`.
    @usableFromInline
    package enum CommandRefused {
        /// `reason`.
        @inlinable package static var reason: WireField {
            WireField(1, .varint)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `command`.
        @inlinable package static var command: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `Operation`.
    @usableFromInline
    package enum Operation {
        /// `scope`.
        @inlinable package static var scope: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `position`.
        @inlinable package static var position: WireField {
            WireField(2, .varint)
        }
        /// `kind`.
        @inlinable package static var kind: WireField {
            WireField(3, .varint)
        }
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `input_digest`.
        @inlinable package static var inputDigest: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `source_file`.
        @inlinable package static var sourceFile: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `source_line`.
        @inlinable package static var sourceLine: WireField {
            WireField(7, .varint)
        }
    }

    /// `OperationPath`.
    @usableFromInline
    package enum OperationPath {
        /// `scope`.
        @inlinable package static var scope: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `position`.
        @inlinable package static var position: WireField {
            WireField(2, .varint)
        }
    }

    /// `OperationStarted`.
    @usableFromInline
    package enum OperationStarted {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `asks`.
        @inlinable package static var asks: WireField {
            WireField(3, .varint)
        }
        /// `once`.
        @inlinable package static var once: WireField {
            WireField(4, .varint)
        }
        /// `compensates`.
        @inlinable package static var compensates: WireField {
            WireField(5, .varint)
        }
    }

    /// `OperationResolved`.
    @usableFromInline
    package enum OperationResolved {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `verdict`.
        @inlinable package static var verdict: WireField {
            WireField(2, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `started`.
        @inlinable package static var started: WireField {
            WireField(4, .varint)
        }
        /// `readies`.
        @inlinable package static var readies: WireField {
            WireField(5, .varint)
        }
    }

    /// `CheckpointSucceeded`.
    @usableFromInline
    package enum CheckpointSucceeded {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `started_at`.
        @inlinable package static var startedAt: WireField {
            WireField(3, .fixed64)
        }
        /// `verified`.
        @inlinable package static var verified: WireField {
            WireField(4, .varint)
        }
        /// `input`.
        @inlinable package static var input: WireField {
            WireField(5, .varint)
        }
        /// `compensates`.
        @inlinable package static var compensates: WireField {
            WireField(6, .varint)
        }
        /// `stored`.
        @inlinable package static var stored: WireField {
            WireField(7, .lengthDelimited)
        }
        /// `removed`.
        @inlinable package static var removed: WireField {
            WireField(8, .lengthDelimited)
        }
    }

    /// `CheckpointFailed`.
    @usableFromInline
    package enum CheckpointFailed {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `started_at`.
        @inlinable package static var startedAt: WireField {
            WireField(3, .fixed64)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `handled`.
        @inlinable package static var handled: WireField {
            WireField(5, .varint)
        }
        /// `input`.
        @inlinable package static var input: WireField {
            WireField(6, .varint)
        }
        /// `compensates`.
        @inlinable package static var compensates: WireField {
            WireField(7, .varint)
        }
    }

    /// `TimerStarted`.
    @usableFromInline
    package enum TimerStarted {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `deadline`.
        @inlinable package static var deadline: WireField {
            WireField(3, .fixed64)
        }
        /// `idle`.
        @inlinable package static var idle: WireField {
            WireField(4, .varint)
        }
    }

    /// `TimerFired`.
    @usableFromInline
    package enum TimerFired {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `readies`.
        @inlinable package static var readies: WireField {
            WireField(2, .varint)
        }
    }

    /// `SignalAwaited`.
    @usableFromInline
    package enum SignalAwaited {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `deadline`.
        @inlinable package static var deadline: WireField {
            WireField(3, .fixed64)
        }
        /// `idle`.
        @inlinable package static var idle: WireField {
            WireField(4, .varint)
        }
    }

    /// `SignalDelivered`.
    @usableFromInline
    package enum SignalDelivered {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `signal`.
        @inlinable package static var signal: WireField {
            WireField(2, .varint)
        }
        /// `readies`.
        @inlinable package static var readies: WireField {
            WireField(3, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `BranchesStarted`.
    @usableFromInline
    package enum BranchesStarted {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `branches`.
        @inlinable package static var branches: WireField {
            WireField(3, .varint)
        }
    }

    /// `BranchSettled`.
    @usableFromInline
    package enum BranchSettled {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `branch`.
        @inlinable package static var branch: WireField {
            WireField(3, .varint)
        }
        /// `failed`.
        @inlinable package static var failed: WireField {
            WireField(4, .varint)
        }
        /// `counted`.
        @inlinable package static var counted: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `failures`.
        @inlinable package static var failures: WireField {
            WireField(6, .varint)
        }
    }

    /// `OperationRecorded`.
    @usableFromInline
    package enum OperationRecorded {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `source`.
        @inlinable package static var source: WireField {
            WireField(3, .varint)
        }
    }

    /// `ChildStarted`.
    @usableFromInline
    package enum ChildStarted {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `child`.
        @inlinable package static var child: WireField {
            WireField(3, .varint)
        }
        /// `idle`.
        @inlinable package static var idle: WireField {
            WireField(4, .varint)
        }
        /// `reopens`.
        @inlinable package static var reopens: WireField {
            WireField(5, .varint)
        }
        /// `id`.
        @inlinable package static var id: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `spawned`.
        @inlinable package static var spawned: WireField {
            WireField(7, .varint)
        }
    }

    /// `ChildEnded`.
    @usableFromInline
    package enum ChildEnded {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `child`.
        @inlinable package static var child: WireField {
            WireField(2, .varint)
        }
        /// `end`.
        @inlinable package static var end: WireField {
            WireField(3, .varint)
        }
        /// `status`.
        @inlinable package static var status: WireField {
            WireField(4, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `readies`.
        @inlinable package static var readies: WireField {
            WireField(6, .varint)
        }
        /// `unheard`.
        @inlinable package static var unheard: WireField {
            WireField(7, .varint)
        }
        /// `reopened`.
        @inlinable package static var reopened: WireField {
            WireField(8, .varint)
        }
        /// `run_output`.
        @inlinable package static var runOutput: WireField {
            WireField(9, .varint)
        }
        /// `spawned`.
        @inlinable package static var spawned: WireField {
            WireField(10, .varint)
        }
    }

    /// `ChildrenAwaited`.
    @usableFromInline
    package enum ChildrenAwaited {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `idle`.
        @inlinable package static var idle: WireField {
            WireField(3, .varint)
        }
        /// `all_settled`.
        @inlinable package static var allSettled: WireField {
            WireField(4, .varint)
        }
        /// `failed`.
        @inlinable package static var failed: WireField {
            WireField(5, .varint)
        }
    }

    /// `ChildrenSettled`.
    @usableFromInline
    package enum ChildrenSettled {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `readies`.
        @inlinable package static var readies: WireField {
            WireField(2, .varint)
        }
    }

    /// `OperationRetried`.
    @usableFromInline
    package enum OperationRetried {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `tries`.
        @inlinable package static var tries: WireField {
            WireField(4, .varint)
        }
        /// `retry_at`.
        @inlinable package static var retryAt: WireField {
            WireField(5, .fixed64)
        }
        /// `idle`.
        @inlinable package static var idle: WireField {
            WireField(6, .varint)
        }
        /// `deadline`.
        @inlinable package static var deadline: WireField {
            WireField(7, .fixed64)
        }
        /// `compensates`.
        @inlinable package static var compensates: WireField {
            WireField(8, .varint)
        }
    }

    /// `Error`.
    @usableFromInline
    package enum Error {
        /// `kind`.
        @inlinable package static var kind: WireField {
            WireField(1, .varint)
        }
        /// `code`.
        @inlinable package static var code: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `retryable`.
        @inlinable package static var retryable: WireField {
            WireField(3, .varint)
        }
    }

    /// `LogRecorded`.
    @usableFromInline
    package enum LogRecorded {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(2, .varint)
        }
        /// `lines`.
        @inlinable package static var lines: WireField {
            WireField(3, .varint)
        }
    }

    /// `WorkspaceSaved`.
    @usableFromInline
    package enum WorkspaceSaved {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `take`.
        @inlinable package static var take: WireField {
            WireField(2, .varint)
        }
        /// `files`.
        @inlinable package static var files: WireField {
            WireField(3, .varint)
        }
        /// `bytes`.
        @inlinable package static var bytes: WireField {
            WireField(4, .varint)
        }
        /// `left_out`.
        @inlinable package static var leftOut: WireField {
            WireField(5, .varint)
        }
    }

    /// `WorkspaceUnsaved`.
    @usableFromInline
    package enum WorkspaceUnsaved {
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(1, .varint)
        }
        /// `take`.
        @inlinable package static var take: WireField {
            WireField(2, .varint)
        }
        /// `code`.
        @inlinable package static var code: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `LogBatch`.
    @usableFromInline
    package enum LogBatch {
        /// `lines`.
        @inlinable package static var lines: WireField {
            WireField(1, .lengthDelimited)
        }
    }

    /// `LogLine`.
    @usableFromInline
    package enum LogLine {
        /// `time`.
        @inlinable package static var time: WireField {
            WireField(1, .fixed64)
        }
        /// `stream`.
        @inlinable package static var stream: WireField {
            WireField(2, .varint)
        }
        /// `text`.
        @inlinable package static var text: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `ExecutionRow`.
    @usableFromInline
    package enum ExecutionRow {
        /// `number`.
        @inlinable package static var number: WireField {
            WireField(1, .varint)
        }
        /// `closed`.
        @inlinable package static var closed: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `check`.
        @inlinable package static var check: WireField {
            WireField(3, .fixed64)
        }
    }

    /// `ExecutionSummary`.
    @usableFromInline
    package enum ExecutionSummary {
        /// `type`.
        @inlinable package static var type: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `status`.
        @inlinable package static var status: WireField {
            WireField(2, .varint)
        }
        /// `submitted_at`.
        @inlinable package static var submittedAt: WireField {
            WireField(3, .fixed64)
        }
        /// `started_at`.
        @inlinable package static var startedAt: WireField {
            WireField(4, .fixed64)
        }
        /// `finished_at`.
        @inlinable package static var finishedAt: WireField {
            WireField(5, .fixed64)
        }
        /// `attempts`.
        @inlinable package static var attempts: WireField {
            WireField(6, .varint)
        }
        /// `last`.
        @inlinable package static var last: WireField {
            WireField(7, .varint)
        }
        /// `entries`.
        @inlinable package static var entries: WireField {
            WireField(8, .varint)
        }
        /// `error_code`.
        @inlinable package static var errorCode: WireField {
            WireField(9, .lengthDelimited)
        }
        /// `start_at`.
        @inlinable package static var startAt: WireField {
            WireField(10, .fixed64)
        }
        /// `updated_at`.
        @inlinable package static var updatedAt: WireField {
            WireField(11, .fixed64)
        }
        /// `losses`.
        @inlinable package static var losses: WireField {
            WireField(12, .varint)
        }
        /// `terms`.
        @inlinable package static var terms: WireField {
            WireField(13, .lengthDelimited)
        }
        /// `continued_from`.
        @inlinable package static var continuedFrom: WireField {
            WireField(14, .varint)
        }
        /// `outputs`.
        @inlinable package static var outputs: WireField {
            WireField(15, .lengthDelimited)
        }
        /// `parent`.
        @inlinable package static var parent: WireField {
            WireField(16, .varint)
        }
        /// `finalizer`.
        @inlinable package static var finalizer: WireField {
            WireField(17, .varint)
        }
        /// `forked_from`.
        @inlinable package static var forkedFrom: WireField {
            WireField(18, .varint)
        }
        /// `erased`.
        @inlinable package static var erased: WireField {
            WireField(19, .varint)
        }
        /// `archived`.
        @inlinable package static var archived: WireField {
            WireField(20, .varint)
        }
    }

    /// `TreeEdge`.
    @usableFromInline
    package enum TreeEdge {
        /// `size`.
        @inlinable package static var size: WireField {
            WireField(1, .varint)
        }
        /// `root`.
        @inlinable package static var root: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `leaves`.
        @inlinable package static var leaves: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `commit`.
        @inlinable package static var commit: WireField {
            WireField(4, .varint)
        }
    }

    /// `Snapshot`.
    @usableFromInline
    package enum Snapshot {
        /// `projection`.
        @inlinable package static var projection: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `schema`.
        @inlinable package static var schema: WireField {
            WireField(2, .varint)
        }
        /// `size`.
        @inlinable package static var size: WireField {
            WireField(3, .varint)
        }
        /// `root`.
        @inlinable package static var root: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `sections`.
        @inlinable package static var sections: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `SnapshotSection`.
    @usableFromInline
    package enum SnapshotSection {
        /// `part`.
        @inlinable package static var part: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `schema`.
        @inlinable package static var schema: WireField {
            WireField(2, .varint)
        }
        /// `items`.
        @inlinable package static var items: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `JournalState`.
    @usableFromInline
    package enum JournalState {
        /// `created`.
        @inlinable package static var created: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `snapshot_size`.
        @inlinable package static var snapshotSize: WireField {
            WireField(2, .varint)
        }
        /// `entries`.
        @inlinable package static var entries: WireField {
            WireField(3, .varint)
        }
        /// `last`.
        @inlinable package static var last: WireField {
            WireField(4, .varint)
        }
    }

    /// `OpenSession`.
    @usableFromInline
    package enum OpenSession {
        /// `number`.
        @inlinable package static var number: WireField {
            WireField(1, .varint)
        }
        /// `opened_at`.
        @inlinable package static var openedAt: WireField {
            WireField(2, .fixed64)
        }
        /// `uuid`.
        @inlinable package static var uuid: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `actor`.
        @inlinable package static var actor: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `host`.
        @inlinable package static var host: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `pid`.
        @inlinable package static var pid: WireField {
            WireField(6, .varint)
        }
        /// `program`.
        @inlinable package static var program: WireField {
            WireField(7, .lengthDelimited)
        }
        /// `pid_namespace`.
        @inlinable package static var pidNamespace: WireField {
            WireField(8, .varint)
        }
        /// `entries`.
        @inlinable package static var entries: WireField {
            WireField(9, .varint)
        }
        /// `last`.
        @inlinable package static var last: WireField {
            WireField(10, .varint)
        }
        /// `revision`.
        @inlinable package static var revision: WireField {
            WireField(11, .lengthDelimited)
        }
    }

    /// `OpenExecution`.
    @usableFromInline
    package enum OpenExecution {
        /// `number`.
        @inlinable package static var number: WireField {
            WireField(1, .varint)
        }
        /// `id`.
        @inlinable package static var id: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `type`.
        @inlinable package static var type: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `submitted_at`.
        @inlinable package static var submittedAt: WireField {
            WireField(4, .fixed64)
        }
        /// `updated_at`.
        @inlinable package static var updatedAt: WireField {
            WireField(5, .fixed64)
        }
        /// `entries`.
        @inlinable package static var entries: WireField {
            WireField(6, .varint)
        }
        /// `last`.
        @inlinable package static var last: WireField {
            WireField(7, .varint)
        }
    }

    /// `ExecutionProgress`.
    @usableFromInline
    package enum ExecutionProgress {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `scopes`.
        @inlinable package static var scopes: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `reopened`.
        @inlinable package static var reopened: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `failed_again`.
        @inlinable package static var failedAgain: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `FailedAgain`.
    @usableFromInline
    package enum FailedAgain {
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `failure`.
        @inlinable package static var failure: WireField {
            WireField(2, .varint)
        }
    }

    /// `ExecutionLease`.
    @usableFromInline
    package enum ExecutionLease {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `session`.
        @inlinable package static var session: WireField {
            WireField(2, .varint)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(3, .varint)
        }
        /// `attempt`.
        @inlinable package static var attempt: WireField {
            WireField(4, .varint)
        }
        /// `losses`.
        @inlinable package static var losses: WireField {
            WireField(5, .varint)
        }
        /// `continues_attempt`.
        @inlinable package static var continuesAttempt: WireField {
            WireField(6, .varint)
        }
        /// `previous_failure`.
        @inlinable package static var previousFailure: WireField {
            WireField(7, .varint)
        }
        /// `refused_epochs`.
        @inlinable package static var refusedEpochs: WireField {
            WireField(8, .lengthDelimited)
        }
        /// `attempts_before`.
        @inlinable package static var attemptsBefore: WireField {
            WireField(9, .varint)
        }
    }

    /// `ExecutionLifecycle`.
    @usableFromInline
    package enum ExecutionLifecycle {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `status`.
        @inlinable package static var status: WireField {
            WireField(2, .varint)
        }
        /// `parked_by`.
        @inlinable package static var parkedBy: WireField {
            WireField(3, .varint)
        }
        /// `paused`.
        @inlinable package static var paused: WireField {
            WireField(4, .varint)
        }
        /// `delayed`.
        @inlinable package static var delayed: WireField {
            WireField(5, .varint)
        }
        /// `start_at`.
        @inlinable package static var startAt: WireField {
            WireField(6, .fixed64)
        }
        /// `started_at`.
        @inlinable package static var startedAt: WireField {
            WireField(7, .fixed64)
        }
        /// `finished_at`.
        @inlinable package static var finishedAt: WireField {
            WireField(8, .fixed64)
        }
        /// `deadline`.
        @inlinable package static var deadline: WireField {
            WireField(9, .fixed64)
        }
        /// `ready_sequence`.
        @inlinable package static var readySequence: WireField {
            WireField(10, .varint)
        }
        /// `error_code`.
        @inlinable package static var errorCode: WireField {
            WireField(11, .lengthDelimited)
        }
    }

    /// `ExecutionWaits`.
    @usableFromInline
    package enum ExecutionWaits {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `waits`.
        @inlinable package static var waits: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `stopped`.
        @inlinable package static var stopped: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `ExecutionMailbox`.
    @usableFromInline
    package enum ExecutionMailbox {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `signals`.
        @inlinable package static var signals: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `signal_ids`.
        @inlinable package static var signalIds: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `ExecutionCleaning`.
    @usableFromInline
    package enum ExecutionCleaning {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `registrations`.
        @inlinable package static var registrations: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `reopenings`.
        @inlinable package static var reopenings: WireField {
            WireField(3, .varint)
        }
        /// `skipped`.
        @inlinable package static var skipped: WireField {
            WireField(4, .varint)
        }
        /// `claimed`.
        @inlinable package static var claimed: WireField {
            WireField(5, .varint)
        }
        /// `compensates_only`.
        @inlinable package static var compensatesOnly: WireField {
            WireField(6, .varint)
        }
        /// `ended_by`.
        @inlinable package static var endedBy: WireField {
            WireField(7, .lengthDelimited)
        }
        /// `values`.
        @inlinable package static var values: WireField {
            WireField(8, .lengthDelimited)
        }
    }

    /// `Registration`.
    @usableFromInline
    package enum Registration {
        /// `sequence`.
        @inlinable package static var sequence: WireField {
            WireField(1, .varint)
        }
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `finished`.
        @inlinable package static var finished: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `ended`.
        @inlinable package static var ended: WireField {
            WireField(5, .varint)
        }
        /// `lost`.
        @inlinable package static var lost: WireField {
            WireField(6, .varint)
        }
        /// `undoes`.
        @inlinable package static var undoes: WireField {
            WireField(7, .varint)
        }
        /// `failed`.
        @inlinable package static var failed: WireField {
            WireField(8, .varint)
        }
        /// `begun`.
        @inlinable package static var begun: WireField {
            WireField(9, .varint)
        }
        /// `heir`.
        @inlinable package static var heir: WireField {
            WireField(10, .varint)
        }
    }

    /// `ExecutionSecrets`.
    @usableFromInline
    package enum ExecutionSecrets {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `id`.
        @inlinable package static var id: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `secrets`.
        @inlinable package static var secrets: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `closed_at`.
        @inlinable package static var closedAt: WireField {
            WireField(4, .fixed64)
        }
    }

    /// `KeptSecret`.
    @usableFromInline
    package enum KeptSecret {
        /// `key`.
        @inlinable package static var key: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `sequence`.
        @inlinable package static var sequence: WireField {
            WireField(2, .varint)
        }
        /// `payload`.
        @inlinable package static var payload: WireField {
            WireField(3, .varint)
        }
    }

    /// `ExecutionStore`.
    @usableFromInline
    package enum ExecutionStore {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `values`.
        @inlinable package static var values: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ExecutionOutputs`.
    @usableFromInline
    package enum ExecutionOutputs {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `outputs`.
        @inlinable package static var outputs: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ExecutionTerms`.
    @usableFromInline
    package enum ExecutionTerms {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `retry`.
        @inlinable package static var retry: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `timeout`.
        @inlinable package static var timeout: WireField {
            WireField(3, .varint)
        }
        /// `delay`.
        @inlinable package static var delay: WireField {
            WireField(4, .varint)
        }
        /// `labels`.
        @inlinable package static var labels: WireField {
            WireField(5, .lengthDelimited)
        }
    }

    /// `ExecutionLineage`.
    @usableFromInline
    package enum ExecutionLineage {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `continued_from`.
        @inlinable package static var continuedFrom: WireField {
            WireField(2, .varint)
        }
        /// `first_run`.
        @inlinable package static var firstRun: WireField {
            WireField(3, .varint)
        }
        /// `trace_context`.
        @inlinable package static var traceContext: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `forked_from`.
        @inlinable package static var forkedFrom: WireField {
            WireField(5, .varint)
        }
        /// `forked_before`.
        @inlinable package static var forkedBefore: WireField {
            WireField(6, .varint)
        }
        /// `successor`.
        @inlinable package static var successor: WireField {
            WireField(7, .varint)
        }
        /// `begins_after`.
        @inlinable package static var beginsAfter: WireField {
            WireField(8, .varint)
        }
        /// `next_run`.
        @inlinable package static var nextRun: WireField {
            WireField(9, .varint)
        }
        /// `task`.
        @inlinable package static var task: WireField {
            WireField(160, .varint)
        }
        /// `eventful`.
        @inlinable package static var eventful: WireField {
            WireField(161, .varint)
        }
        /// `permanent`.
        @inlinable package static var permanent: WireField {
            WireField(162, .varint)
        }
    }

    /// `ExecutionDoubts`.
    @usableFromInline
    package enum ExecutionDoubts {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `doubts`.
        @inlinable package static var doubts: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ExecutionPin`.
    @usableFromInline
    package enum ExecutionPin {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `pinned`.
        @inlinable package static var pinned: WireField {
            WireField(2, .varint)
        }
        /// `revision`.
        @inlinable package static var revision: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `ExecutionWorkspace`.
    @usableFromInline
    package enum ExecutionWorkspace {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `entry`.
        @inlinable package static var entry: WireField {
            WireField(2, .varint)
        }
        /// `epoch`.
        @inlinable package static var epoch: WireField {
            WireField(3, .varint)
        }
        /// `take`.
        @inlinable package static var take: WireField {
            WireField(4, .varint)
        }
        /// `unsaved`.
        @inlinable package static var unsaved: WireField {
            WireField(5, .varint)
        }
    }

    /// `ExecutionFamily`.
    @usableFromInline
    package enum ExecutionFamily {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `parent`.
        @inlinable package static var parent: WireField {
            WireField(2, .varint)
        }
        /// `parent_operation`.
        @inlinable package static var parentOperation: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `depth`.
        @inlinable package static var depth: WireField {
            WireField(4, .varint)
        }
        /// `root`.
        @inlinable package static var root: WireField {
            WireField(5, .varint)
        }
        /// `children`.
        @inlinable package static var children: WireField {
            WireField(6, .lengthDelimited)
        }
        /// `end`.
        @inlinable package static var end: WireField {
            WireField(7, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(8, .lengthDelimited)
        }
        /// `finalizer`.
        @inlinable package static var finalizer: WireField {
            WireField(9, .varint)
        }
        /// `run_output`.
        @inlinable package static var runOutput: WireField {
            WireField(10, .varint)
        }
        /// `failed`.
        @inlinable package static var failed: WireField {
            WireField(11, .lengthDelimited)
        }
        /// `joined`.
        @inlinable package static var joined: WireField {
            WireField(12, .varint)
        }
        /// `all_settled`.
        @inlinable package static var allSettled: WireField {
            WireField(13, .varint)
        }
    }

    /// `OpenChild`.
    @usableFromInline
    package enum OpenChild {
        /// `child`.
        @inlinable package static var child: WireField {
            WireField(1, .varint)
        }
        /// `id`.
        @inlinable package static var id: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `started`.
        @inlinable package static var started: WireField {
            WireField(3, .varint)
        }
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `stopped_by`.
        @inlinable package static var stoppedBy: WireField {
            WireField(5, .varint)
        }
        /// `reopens`.
        @inlinable package static var reopens: WireField {
            WireField(6, .varint)
        }
        /// `spawned`.
        @inlinable package static var spawned: WireField {
            WireField(7, .varint)
        }
        /// `wanted_by`.
        @inlinable package static var wantedBy: WireField {
            WireField(8, .varint)
        }
        /// `end`.
        @inlinable package static var end: WireField {
            WireField(9, .varint)
        }
        /// `status`.
        @inlinable package static var status: WireField {
            WireField(10, .varint)
        }
        /// `ended_at`.
        @inlinable package static var endedAt: WireField {
            WireField(11, .fixed64)
        }
    }

    /// `ScopeState`.
    @usableFromInline
    package enum ScopeState {
        /// `path`.
        @inlinable package static var path: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `next`.
        @inlinable package static var next: WireField {
            WireField(2, .varint)
        }
        /// `failure`.
        @inlinable package static var failure: WireField {
            WireField(3, .varint)
        }
        /// `branches`.
        @inlinable package static var branches: WireField {
            WireField(4, .varint)
        }
        /// `settled`.
        @inlinable package static var settled: WireField {
            WireField(5, .varint)
        }
        /// `decider`.
        @inlinable package static var decider: WireField {
            WireField(6, .varint)
        }
        /// `failed_splits`.
        @inlinable package static var failedSplits: WireField {
            WireField(7, .lengthDelimited)
        }
        /// `begun`.
        @inlinable package static var begun: WireField {
            WireField(8, .varint)
        }
    }

    /// `FailedSplit`.
    @usableFromInline
    package enum FailedSplit {
        /// `position`.
        @inlinable package static var position: WireField {
            WireField(1, .varint)
        }
        /// `branches`.
        @inlinable package static var branches: WireField {
            WireField(2, .varint)
        }
        /// `settled`.
        @inlinable package static var settled: WireField {
            WireField(3, .varint)
        }
    }

    /// `OpenWait`.
    @usableFromInline
    package enum OpenWait {
        /// `kind`.
        @inlinable package static var kind: WireField {
            WireField(1, .varint)
        }
        /// `operation`.
        @inlinable package static var operation: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `deadline`.
        @inlinable package static var deadline: WireField {
            WireField(3, .fixed64)
        }
        /// `sequence`.
        @inlinable package static var sequence: WireField {
            WireField(4, .varint)
        }
        /// `child`.
        @inlinable package static var child: WireField {
            WireField(5, .varint)
        }
    }

    /// `BufferedSignal`.
    @usableFromInline
    package enum BufferedSignal {
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `sequence`.
        @inlinable package static var sequence: WireField {
            WireField(2, .varint)
        }
        /// `error`.
        @inlinable package static var error: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `NamedEntry`.
    @usableFromInline
    package enum NamedEntry {
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `sequence`.
        @inlinable package static var sequence: WireField {
            WireField(2, .varint)
        }
    }

    /// `TaskTypeRegistered`.
    @usableFromInline
    package enum TaskTypeRegistered {
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `description`.
        @inlinable package static var description: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `backend`.
        @inlinable package static var backend: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `default_interval`.
        @inlinable package static var defaultInterval: WireField {
            WireField(4, .varint)
        }
        /// `min_interval`.
        @inlinable package static var minInterval: WireField {
            WireField(5, .varint)
        }
        /// `max_interval`.
        @inlinable package static var maxInterval: WireField {
            WireField(6, .varint)
        }
        /// `backoff_factor`.
        @inlinable package static var backoffFactor: WireField {
            WireField(7, .fixed64)
        }
        /// `max_queue_length`.
        @inlinable package static var maxQueueLength: WireField {
            WireField(8, .varint)
        }
        /// `retries`.
        @inlinable package static var retries: WireField {
            WireField(9, .varint)
        }
        /// `retry_delay`.
        @inlinable package static var retryDelay: WireField {
            WireField(10, .varint)
        }
    }

    /// `TaskCreated`.
    @usableFromInline
    package enum TaskCreated {
        /// `type`.
        @inlinable package static var type: WireField {
            WireField(1, .varint)
        }
        /// `arguments`.
        @inlinable package static var arguments: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `policy`.
        @inlinable package static var policy: WireField {
            WireField(3, .varint)
        }
        /// `priority`.
        @inlinable package static var priority: WireField {
            WireField(4, .varint)
        }
        /// `next_run`.
        @inlinable package static var nextRun: WireField {
            WireField(5, .fixed64)
        }
        /// `interval`.
        @inlinable package static var interval: WireField {
            WireField(6, .varint)
        }
        /// `retries_left`.
        @inlinable package static var retriesLeft: WireField {
            WireField(7, .varint)
        }
    }

    /// `TaskDispatched`.
    @usableFromInline
    package enum TaskDispatched {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
    }

    /// `TaskRunEnded`.
    @usableFromInline
    package enum TaskRunEnded {
        /// `execution`.
        @inlinable package static var execution: WireField {
            WireField(1, .varint)
        }
        /// `status`.
        @inlinable package static var status: WireField {
            WireField(2, .varint)
        }
        /// `started_at`.
        @inlinable package static var startedAt: WireField {
            WireField(3, .fixed64)
        }
        /// `ended_at`.
        @inlinable package static var endedAt: WireField {
            WireField(4, .fixed64)
        }
        /// `error_code`.
        @inlinable package static var errorCode: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `again`.
        @inlinable package static var again: WireField {
            WireField(6, .varint)
        }
        /// `task_status`.
        @inlinable package static var taskStatus: WireField {
            WireField(7, .varint)
        }
        /// `next_run`.
        @inlinable package static var nextRun: WireField {
            WireField(8, .fixed64)
        }
        /// `interval`.
        @inlinable package static var interval: WireField {
            WireField(9, .varint)
        }
        /// `retries_left`.
        @inlinable package static var retriesLeft: WireField {
            WireField(10, .varint)
        }
    }

    /// `TaskDisabled`.
    @usableFromInline
    package enum TaskDisabled {
    }

    /// `TaskRespawned`.
    @usableFromInline
    package enum TaskRespawned {
        /// `next_run`.
        @inlinable package static var nextRun: WireField {
            WireField(1, .fixed64)
        }
    }

    /// `TaskArchived`.
    @usableFromInline
    package enum TaskArchived {
    }

    /// `RunbookStored`.
    @usableFromInline
    package enum RunbookStored {
        /// `name`.
        @inlinable package static var name: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `version`.
        @inlinable package static var version: WireField {
            WireField(2, .varint)
        }
        /// `digest`.
        @inlinable package static var digest: WireField {
            WireField(3, .lengthDelimited)
        }
    }

    /// `TaskItem`.
    @usableFromInline
    package enum TaskItem {
        /// `number`.
        @inlinable package static var number: WireField {
            WireField(1, .varint)
        }
        /// `type`.
        @inlinable package static var type: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `task`.
        @inlinable package static var task: WireField {
            WireField(3, .lengthDelimited)
        }
        /// `runbook`.
        @inlinable package static var runbook: WireField {
            WireField(4, .lengthDelimited)
        }
    }

    /// `OpenTask`.
    @usableFromInline
    package enum OpenTask {
        /// `task`.
        @inlinable package static var task: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `created_at`.
        @inlinable package static var createdAt: WireField {
            WireField(2, .fixed64)
        }
        /// `status`.
        @inlinable package static var status: WireField {
            WireField(3, .varint)
        }
        /// `run`.
        @inlinable package static var run: WireField {
            WireField(4, .varint)
        }
        /// `run_id`.
        @inlinable package static var runId: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `scheduled_at`.
        @inlinable package static var scheduledAt: WireField {
            WireField(6, .fixed64)
        }
        /// `runs`.
        @inlinable package static var runs: WireField {
            WireField(7, .varint)
        }
        /// `entries`.
        @inlinable package static var entries: WireField {
            WireField(8, .varint)
        }
        /// `last`.
        @inlinable package static var last: WireField {
            WireField(9, .varint)
        }
        /// `asked_for`.
        @inlinable package static var askedFor: WireField {
            WireField(10, .fixed64)
        }
    }

    /// `KeptRunbook`.
    @usableFromInline
    package enum KeptRunbook {
        /// `newest`.
        @inlinable package static var newest: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `last`.
        @inlinable package static var last: WireField {
            WireField(2, .varint)
        }
    }

    /// `ArchiveHeader`.
    @usableFromInline
    package enum ArchiveHeader {
        /// `journal`.
        @inlinable package static var journal: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `origin`.
        @inlinable package static var origin: WireField {
            WireField(2, .lengthDelimited)
        }
        /// `size`.
        @inlinable package static var size: WireField {
            WireField(3, .varint)
        }
        /// `root`.
        @inlinable package static var root: WireField {
            WireField(4, .lengthDelimited)
        }
        /// `executions`.
        @inlinable package static var executions: WireField {
            WireField(5, .lengthDelimited)
        }
        /// `entries`.
        @inlinable package static var entries: WireField {
            WireField(6, .varint)
        }
        /// `payloads`.
        @inlinable package static var payloads: WireField {
            WireField(7, .varint)
        }
        /// `proof`.
        @inlinable package static var proof: WireField {
            WireField(8, .lengthDelimited)
        }
    }

    /// `ArchivedExecution`.
    @usableFromInline
    package enum ArchivedExecution {
        /// `id`.
        @inlinable package static var id: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `runs`.
        @inlinable package static var runs: WireField {
            WireField(2, .lengthDelimited)
        }
    }

    /// `ArchivedEntry`.
    @usableFromInline
    package enum ArchivedEntry {
        /// `entry`.
        @inlinable package static var entry: WireField {
            WireField(1, .lengthDelimited)
        }
        /// `payloads`.
        @inlinable package static var payloads: WireField {
            WireField(2, .lengthDelimited)
        }
    }
}
