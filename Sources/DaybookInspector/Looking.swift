// `import DaybookInspector` is enough: records and queries are part of its face, although they live
// on the floor below.
@_exported public import DaybookView

@_exported public import struct DaybookJournal.EntryProof
@_exported public import struct DaybookJournal.NoteSigner
@_exported public import struct DaybookJournal.NoteVerifier
@_exported public import struct DaybookJournal.ProofError
@_exported public import struct DaybookJournal.Receipt
@_exported public import struct DaybookJournal.SignedNote
@_exported public import struct DaybookJournal.TreeHash
@_exported public import struct DaybookJournal.TreeHead
@_exported public import struct DaybookJournal.TrustPolicy
