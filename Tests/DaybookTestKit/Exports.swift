// Clocks, executors and seeded numbers are those that the product has for programs' tests.
@_exported public import DaybookTesting
