// `import Daybook` is enough: records, queries and recorded histories are part of its face, although
// they live on a floor below, which also those use that only look into a journal.
@_exported public import DaybookView

// So are the types of the floors below that its declarations are made of, and its errors.
@_exported public import enum DaybookFormat.EventKind
@_exported public import struct DaybookFormat.Identifier
@_exported public import struct DaybookFormat.Name
@_exported public import struct DaybookFormat.StoredPayload
@_exported public import struct DaybookFormat.Timestamp
@_exported public import struct DaybookJournal.JournalError
@_exported public import struct DaybookJournal.SystemClock
@_exported public import protocol DaybookJournal.WallClock
@_exported public import enum DaybookModel.ExecutionStatus
@_exported public import struct DaybookModel.OperationPath
@_exported public import struct DaybookModel.Refusal
@_exported public import struct DaybookModel.RetryPolicy
