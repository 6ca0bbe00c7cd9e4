import DaybookModel

extension VerificationReport {
    /// Secrets that are kept, and that nothing opens here, because the journal has no file of keys: a backup
    /// need not have one, and works without. Code that asks for one of them fails by its name.
    public struct UnopenableSecrets: Sendable, Equatable, CustomStringConvertible {
        /// How many they are.
        public let secrets: Int
        /// Of how many executions.
        public let executions: Int

        /// - Returns: nil: none is kept.
        init?(_ kept: KeptSecrets) {
            if kept.isEmpty { return nil }
            secrets = kept.every.count
            executions = kept.numbers.count
        }

        /// For example `2 secrets of 1 execution cannot be opened here: the file keys is missing`.
        public var description: String {
            let what = secrets == 1 ? "1 secret" : "\(secrets) secrets"
            let whose = executions == 1 ? "1 execution" : "\(executions) executions"
            return "\(what) of \(whose) cannot be opened here: the file keys is missing"
        }
    }
}
