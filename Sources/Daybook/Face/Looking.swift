// `import Daybook` is enough: records, queries and recorded histories are part of its face, although
// they live on a floor below, which also those use that only look into a journal.
@_exported public import DaybookView

// So is all else of the floors below that programs get or give: what is public there is named here,
// and tools/api refuses what is not. What only this package needs is `package`.
@_exported public import enum DaybookFormat.EventKind
@_exported public import struct DaybookFormat.Identifier
@_exported public import struct DaybookFormat.Name
@_exported public import struct DaybookFormat.PayloadTooLarge
@_exported public import struct DaybookFormat.StoredPayload
@_exported public import struct DaybookFormat.Timestamp
@_exported public import struct DaybookJournal.GroupWriterOptions
@_exported public import struct DaybookJournal.JournalError
@_exported public import struct DaybookJournal.SecretError
@_exported public import struct DaybookJournal.SystemClock
@_exported public import struct DaybookJournal.TreeHash
@_exported public import protocol DaybookJournal.WallClock
@_exported public import struct DaybookModel.Divergence
@_exported public import struct DaybookModel.Doubt
@_exported public import struct DaybookModel.ErrorFacts
@_exported public import struct DaybookModel.ExecuteAnswer
@_exported public import enum DaybookModel.ExecutionStatus
@_exported public import struct DaybookModel.InterventionAnswer
@_exported public import struct DaybookModel.Lease
@_exported public import struct DaybookModel.NamedOutput
@_exported public import struct DaybookModel.NewTask
@_exported public import struct DaybookModel.NewTaskAnswer
@_exported public import struct DaybookModel.Operation
@_exported public import struct DaybookModel.OperationPath
@_exported public import struct DaybookModel.Refusal
@_exported public import struct DaybookModel.ResolveAnswer
@_exported public import struct DaybookModel.RetryPolicy
@_exported public import struct DaybookModel.SignalAnswer
@_exported public import struct DaybookModel.SignalCount
@_exported public import struct DaybookModel.SourceLine
@_exported public import struct DaybookModel.StoredRunbookAnswer
@_exported public import struct DaybookModel.SubmitAnswer
@_exported public import struct DaybookModel.TaskArguments
@_exported public import enum DaybookModel.TaskPolicy
@_exported public import enum DaybookModel.TaskPriority
@_exported public import enum DaybookModel.TaskRunStatus
@_exported public import enum DaybookModel.TaskStatus
@_exported public import struct DaybookModel.TaskType
@_exported public import struct DaybookModel.TaskTypeAnswer
@_exported public import enum DaybookModel.TaskValue
@_exported public import struct DaybookModel.Wait
@_exported public import struct DaybookSystem.Shortage
@_exported public import struct DaybookSystem.SystemError
@_exported public import struct LMDB.EnvironmentOptions
