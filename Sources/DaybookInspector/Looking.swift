// `import DaybookInspector` is enough: records and queries are part of its face, although they live
// on the floor below.
@_exported public import DaybookView

@_exported public import struct DaybookJournal.TreeHash
