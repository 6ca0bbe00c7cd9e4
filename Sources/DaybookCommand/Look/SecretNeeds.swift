#if CLI
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookModel

/// What executions that have secrets need, and this process may not have.
struct SecretNeeds {
    /// The option that names a file of the journal key, for a command line that is advised.
    static let keyFile = " --key-file FILE"

    /// Why this process cannot open what is kept; nil: nothing is known that keeps it from it.
    private let fault: SecretError?
    private let kept: KeptSecrets

    /// Looks what is kept, and whether the key in the environment opens it.
    /// - Throws: `JournalError`.
    init(_ inspector: Inspector) throws {
        kept = try inspector.state().secrets
        fault = try kept.isEmpty ? nil : inspector.keyFault()
    }

    /// Why this process cannot open the secrets of an execution; nil: it has none, or nothing is known.
    func fault(of number: UInt64) -> SecretError? { kept[number] == nil ? nil : fault }
}

extension Inspector {
    /// Why what the journal keeps cannot be opened with the key in the environment; nil: nothing is known.
    func keyFault() throws -> SecretError? {
        try keysFile().flatMap { JournalKeySource.environment.fault(for: $0) }
    }
}

extension SecretError {
    /// Whether another journal key helps.
    var isAboutKey: Bool { [.noKey, .badKey, .wrongKey].contains(code) }
}
#endif
