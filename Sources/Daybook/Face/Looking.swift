// `import Daybook` is enough: records, queries and recorded histories are part of its face, although
// they live on a floor below, which also those use that only look into a journal.
@_exported public import DaybookView
